#include "store/migrations.hpp"

#include <charconv>
#include <map>
#include <vector>

#include "base/check.hpp"
#include "crypto/digest.hpp"
#include "engine/version.hpp"
#include "store/columns.hpp"
#include "store/statements/log.hpp"
#include "store/statements/schema.hpp"

namespace mb::store {

namespace {

constexpr std::int64_t log_file = 5;  // 0005_log.sql

std::int64_t number_of(const MigrationFile& file) {
    std::int64_t number = -1;
    std::from_chars(file.name.data(), file.name.data() + file.name.size(), number);
    CHECK_MSG(number >= 0, std::string(file.name));
    return number;
}

std::map<std::int64_t, std::string> applied(Session& session) {
    std::map<std::int64_t, std::string> out;
    Statement& rows = session.statement(sql::schema_migration_all);
    while (rows.next()) {
        out.emplace(rows.integer(0), rows.text(2));
    }
    return out;
}

void run(Session& session, const Dialect& dialect, const MigrationFile& file, Instant wall_now) {
    Transaction transaction(session);
    session.script(expand(file.text, dialect));
    RowBinder row(session.statement(sql::schema_migration_put));
    row.add(number_of(file)).add(file.name).add(migration_checksum(file)).add(wall_now).run();
    transaction.commit();
}

/// A log of another engine version that does not end with a checkpoint would stop the start later
/// (writer/replay.cpp), when the schema is no longer that of the program which has to end it.
Result<void> refuse_open_logs(Session& session) {
    std::vector<std::int64_t> projects;
    Statement& logged = session.statement(sql::logged_projects);
    while (logged.next()) {
        projects.push_back(logged.integer(0));
    }
    for (const std::int64_t project : projects) {
        Statement& row = session.statement(sql::event_log_open_version);
        row.bind_integer(1, project);
        if (row.next() && row.integer(0) != engine::engine_version) {
            return fail(error("store.open_log", ErrorKind::conflict)
                            .with("project", std::to_string(project))
                            .with("engine_version", std::to_string(row.integer(0)))
                            .with("this", std::to_string(engine::engine_version))
                            .with("way_out", "start that version once and stop it cleanly"));
        }
    }
    return {};
}

}  // namespace

std::string expand(std::string_view text, const Dialect& dialect) {
    const std::map<std::string_view, std::string_view> tokens{
        {"i64", dialect.i64},   {"text", dialect.text},
        {"blob", dialect.blob}, {"clustered", dialect.clustered},
        {"heap", dialect.heap},
    };
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t open = text.find('{', at);
        if (open == std::string_view::npos) {
            break;
        }
        const std::size_t close = text.find('}', open);
        CHECK(close != std::string_view::npos);
        const std::string_view name = text.substr(open + 1, close - open - 1);
        const auto token = tokens.find(name);
        CHECK_MSG(token != tokens.end(), std::string(name));
        out += text.substr(at, open - at);
        out += token->second;
        at = close + 1;
    }
    out += text.substr(at);
    return out;
}

std::string migration_checksum(const MigrationFile& file) {
    return crypto::hex_lower(crypto::sha256(file.text));
}

Result<int> migrate(Session& session, const Dialect& dialect, Instant wall_now,
                    std::span<const MigrationFile> files) {
    session.script(expand(files.front().text, dialect));
    const auto done = applied(session);
    if (!done.empty() && done.rbegin()->first > number_of(files.back())) {
        return fail(error("store.newer_schema", ErrorKind::conflict)
                        .with("version", std::to_string(done.rbegin()->first)));
    }
    const bool has_log = done.count(log_file) != 0;
    if (has_log && done.rbegin()->first < number_of(files.back())) {
        TRY_VOID(refuse_open_logs(session));
    }
    int count = 0;
    for (const MigrationFile& file : files.subspan(1)) {
        const auto known = done.find(number_of(file));
        if (known == done.end()) {
            run(session, dialect, file, wall_now);
            ++count;
        } else if (known->second != migration_checksum(file)) {
            return fail(error("store.migration_changed", ErrorKind::conflict)
                            .with("name", std::string(file.name)));
        }
    }
    return count;
}

}  // namespace mb::store
