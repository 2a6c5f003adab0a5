#include "store/postgres/dump.hpp"

#include <filesystem>
#include <system_error>

#include "store/postgres/connection.hpp"
#include "store/postgres/program.hpp"
#include "writer/store.hpp"

namespace mb::store::postgres {

namespace {

// Tables without their indexes. A dump is compressed, to about a third for what is stored here.
constexpr Sql table_bytes{R"sql(
SELECT CAST(coalesce(sum(pg_table_size(c.oid)), 0) AS bigint)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
)sql"};
constexpr std::int64_t dump_share = 3;

constexpr Sql own_relations{R"sql(
SELECT count(*)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND n.nspname NOT LIKE 'pg\_%'
)sql"};

constexpr Sql snapshot{"SELECT pg_export_snapshot()"};

std::int64_t number(Session& session, const Sql& sql) {
    Statement& row = session.statement(sql);
    const std::int64_t out = row.next() ? row.integer(0) : 0;
    while (row.next()) {
    }
    return out;
}

}  // namespace

Result<void> dump_database(const std::string& conninfo, const std::string& path,
                           const CopyHooks& hooks) {
    const Address address = TRY(address_of(conninfo));
    Connection connection({conninfo, "", true, true});
    // Not begin(): a moment can be lent to pg_dump only outside of savepoints.
    connection.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    Statement& exported = connection.statement(snapshot);
    const std::string moment = exported.next() ? std::string(exported.text(0)) : "";
    while (exported.next()) {
    }
    hooks.look(connection);
    TRY_VOID(hooks.room(number(connection, table_bytes) / dump_share));
    const auto meanwhile = [&] {
        std::error_code none;
        const auto size = std::filesystem::file_size(path, none);
        if (hooks.progress && !none) {
            hooks.progress(static_cast<std::int64_t>(size), 0);
        }
    };
    return run_program("pg_dump",
                       {"--format=custom", "--no-password", "--no-owner", "--no-privileges",
                        "--lock-wait-timeout=10s", "--exclude-table-data=*.writer_lease",
                        "--snapshot=" + moment, "--file=" + path, "--dbname=" + address.conninfo},
                       address.password, meanwhile);
}

Result<void> read_dump(const std::string& path) {
    return run_program("pg_restore", {"--file=/dev/null", path});
}

Result<void> restore_dump(const std::string& conninfo, const std::string& path) {
    const Address address = TRY(address_of(conninfo));
    return run_program("pg_restore",
                       {"--single-transaction", "--exit-on-error", "--no-password", "--no-owner",
                        "--no-privileges", "--dbname=" + address.conninfo, path},
                       address.password);
}

std::int64_t relations(const std::string& conninfo) {
    Connection connection({conninfo, "", true, true});
    return number(connection, own_relations);
}

}  // namespace mb::store::postgres
