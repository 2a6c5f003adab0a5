// Memory of this process.
#pragma once

#include <cstdint>

namespace mb::bench {

/// Of all kinds, at this moment.
std::int64_t resident_bytes();
/// The most there was since forget_resident_max(), or ever.
std::int64_t resident_bytes_max();
/// Gives back what is free and begins anew.
void forget_resident_max();

}  // namespace mb::bench
