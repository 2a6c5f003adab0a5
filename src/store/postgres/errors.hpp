// SQLSTATE and lost connections as the exceptions of the seam.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>

namespace mb::store::postgres {

struct ResultDeleter {
    void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ResultDeleter>;

/// Five characters, or "" where the failure came from libpq itself: the connection is gone.
std::string sqlstate_of(const PGresult* result);

/// Without line breaks and indentation.
std::string one_line(std::string_view text);

/// Throws what a failed result means; `doing` names the call.
///
/// | SQLSTATE | thrown |
/// |---|---|
/// | 40001, 40P01 | StoreConflict |
/// | 23…, 22… (but 22003), 54… | StoreConstraint: the rows are refused, and always will be |
/// | XX001, XX002, 42…, 22003 | StoreCorrupt: not the data this program wrote |
/// | 53100 | StoreUnavailable, disk full |
/// | all others, none | StoreUnavailable |
[[noreturn]] void throw_error(const PGresult* result, std::string_view doing);

/// StoreUnavailable with the connection's last words.
[[noreturn]] void throw_lost(const PGconn* connection, std::string_view doing);

}  // namespace mb::store::postgres
