#include "store/postgres/errors.hpp"

#include <fmt/format.h>

#include "store/retrying.hpp"
#include "writer/store.hpp"

namespace mb::store::postgres {

std::string one_line(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool blank = c == '\n' || c == '\t' || c == ' ';
        if (!blank) {
            out += c;
        } else if (!out.empty() && out.back() != ' ') {
            out += ' ';
        }
    }
    if (!out.empty() && out.back() == ' ') {
        out.pop_back();
    }
    return out;
}

std::string sqlstate_of(const PGresult* result) {
    const char* code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return code == nullptr ? "" : code;
}

void throw_error(const PGresult* result, std::string_view doing) {
    const std::string code = sqlstate_of(result);
    // Not the detail: it quotes the row, and rows name people.
    const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const std::string what =
        fmt::format("postgres: {}: {} ({})", one_line(doing),
                    one_line(primary != nullptr ? primary : PQresultErrorMessage(result)), code);
    const std::string_view kind = std::string_view(code).substr(0, 2);
    if (code == "40001" || code == "40P01") {
        throw StoreConflict(what);
    }
    if (code == "XX001" || code == "XX002" || code == "22003" || kind == "42") {
        throw writer::StoreCorrupt(what);
    }
    if (kind == "23" || kind == "22" || kind == "54") {
        throw writer::StoreConstraint(what);
    }
    throw writer::StoreUnavailable(what, code == "53100", false);
}

void throw_lost(const PGconn* connection, std::string_view doing) {
    throw writer::StoreUnavailable(
        fmt::format("postgres: {}: {}", one_line(doing), one_line(PQerrorMessage(connection))),
        false, false);
}

}  // namespace mb::store::postgres
