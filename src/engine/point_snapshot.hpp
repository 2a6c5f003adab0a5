// A point's facts as the engine has them at one moment: all but the readings of closed days, which
// the store has.
#pragma once

#include "engine/rows.hpp"
#include "rules/billing/history.hpp"
#include "rules/calendar.hpp"
#include "rules/tariff/book.hpp"

#include <cstdint>
#include <vector>

namespace mb::engine {

struct PointSnapshot {
    ServicePointId service_point;
    std::int64_t basis = 0;
    OutboxId task;  // the rerate that waits, or 0
    rules::tariff::TariffBook book;
    rules::Calendar calendar;
    Zone zone;
    /// Readings: those of days that are not closed.
    rules::billing::PointHistory history;
    std::vector<CivilDate> closed_to;  // by meter: the store has the days before
    /// Closed days and late parts of these meters that the store may not have yet.
    std::vector<DayRow> unflushed;
    /// Open months of the agreements, in the history's order.
    std::vector<rules::billing::AgreementAccrual> present;
};

}  // namespace mb::engine
