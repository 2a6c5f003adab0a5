// What an agreement was billed by: its readings as the store keeps them, and its rating once more,
// from nothing. Verify compares it with the books, explain shows it.
#pragma once

#include "base/result.hpp"
#include "engine/state.hpp"
#include "rules/billing/accrual.hpp"
#include "rules/metering/day_block.hpp"
#include "store/database.hpp"

#include <map>
#include <vector>

namespace mb::app {

using KeptLines = std::map<rules::billing::LineKey, rules::billing::BillLine>;

/// The agreement's lines as the books have them: rows, and the state where it is ahead of them.
KeptLines kept_lines(store::Database& database, ProjectId project, AgreementId id,
                     const engine::AgreementState& agreement);

/// Two readings of one meter, and what the step between them was charged as.
struct RatedStep {
    rules::metering::DayReading before;
    rules::metering::DayReading after;
    bool rollover = false;
    Quantity quantity;  // × ratio
    std::vector<rules::billing::Slice> slices;
};

struct RatedHistory {
    rules::billing::AgreementAccrual accrual;
    std::vector<RatedStep> steps;  // by time; only with `keep_steps`
};

/// All that the meter's readings say, rated from the first one on. Errors: rating.not_charged {at}
/// (a reading that was charged is none), those of accrue().
Result<RatedHistory> rate_history(store::Database& database, ProjectId project,
                                  const engine::State& state, const engine::MeterState& meter,
                                  const engine::AgreementState& agreement, bool keep_steps);

}  // namespace mb::app
