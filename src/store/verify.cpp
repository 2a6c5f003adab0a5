#include "store/verify.hpp"

#include <limits>

#include "store/migrations.hpp"
#include "store/statements/people.hpp"
#include "store/statements/schema.hpp"
#include "store/statements/site.hpp"
#include "store/verify_scan.hpp"

namespace mb::store {

void VerifyScan::name_key(const Statement& row, int keys) {
    key_.clear();
    const int first = project_ ? 1 : 0;
    for (int column = first; column < first + keys; ++column) {
        if (column > first) {
            key_ += '/';
        }
        switch (row.type(column)) {
            case Statement::Type::null: key_ += "NULL"; break;
            case Statement::Type::integer: key_ += std::to_string(row.integer(column)); break;
            case Statement::Type::text: key_ += row.text(column); break;
            case Statement::Type::blob: key_ += hex(row.blob(column)); break;
        }
    }
}

namespace {

void ignore(const Statement&) {}

/// Every project that any row belongs to, also by mistake.
std::set<std::int64_t> all_projects(Session& session) {
    std::set<std::int64_t> out;
    std::int64_t last = std::numeric_limits<std::int64_t>::min();
    for (;;) {
        Statement& row = session.statement(sql::next_project);
        row.bind_integer(1, last);
        if (!row.next() || row.type(0) == Statement::Type::null) {
            return out;
        }
        last = row.integer(0);
        out.insert(last);
    }
}

void verify_schema(VerifyScan& scan) {
    std::map<std::int64_t, std::string> ran;
    scan.rows(sql::schema_migration_all, "schema_migration", 1,
              [&](const Statement& row) { ran.emplace(row.integer(0), row.text(2)); });
    for (const MigrationFile& file : migration_files().subspan(1)) {
        const std::int64_t number = std::stoll(std::string(file.name));
        const auto found = ran.find(number);
        if (found == ran.end()) {
            scan.found_at("schema_migration", std::to_string(number), "schema.behind",
                          std::string(file.name) + " did not run");
        } else if (found->second != migration_checksum(file)) {
            scan.found_at("schema_migration", std::to_string(number), "schema.changed",
                          std::string(file.name) + " ran with another text");
        }
        ran.erase(number);
    }
    for (const auto& [number, checksum] : ran) {
        scan.found_at("schema_migration", std::to_string(number), "schema.unknown",
                      "this program has no such migration");
    }
}

void verify_project(Session& session, ProjectId project, VerifyReport& report) {
    VerifyScan scan(session, project, report);
    ProjectFacts facts;
    ++report.projects;
    verify_site(scan, facts);
    verify_log(scan, facts);
    verify_supply(scan, facts);
    verify_money(scan, facts);
    verify_readings(scan, facts);
    scan.rows(sql::idempotency_all, "idempotency", 2, ignore);
}

}  // namespace

void verify_installation(VerifyScan& scan, const std::set<std::int64_t>& projects) {
    verify_schema(scan);
    scan.rows(sql::writer_lease_all, "writer_lease", 1, ignore);
    scan.rows(sql::business_clock_all, "business_clock", 1, ignore);
    std::set<std::int64_t> logins;
    scan.rows(sql::login_all, "login", 1,
              [&](const Statement& row) { logins.insert(row.integer(0)); });
    const auto of_login = [&](std::int64_t login) {
        if (logins.count(login) == 0) {
            scan.found("reference.login", fmt::format("login {} is not there", login));
        }
    };
    scan.rows(sql::login_role_all, "login_role", 2, [&](const Statement& row) {
        of_login(row.integer(0));
        if (projects.count(row.integer(1)) == 0) {
            scan.found("reference.project", fmt::format("project {} is not there", row.integer(1)));
        }
    });
    scan.rows(sql::login_code_all, "login_code", 1,
              [&](const Statement& row) { of_login(row.integer(0)); });
    scan.rows(sql::session_all, "session", 1,
              [&](const Statement& row) { of_login(row.integer(1)); });
}

VerifyReport verify(Database& database, const std::vector<VerifyStep>& steps) {
    VerifyReport report;
    std::set<std::int64_t> projects;
    try {
        const Lease session = database.read();
        VerifyScan scan(*session, {}, report);
        for (std::string& line : session->self_check()) {
            scan.found_at("", "", "files.damaged", std::move(line));
        }
        projects = all_projects(*session);
        verify_installation(scan, projects);
        for (const std::int64_t project : projects) {
            verify_project(*session, ProjectId{project}, report);
        }
    } catch (const writer::StoreCorrupt& broken) {
        // Nothing can be read: the schema itself, or the list of projects.
        report.add({0, "", "", "files.damaged", broken.what()});
    }
    for (const VerifyStep& step : steps) {
        for (const std::int64_t project : projects) {
            try {
                step.run(database, ProjectId{project}, report);
            } catch (const writer::StoreCorrupt& broken) {
                report.add({project, step.name, "", "table.unreadable", broken.what()});
            }
        }
    }
    return report;
}

}  // namespace mb::store
