// Is what is stored sound? Everything that can be told from the rows alone, without the engine:
// checksums, hash chains, sums, states, references (issue: verify; reliability I1, I2, I5, I14;
// faults F57, F69). Steps that need the engine (replay, re-rating) are handed in by the caller.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/describe.hpp"
#include "base/ids.hpp"
#include "store/database.hpp"

namespace mb::store {

/// Codes: row.damaged (checksum), row.unreadable, row.missing, table.unreadable, files.damaged,
/// schema.*, and the names of the rules in verify_*.cpp.
struct VerifyFinding {
    std::int64_t project = 0;  // 0: of the installation
    std::string table;
    std::string key;  // of the row, members joined by "/"
    std::string code;
    std::string detail;
};
MB_DESCRIBE(VerifyFinding, (project, table, key, code, detail))

struct VerifyReport {
    std::vector<VerifyFinding> findings;
    std::vector<std::string> notes;  // what was not looked at, and why: no findings
    std::int64_t left_out = 0;       // findings beyond the limit
    std::int64_t projects = 0;
    std::int64_t rows = 0;
    std::int64_t postings = 0;
    std::int64_t readings = 0;
    std::int64_t log_rows = 0;
    std::int64_t events = 0;

    static constexpr std::size_t findings_max = 1000;
    void add(VerifyFinding finding) {
        if (findings.size() < findings_max) {
            findings.push_back(std::move(finding));
        } else {
            ++left_out;
        }
    }
    [[nodiscard]] bool clean() const { return findings.empty(); }
};

/// One more look at a project, after the rows were found readable. May throw StoreCorrupt; other
/// findings are added to the report.
struct VerifyStep {
    std::string name;  // table.unreadable is reported under it when it throws
    std::function<void(Database&, ProjectId, VerifyReport&)> run;
};

/// Goes through the whole store on one snapshot, then runs the steps for each project. Reads only.
/// Throws StoreUnavailable.
VerifyReport verify(Database& database, const std::vector<VerifyStep>& steps = {});

}  // namespace mb::store
