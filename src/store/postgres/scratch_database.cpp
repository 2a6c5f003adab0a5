#include "store/postgres/scratch_database.hpp"

#include <stdexcept>

#include "base/log.hpp"
#include "store/postgres/program.hpp"

namespace mb::store::postgres {

namespace {

constexpr Sql name_of_scratch{R"sql(
SELECT 'meterbook_scratch_' || oid, format(
    'CREATE DATABASE %I TEMPLATE template0 ENCODING ''UTF8'' LC_COLLATE %L LC_CTYPE %L',
    'meterbook_scratch_' || oid, datcollate, datctype)
FROM pg_database
WHERE datname = current_database()
)sql"};

constexpr Sql take_lock{"SELECT pg_try_advisory_lock(1296388684, 0)::int"};

constexpr Sql comment_on{R"sql(
SELECT coalesce(shobj_description(oid, 'pg_database'), '')
FROM pg_database
WHERE datname = $1
)sql"};

// An operator who meets one may drop it.
constexpr const char* comment = "made by meterbook backup --verify, gone when it ends";

}  // namespace

ScratchDatabase::ScratchDatabase(const std::string& conninfo)
    : beside_({.conninfo = conninfo, .patient = true}) {}

Result<std::unique_ptr<ScratchDatabase>> ScratchDatabase::make(const std::string& conninfo) {
    const Address address = TRY(address_of(conninfo));
    std::unique_ptr<ScratchDatabase> out(new ScratchDatabase(conninfo));
    TRY_VOID(out->create());
    out->conninfo_ = address.whole() + " dbname=" + out->name_;  // the last word counts
    return out;
}

Result<void> ScratchDatabase::create() {
    const auto row_of = [&](const Sql& sql) -> Statement& {
        Statement& row = beside_.statement(sql);
        (void)row.next();
        return row;
    };
    Statement& named = row_of(name_of_scratch);
    const std::string name(named.text(0));
    const std::string sql(named.text(1));
    if (row_of(take_lock).integer(0) == 0) {
        return fail(error("backup.in_progress", ErrorKind::conflict).with("database", name));
    }
    Statement& there = beside_.statement(comment_on);
    there.bind_text(1, name);
    if (there.next() && there.text(0) != comment) {
        return fail(error("backup.scratch_taken", ErrorKind::conflict).with("database", name));
    }
    try {
        beside_.script("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
        beside_.script(sql);
        name_ = name;
        beside_.script("COMMENT ON DATABASE " + name + " IS '" + comment + "'");
    } catch (const std::runtime_error& refused) {
        return fail(error("backup.no_scratch", ErrorKind::forbidden).with("why", refused.what()));
    }
    return {};
}

ScratchDatabase::~ScratchDatabase() {
    if (name_.empty()) {
        return;
    }
    try {
        beside_.script("DROP DATABASE " + name_ + " WITH (FORCE)");
    } catch (const std::exception& why) {
        log::warn("the database {} stays until the next backup is verified: {}", name_, why.what());
    }
}

}  // namespace mb::store::postgres
