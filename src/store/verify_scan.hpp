// What the parts of verify share: going through a table, and what was learnt of a project on the
// way.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/integer.hpp"
#include "engine/effects.hpp"
#include "store/rows.hpp"
#include "store/verify.hpp"

namespace mb::store {

/// One table of one project (or of the installation), row by row.
class VerifyScan {
public:
    VerifyScan(Session& session, ProjectId project, VerifyReport& report)
        : session_(session), project_(project), report_(report) {}

    /// How the rows of a table say that they are whole.
    enum class Check : std::uint8_t { row_check, own };

    /// Calls each(row) for every row. `keys`: so many columns behind project_id are the key. What
    /// each() cannot read becomes a finding.
    template <class F>
    void rows(const Sql& sql, const char* table, int keys, F&& each,
              Check check = Check::row_check) {
        table_ = table;
        key_.clear();
        try {
            Statement& row = session_.statement(sql);
            if (project_) {
                row.bind_integer(1, project_.value);
            }
            while (row.next()) {
                ++report_.rows;
                name_key(row, keys);
                if (check == Check::row_check && !row_check_holds(row)) {
                    found("row.damaged", "its checksum does not hold");
                }
                read_one(row, each);
            }
        } catch (const writer::StoreCorrupt& broken) {
            found("table.unreadable", broken.what());
        }
    }

    /// About the present row.
    void found(std::string code, std::string detail) {
        report_.add({project_.value, table_, key_, std::move(code), std::move(detail)});
    }
    /// About any row.
    void found_at(std::string table, std::string key, std::string code, std::string detail) {
        report_.add(
            {project_.value, std::move(table), std::move(key), std::move(code), std::move(detail)});
    }

    [[nodiscard]] Session& session() { return session_; }
    [[nodiscard]] ProjectId project() const { return project_; }
    [[nodiscard]] VerifyReport& report() { return report_; }
    [[nodiscard]] const std::string& key() const { return key_; }

private:
    void name_key(const Statement& row, int keys);
    template <class F>
    void read_one(const Statement& row, F& each) {
        try {
            each(row);
        } catch (const writer::StoreCorrupt& broken) {
            found("row.unreadable", broken.what());
        }
    }

    Session& session_;
    ProjectId project_;
    VerifyReport& report_;
    std::string table_;
    std::string key_;
};

/// Ids that an engine's counter gave out, met in rising order: a gap is a lost row.
class Counting {
public:
    void met(VerifyScan& scan, std::int64_t id) {
        if (id > last_ + 1) {
            scan.found("row.missing", fmt::format("{} … {} are not there", last_ + 1, id - 1));
        }
        last_ = id;
    }

private:
    std::int64_t last_ = 0;
};

/// What is needed across tables.
struct ProjectFacts {
    std::map<std::int64_t, rules::tariff::TariffVersion> tariffs;
    std::set<std::int64_t> service_points;
    std::set<std::int64_t> accounts;
    struct Agreement {
        std::int64_t service_point = 0;
        std::int64_t account = 0;
    };
    std::map<std::int64_t, Agreement> agreements;
    std::map<std::int64_t, std::int64_t> meters;  // → service point

    struct Command {
        std::int64_t service_point = 0;
        engine::CommandKind kind{};
        engine::CommandState state{};
        std::int32_t attempts = 0;
        int tasks = 0;         // in the outbox
        bool is_open = false;  // named by its relay
    };
    std::map<std::int64_t, Command> commands;

    // Where rows that readings touch may lag behind: after this business instant. Everything is
    // flushed when the newest checkpoint is the log's end.
    bool flushed = false;
    Instant flushed_to;

    bool has_log = false;
};

void verify_site(VerifyScan& scan, ProjectFacts& facts);
void verify_log(VerifyScan& scan, ProjectFacts& facts);
void verify_money(VerifyScan& scan, const ProjectFacts& facts);
void verify_supply(VerifyScan& scan, ProjectFacts& facts);
void verify_readings(VerifyScan& scan, const ProjectFacts& facts);
void verify_installation(VerifyScan& scan, const std::set<std::int64_t>& projects);

}  // namespace mb::store
