// Memory of this process.
#pragma once

#include <cstdint>

namespace mb::bench {

/// Of all kinds, at this moment.
std::int64_t resident_bytes();
/// The most there ever was.
std::int64_t resident_bytes_max();

}  // namespace mb::bench
