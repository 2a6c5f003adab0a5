#include "app/verify_command.hpp"

#include <fmt/format.h>

#include <ostream>

#include "base/json.hpp"
#include "store/open_store.hpp"

namespace mb::app {

namespace {

struct Outcome {
    bool clean = false;
    std::int64_t projects = 0;
    std::int64_t rows = 0;
    std::int64_t postings = 0;
    std::int64_t readings = 0;
    std::int64_t log_rows = 0;
    std::int64_t events = 0;
    std::int64_t findings_left_out = 0;
    std::vector<store::VerifyFinding> findings;
    std::vector<std::string> notes;
};
MB_DESCRIBE(Outcome, (clean, projects, rows, postings, readings, log_rows, events,
                      findings_left_out, findings, notes))

std::int64_t findings_of(const store::VerifyReport& report) {
    return static_cast<std::int64_t>(report.findings.size()) + report.left_out;
}

void print_json(const store::VerifyReport& report, std::ostream& out) {
    out << to_json(Outcome{report.clean(), report.projects, report.rows, report.postings,
                           report.readings, report.log_rows, report.events, report.left_out,
                           report.findings, report.notes})
        << "\n";
}

}  // namespace

void print_findings(const store::VerifyReport& report, std::ostream& out) {
    for (const store::VerifyFinding& finding : report.findings) {
        const std::string where =
            finding.table.empty() ? "store" : finding.table + " " + finding.key;
        out << fmt::format("project {} {}: {}: {}\n", finding.project, where, finding.code,
                           finding.detail);
    }
    if (report.left_out > 0) {
        out << fmt::format("… and {} more\n", report.left_out);
    }
    for (const std::string& note : report.notes) {
        out << note << "\n";
    }
    out << fmt::format("{}: {} projects, {} rows, {} postings, {} readings, {} events in the log\n",
                       report.clean() ? "clean" : fmt::format("{} findings", findings_of(report)),
                       report.projects, report.rows, report.postings, report.readings,
                       report.events);
}

std::int64_t verify_database(store::Database& database, bool json, std::ostream& out,
                             const std::vector<store::VerifyStep>& steps) {
    const store::VerifyReport report = store::verify(database, steps);
    if (json) {
        print_json(report, out);
    } else {
        print_findings(report, out);
    }
    return findings_of(report);
}

int run_verify(const VerifyOptions& options, std::ostream& out, std::ostream& err,
               const std::vector<store::VerifyStep>& steps) {
    constexpr int unclean = 1;
    constexpr int wrong_usage = 2;
    try {
        const auto database = store::open_read_only({options.store, options.data});
        if (!database) {
            err << "verify: " << options.data << " holds no store (" << database.error().text()
                << ")\n";
            return wrong_usage;
        }
        return verify_database(**database, options.json, out, steps) == 0 ? 0 : unclean;
    } catch (const writer::StoreUnavailable& broken) {
        err << "verify: " << broken.what() << "\n";
        return unclean;
    }
}

}  // namespace mb::app
