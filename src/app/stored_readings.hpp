// The readings of a project as of one row of the event log, whatever else the store holds by now:
// closed days from their rows, open days from the state. So it may be read beside a running server,
// and tells every reader the same.
#pragma once

#include "engine/state.hpp"
#include "rules/metering/day_block.hpp"
#include "store/database.hpp"
#include "writer/replay.hpp"

#include <map>
#include <utility>
#include <vector>

namespace mb::app {

class StoredReadings {
public:
    /// Takes from `now` the rows of days that are behind in the store; the state stays as it is.
    StoredReadings(store::Database& database, ProjectId project, writer::Loaded& now);

    /// Of days [from, to), by time, those of one time in the order they came in. Any thread may
    /// ask. Throws StoreUnavailable, StoreCorrupt.
    [[nodiscard]] std::vector<rules::metering::DayReading> of(const engine::MeterState& meter,
                                                              CivilDate from, CivilDate to) const;

private:
    store::Database& database_;
    ProjectId project_;
    std::map<MeterId, std::vector<engine::DayRow>> behind_;  // closed since the last checkpoint
};

}  // namespace mb::app
