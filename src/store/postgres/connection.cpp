#include "store/postgres/connection.hpp"

#include <fmt/format.h>

#include "writer/store.hpp"

namespace mb::store::postgres {

namespace {

// Fails by dividing through zero, so that the server itself refuses all that is queued behind. The
// lock waits for who is taking the lease and lets him wait for us.
constexpr const char* fence_text =
    "SELECT 1 / count(*) FROM (SELECT 1 FROM writer_lease WHERE name = 'writer' AND epoch = {} "
    "FOR SHARE) held";

constexpr Sql invalid_indexes{R"sql(
SELECT CAST(c.relname AS text)
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
    AND NOT (i.indisvalid AND i.indisready)
ORDER BY 1
)sql"};

// The checks of amcheck, as calls to make; none where the extension is not installed.
constexpr Sql checks{R"sql(
SELECT CAST(c.relname AS text),
    CASE c.relkind
        WHEN 'i' THEN format('SELECT %I.bt_index_check(%s::regclass, true)', n.nspname, c.oid)
        ELSE format('SELECT msg FROM %I.verify_heapam(%s::regclass) LIMIT 1', n.nspname, c.oid)
    END
FROM pg_class c
JOIN pg_extension e ON e.extname = 'amcheck'
JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
    AND c.relkind IN ('i', 'r')
ORDER BY 1
)sql"};

constexpr std::size_t lines_max = 100;

}  // namespace

Connection::Connection(const ConnectionOptions& options) : options_(options), wire_(options) {
    const std::string encoding = wire_.parameter("server_encoding");
    if (encoding != "UTF8") {
        throw writer::StoreUnavailable(
            "postgres: the database keeps its text in " + encoding + ", it must be UTF8", false,
            false);
    }
}

Statement& Connection::statement(const Sql& sql) {
    const auto known = statements_.find(&sql);
    if (known != statements_.end()) {
        known->second->reset();
        return *known->second;
    }
    auto prepared = std::make_unique<Prepared>(wire_, sql);
    return *statements_.emplace(&sql, std::move(prepared)).first->second;
}

void Connection::script(std::string_view text) {
    wire_.execute(std::string(text).c_str(), Wire::Patience::for_ever);
}

void Connection::fence(std::int64_t epoch) {
    fence_ = epoch == 0 ? "" : fmt::format(fmt::runtime(fence_text), epoch);
}

void Connection::begin(Durability durability) {
    if (options_.read_only) {
        wire_.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SAVEPOINT moment");
        return;
    }
    wire_.queue("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
    if (durability == Durability::later) {
        wire_.queue("SET LOCAL synchronous_commit = off");
    }
    if (!fence_.empty()) {
        wire_.queue(fence_.c_str(), Wire::Kind::fence);
    }
}

void Connection::commit() {
    wire_.queue("COMMIT", Wire::Kind::commit);
    wire_.settle();
}

void Connection::rollback() noexcept { wire_.abandon(); }

std::vector<std::string> Connection::self_check() {
    std::vector<std::string> out;
    Statement& invalid = statement(invalid_indexes);
    while (invalid.next()) {
        out.push_back(fmt::format("index {} is not valid", invalid.text(0)));
    }
    std::vector<std::pair<std::string, std::string>> calls;
    Statement& call = statement(checks);
    while (call.next()) {
        calls.emplace_back(call.text(0), call.text(1));
    }
    for (const auto& [name, text] : calls) {
        if (out.size() >= lines_max) {
            break;
        }
        try {
            const ResultPtr found = wire_.execute(text.c_str());
            // One row with nothing from an index in order; no row from a table in order.
            if (PQntuples(found.get()) > 0 && PQgetlength(found.get(), 0, 0) > 0) {
                out.push_back(fmt::format("{}: {}", name, PQgetvalue(found.get(), 0, 0)));
            }
        } catch (const writer::StoreCorrupt& damaged) {
            out.push_back(fmt::format("{}: {}", name, damaged.what()));
        }
    }
    return out;
}

void Connection::tidy() noexcept {
    for (auto& [sql, statement] : statements_) {
        statement->reset();
    }
    wire_.abandon();
}

}  // namespace mb::store::postgres
