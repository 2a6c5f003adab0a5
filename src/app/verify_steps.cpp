#include "app/verify_steps.hpp"

#include "base/json.hpp"
#include "crypto/digest.hpp"
#include "engine/state.hpp"
#include "store/point_history.hpp"
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

Lines by_key(const std::vector<BillLine>& lines) {
    Lines out;
    for (const BillLine& line : lines) {
        out[line.key] = line;
    }
    return out;
}

std::string name_of(AgreementId agreement, const LineKey& key) {
    return fmt::format("{}/{}/{}/{}/{}/{}", agreement.value, key.cycle, enum_text(key.item),
                       enum_text(key.band), key.tier, key.version.value);
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
                int points) {
    Looking look(report, project);
    store::SqlStore store(database);
    const writer::Loaded now = writer::load_newest(store, project);
    const auto checkpoints = store.checkpoints(project);
    if (checkpoints.empty() || checkpoints[0].seq != now.seq) {
        return;  // the day rows may lag behind the log until the next clean stop
    }
    const engine::State& state = now.engine.state();
    const auto count = static_cast<std::int64_t>(state.service_points.count());
    const std::int64_t step = std::max<std::int64_t>(1, count / points);
    std::int64_t index = 0;
    state.service_points.each([&](ServicePointId id, const engine::ServicePointState& sp) {
        // One that waits to be rated anew is behind its facts.
        if (index++ % step != 0 || sp.rerate || sp.rerate_tonight) {
            return;
        }
        engine::PointSnapshot point = now.engine.snapshot(id);
        store::load_closed_days(database, project, point);
        const auto again = store::rate_history(point, false);
        if (!again) {
            look.add("bill_line", id.text(), "rating.refused", again.error().text());
            return;
        }
        for (std::size_t i = 0; i < again->agreements.size(); ++i) {
            const AgreementId agreement = again->agreements[i].agreement;
            compare_lines(agreement, by_key(again->agreements[i].accrual.lines),
                          by_key(store::kept_lines(database, project, agreement, point.present[i])),
                          look);
        }
    });
}

}  // namespace

store::VerifyStep replay_step() { return {"event_log", run_replay}; }

store::VerifyStep rerate_step(int points) {
    return {"bill_line",
            [points](store::Database& database, ProjectId project, store::VerifyReport& report) {
                run_rerate(database, project, report, points);
            }};
}

std::vector<store::VerifyStep> engine_steps() { return {replay_step(), rerate_step()}; }

}  // namespace mb::app
