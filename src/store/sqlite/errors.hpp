// SQLite result codes as the exceptions of the seam.
#pragma once

#include <string_view>

struct sqlite3;

namespace mb::store::sqlite {

/// Throws what `code` (an extended result code) means; `doing` names the call. A misuse of the
/// library is our own mistake and a CHECK.
[[noreturn]] void throw_error(sqlite3* db, int code, std::string_view doing);

}  // namespace mb::store::sqlite
