#include "store/sqlite/errors.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <string>

#include "base/check.hpp"
#include "writer/store.hpp"

namespace mb::store::sqlite {

namespace {

/// Out of space shows as SQLITE_FULL, or as an I/O error of the call that grew a file.
bool is_full(sqlite3* db, int code) {
    if ((code & 0xFF) == SQLITE_FULL) {
        return true;
    }
    if ((code & 0xFF) != SQLITE_IOERR || db == nullptr) {
        return false;
    }
    const int system = sqlite3_system_errno(db);
    return system == ENOSPC || system == EDQUOT;
}

}  // namespace

void throw_error(sqlite3* db, int code, std::string_view doing) {
    const std::string what =
        fmt::format("sqlite: {}: {} ({})", doing,
                    db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code), code);
    switch (code & 0xFF) {
        case SQLITE_MISUSE:
        case SQLITE_RANGE: check_failed("use of sqlite", __FILE__, __LINE__, what);
        case SQLITE_CONSTRAINT:
        case SQLITE_MISMATCH:
        case SQLITE_TOOBIG: throw writer::StoreConstraint(what);
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        // A table or column that is not there, a sum that overflows: not the data this program
        // wrote.
        case SQLITE_ERROR: throw writer::StoreCorrupt(what);
        default: break;
    }
    const bool fsync_failed = code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
    throw writer::StoreUnavailable(what, is_full(db, code), fsync_failed);
}

}  // namespace mb::store::sqlite
