// What an amendment of the past would do to the money, found out on a copy of the engine: the event
// is applied to it, and each point that is to be rated anew because of it is. Nothing is written.
#pragma once

#include "base/result.hpp"
#include "engine/engine.hpp"
#include "engine/events.hpp"
#include "store/database.hpp"

#include <functional>
#include <string>
#include <vector>

namespace mb::app {

struct BalanceChange {
    AccountId account;
    std::string name;
    Money before;
    Money after;
    [[nodiscard]] Money charged() const { return before - after; }  // < 0: given back
};

struct AmendPreview {
    std::string ref;                     // what the event would answer
    std::vector<ServicePointId> points;  // to be rated anew because of it, by id
    std::vector<engine::AdjustmentRow> adjustments;
    std::vector<BalanceChange> balances;  // only of accounts that change, by id
};

/// `copy` is the engine as it is now, with its closed days in the store; `now` not before its last
/// batch. `go_on` is asked before each point. Errors: those of the event; those of rate_point()
/// with {service_point} (it cannot be rated with this amendment); amend.stopped. Throws
/// StoreCorrupt, StoreUnavailable.
Result<AmendPreview> preview_amendment(store::Database& database, engine::Engine copy,
                                       const engine::Event& event, const engine::Now& now,
                                       const std::function<bool()>& go_on);

}  // namespace mb::app
