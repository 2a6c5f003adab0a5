// Memory of this process.
#pragma once

#include <cstdint>

namespace mb::bench {

/// Of all kinds, at this moment.
std::int64_t resident_bytes();
/// Without what is of files: SQLite maps its own.
std::int64_t own_bytes();

}  // namespace mb::bench
