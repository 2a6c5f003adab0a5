#include "app/agreement_history.hpp"

#include "store/read.hpp"
#include "store/rows.hpp"
#include "store/statements/money.hpp"

#include <algorithm>

namespace mb::app {

namespace {

using rules::metering::DayReading;
using rules::metering::Outcome;
using rules::metering::OutcomeReason;

/// Readings that moved the base, oldest first, in runs that were billed to the agreement.
std::vector<std::vector<DayReading>> billed_runs(store::Database& database, ProjectId project,
                                                 const engine::MeterState& meter,
                                                 const Zone& zone) {
    std::vector<DayReading> all;
    const store::Reader reader(database);
    const CivilDate last = zone.date(meter.last_at);
    for (CivilDate day = zone.date(meter.config.from); day <= last; day = day + 1) {
        for (const DayReading& reading : reader.day(project, meter.config.id, day)) {
            const bool vacant = reading.reason == OutcomeReason::no_agreement;
            if (reading.outcome == Outcome::charged || vacant) {
                all.push_back(reading);
            }
        }
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
    std::vector<std::vector<DayReading>> out;
    for (const DayReading& reading : all) {
        const bool base =
            reading.reason == OutcomeReason::first || reading.reason == OutcomeReason::no_agreement;
        if (base || out.empty()) {
            out.emplace_back();
        }
        out.back().push_back(reading);
    }
    return out;
}

}  // namespace

KeptLines kept_lines(store::Database& database, ProjectId project, AgreementId id,
                     const engine::AgreementState& agreement) {
    KeptLines out;
    const store::Lease session = database.read();
    store::Statement& rows = session->statement(store::sql::bill_line_all);
    rows.bind_integer(1, project.value);
    while (rows.next()) {
        const auto row = store::read_row<engine::BillLineRow>(rows);
        if (row.agreement == id) {
            out[row.line.key] = row.line;
        }
    }
    for (const rules::billing::BillLine& line : agreement.accrual.lines) {
        out[line.key] = line;
    }
    return out;
}

Result<RatedHistory> rate_history(store::Database& database, ProjectId project,
                                  const engine::State& state, const engine::MeterState& meter,
                                  const engine::AgreementState& agreement, bool keep_steps) {
    const Zone zone = TRY(Zone::find(state.config.zone));
    const rules::billing::RatingFacts facts{state.tariffs, state.config.calendar, zone,
                                            agreement.terms};
    const rules::metering::MeterSpec spec{meter.config.modulus, meter.config.ratio,
                                          meter.config.max_power_w};
    RatedHistory out;
    out.accrual.tariff_code_index = agreement.accrual.tariff_code_index;
    for (const auto& run : billed_runs(database, project, meter, zone)) {
        for (std::size_t i = 1; i < run.size(); ++i) {
            const auto step = rules::metering::register_difference(
                spec, run[i - 1].at, run[i - 1].registers, run[i].at, run[i].registers, run[i].at);
            if (!rules::metering::is_charged(step.verdict)) {
                return fail(error("rating.not_charged").with("at", zone.text(run[i].at)));
            }
            RatedStep rated{run[i - 1],
                            run[i],
                            step.verdict == rules::metering::ReadingVerdict::rollover,
                            step.total,
                            {}};
            if (step.total.units > 0) {
                rules::billing::Interval interval;
                interval.from = run[i - 1].at;
                interval.to = run[i].at;
                interval.total = step.total;
                interval.by_register = step.by_register;
                interval.register_count = step.register_count;
                interval.registers_match_table = meter.config.registers_match_table;
                TRY(rules::billing::accrue(out.accrual, facts, interval,
                                           keep_steps ? &rated.slices : nullptr));
            }
            if (keep_steps) {
                out.steps.push_back(std::move(rated));
            }
        }
    }
    return out;
}

}  // namespace mb::app
