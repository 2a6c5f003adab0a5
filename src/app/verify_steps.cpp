#include "app/verify_steps.hpp"

#include "base/json.hpp"
#include "crypto/digest.hpp"
#include "engine/state.hpp"
#include "rules/billing/slow_rating.hpp"
#include "store/read.hpp"
#include "store/rows.hpp"
#include "store/sql_store.hpp"
#include "store/statements/money.hpp"
#include "store/statements/readings.hpp"
#include "writer/replay.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <map>

namespace mb::app {

namespace {

using rules::billing::BillLine;
using rules::billing::LineKey;
using rules::metering::Outcome;
using rules::metering::OutcomeReason;

class Looking {
public:
    Looking(store::VerifyReport& report, ProjectId project) : report_(report), project_(project) {}
    void add(const char* table, std::string key, const char* code, std::string detail) {
        report_.add({project_.value, table, std::move(key), code, std::move(detail)});
    }

private:
    store::VerifyReport& report_;
    ProjectId project_;
};

/// Older → newer checkpoint: the same image, byte for byte.
void replay_checkpoints(writer::Store& store, ProjectId project, Looking& look) {
    const auto checkpoints = store.checkpoints(project);
    if (checkpoints.size() < 2) {
        return;
    }
    const auto& newer = checkpoints[0];
    const writer::Loaded loaded = writer::replay(store, project, &checkpoints[1], newer.seq);
    if (loaded.seq != newer.seq || crypto::sha256(loaded.engine.image()) != newer.hash) {
        look.add("checkpoint", std::to_string(newer.seq), "replay.image_differs",
                 fmt::format("replay from {} ends in another state", checkpoints[1].seq));
    }
}

/// After a clean stop the rows equal the state; after a kill they may lag, never lead.
void compare_views(store::Database& database, ProjectId project, const writer::Loaded& now,
                   bool clean, Looking& look) {
    const store::Lease session = database.read();
    store::Statement& rows = session->statement(store::sql::meter_view_all);
    rows.bind_integer(1, project.value);
    std::size_t seen = 0;
    while (rows.next()) {
        ++seen;
        const auto stored = store::read_row<engine::MeterViewRow>(rows);
        if (now.engine.state().meters.find(stored.meter) == nullptr) {
            look.add("meter_view", stored.meter.text(), "view.differs", "no such meter");
            continue;
        }
        const engine::MeterViewRow view = now.engine.view(stored.meter);
        if (stored.version > view.version) {
            look.add("meter_view", stored.meter.text(), "view.ahead",
                     "the row is ahead of the log");
        } else if ((clean || stored.version == view.version) && clean &&
                   to_binary(stored) != to_binary(view)) {
            look.add("meter_view", stored.meter.text(), "view.differs",
                     "replay gives " + to_json(view));
        }
    }
    if (clean && seen != now.engine.state().meters.count()) {
        look.add("meter_view", "", "view.differs",
                 fmt::format("{} rows for {} meters", seen, now.engine.state().meters.count()));
    }
}

void run_replay(store::Database& database, ProjectId project, store::VerifyReport& report) {
    Looking look(report, project);
    store::SqlStore store(database);
    try {
        replay_checkpoints(store, project, look);
        const writer::Loaded now = writer::load_newest(store, project);
        const auto checkpoints = store.checkpoints(project);
        const bool clean = !checkpoints.empty() && checkpoints[0].seq == now.seq;
        compare_views(database, project, now, clean, look);
    } catch (const writer::ReplayRefused& why) {
        look.add("event_log", "", "replay.refused", why.what());
    }
}

// ---- a second rating
// -----------------------------------------------------------------------------

using Lines = std::map<LineKey, BillLine>;

Lines stored_lines(store::Database& database, ProjectId project, AgreementId agreement) {
    Lines out;
    const store::Lease session = database.read();
    store::Statement& rows = session->statement(store::sql::bill_line_all);
    rows.bind_integer(1, project.value);
    while (rows.next()) {
        const auto row = store::read_row<engine::BillLineRow>(rows);
        if (row.agreement == agreement) {
            out[row.line.key] = row.line;
        }
    }
    return out;
}

/// Readings that moved the base, oldest first, in runs that were billed to the agreement.
std::vector<std::vector<rules::billing::SlowReading>> billed_runs(store::Database& database,
                                                                  ProjectId project,
                                                                  const engine::MeterState& meter,
                                                                  const Zone& zone) {
    std::vector<rules::metering::DayReading> all;
    const store::Reader reader(database);
    const CivilDate last = zone.date(meter.last_at);
    for (CivilDate day = zone.date(meter.config.from); day <= last; day = day + 1) {
        for (const auto& reading : reader.day(project, meter.config.id, day)) {
            const bool vacant = reading.reason == OutcomeReason::no_agreement;
            if (reading.outcome == Outcome::charged || vacant) {
                all.push_back(reading);
            }
        }
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
    std::vector<std::vector<rules::billing::SlowReading>> out;
    for (const auto& reading : all) {
        const bool base =
            reading.reason == OutcomeReason::first || reading.reason == OutcomeReason::no_agreement;
        if (base || out.empty()) {
            out.emplace_back();
        }
        out.back().push_back({reading.at, reading.registers});
    }
    return out;
}

Result<Lines> rate_again(store::Database& database, ProjectId project, const engine::State& state,
                         const engine::MeterState& meter, std::int32_t code_index) {
    const Zone zone = TRY(Zone::find(state.config.zone));
    std::vector<rules::billing::SlowVersion> versions;
    for (const auto* version : state.tariffs.versions(code_index)) {
        versions.push_back({version->id, version->document});
    }
    const rules::metering::MeterSpec spec{meter.config.modulus, meter.config.ratio,
                                          meter.config.max_power_w};
    std::vector<rules::billing::Interval> intervals;
    for (const auto& run : billed_runs(database, project, meter, zone)) {
        for (const auto& interval :
             TRY(rules::billing::slow_intervals(spec, run, meter.config.registers_match_table))) {
            if (interval.total.units > 0) {
                intervals.push_back(interval);
            }
        }
    }
    const auto bill = TRY(rules::billing::rate_slowly(versions, zone, intervals));
    Lines out;
    for (const auto& line : bill.lines) {
        out[line.key].quantity = line.quantity;
        out[line.key].exact = line.exact;
    }
    return out;
}

std::string name_of(AgreementId agreement, const LineKey& key) {
    return fmt::format("{}/{}/{}/{}/{}", agreement.value, key.cycle, enum_text(key.band), key.tier,
                       key.version.value);
}

void compare_lines(AgreementId agreement, const Lines& wanted, const Lines& found, Looking& look) {
    for (const auto& [key, line] : wanted) {
        const auto match = found.find(key);
        if (match == found.end()) {
            if (line.quantity.units != 0) {
                look.add("bill_line", name_of(agreement, key), "rating.line_missing",
                         line.quantity.text());
            }
        } else if (match->second.quantity != line.quantity || match->second.exact != line.exact) {
            look.add(
                "bill_line", name_of(agreement, key), "rating.line_differs",
                fmt::format("kept {} = {}, rated again {} = {}", match->second.quantity.text(),
                            match->second.exact.text(), line.quantity.text(), line.exact.text()));
        }
    }
    for (const auto& [key, line] : found) {
        if (wanted.find(key) == wanted.end() && line.quantity.units != 0) {
            look.add("bill_line", name_of(agreement, key), "rating.extra_line",
                     line.quantity.text());
        }
    }
}

void run_rerate(store::Database& database, ProjectId project, store::VerifyReport& report,
                int agreements) {
    Looking look(report, project);
    store::SqlStore store(database);
    const writer::Loaded now = writer::load_newest(store, project);
    const auto checkpoints = store.checkpoints(project);
    if (checkpoints.empty() || checkpoints[0].seq != now.seq) {
        return;  // the day rows may lag behind the log until the next clean stop
    }
    const engine::State& state = now.engine.state();
    const auto count = static_cast<std::int64_t>(state.agreements.count());
    const std::int64_t step = std::max<std::int64_t>(1, count / agreements);
    std::int64_t index = 0;
    state.agreements.each([&](AgreementId id, const engine::AgreementState& agreement) {
        const auto& sp = state.service_points.find(agreement.config.service_point);
        if (index++ % step != 0 || sp->agreement != id || !sp->meter) {
            return;
        }
        Lines found = stored_lines(database, project, id);
        for (const BillLine& line : agreement.accrual.lines) {
            found[line.key] = line;
        }
        const auto wanted = rate_again(database, project, state, *state.meters.find(sp->meter),
                                       agreement.accrual.tariff_code_index);
        if (wanted) {
            compare_lines(id, *wanted, found, look);
        } else {
            look.add("bill_line", id.text(), "rating.refused", wanted.error().text());
        }
    });
}

}  // namespace

store::VerifyStep replay_step() { return {"event_log", run_replay}; }

store::VerifyStep rerate_step(int agreements) {
    return {"bill_line", [agreements](store::Database& database, ProjectId project,
                                      store::VerifyReport& report) {
                run_rerate(database, project, report, agreements);
            }};
}

std::vector<store::VerifyStep> engine_steps() { return {replay_step(), rerate_step()}; }

}  // namespace mb::app
