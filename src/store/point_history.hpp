// A service point's whole history, from the engine's moment and the store's days, and what it comes
// to: for the job that re-rates, for verify and for explain.
#pragma once

#include "base/result.hpp"
#include "engine/events.hpp"
#include "engine/point_snapshot.hpp"
#include "rules/billing/history.hpp"
#include "store/database.hpp"

#include <vector>

namespace mb::store {

/// Adds the readings of closed days. Throws StoreCorrupt, StoreUnavailable.
void load_closed_days(Database& database, ProjectId project, engine::PointSnapshot& point);

/// An agreement's lines of all months, with what is posted of them: rows, and the present state
/// where it is ahead of them.
std::vector<rules::billing::BillLine> kept_lines(Database& database, ProjectId project,
                                                 AgreementId agreement,
                                                 const rules::billing::AgreementAccrual& present);

/// Rates a point whose closed days are loaded. Errors: those of rate_point().
Result<rules::billing::PointRating> rate_history(const engine::PointSnapshot& point,
                                                 bool keep_steps);

/// From the snapshot alone to the event that tells the engine. Errors: those of rate_point().
Result<engine::PointRerated> rerate_point(Database& database, ProjectId project,
                                          engine::PointSnapshot point);

}  // namespace mb::store
