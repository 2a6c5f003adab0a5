#include "app/amend_preview.hpp"

#include "engine/state.hpp"
#include "store/point_history.hpp"

#include <map>

namespace mb::app {

namespace {

using Balances = std::map<AccountId, Money>;

Balances balances_of(const engine::State& state) {
    Balances out;
    state.accounts.each(
        [&](AccountId id, const engine::AccountState& account) { out[id] = account.balance(); });
    return out;
}

/// What says whether a point is to be rated anew, and whether that is still the same wish.
struct Wish {
    OutboxId task;
    std::int64_t basis = 0;

    friend bool operator==(const Wish&, const Wish&) = default;
};

std::map<ServicePointId, Wish> wishes_of(const engine::State& state) {
    std::map<ServicePointId, Wish> out;
    state.service_points.each([&](ServicePointId id, const engine::ServicePointState& sp) {
        out[id] = {sp.rerate, sp.basis};
    });
    return out;
}

Result<std::string> apply(engine::Engine& engine, const engine::Event& event,
                          const engine::Now& now, engine::Effects& effects) {
    effects.clear();
    engine.apply({&event, 1}, now, effects);
    const engine::EventOutcome& outcome = effects.outcomes.back();
    if (outcome.refused) {
        return fail(outcome.error);
    }
    return outcome.ref;
}

Result<void> rate(store::Database& database, engine::Engine& copy, ServicePointId point,
                  const engine::Now& now, std::vector<engine::AdjustmentRow>& out) {
    auto rated = store::rerate_point(database, copy.project(), copy.snapshot(point));
    if (!rated) {
        return fail(Error(rated.error()).with("service_point", point.text()));
    }
    engine::Effects effects;
    TRY(apply(copy, std::move(*rated), now, effects));
    for (const engine::Row& row : effects.rows()) {
        if (const auto* adjustment = std::get_if<engine::AdjustmentRow>(&row)) {
            out.push_back(*adjustment);
        }
    }
    return {};
}

}  // namespace

Result<AmendPreview> preview_amendment(store::Database& database, engine::Engine copy,
                                       const engine::Event& event, const engine::Now& now,
                                       const std::function<bool()>& go_on) {
    engine::Effects effects;
    TRY(apply(copy, engine::Tick{}, now, effects));  // timers that are due are no doing of it
    const Balances before = balances_of(copy.state());
    const auto wished = wishes_of(copy.state());

    AmendPreview out;
    out.ref = TRY(apply(copy, event, now, effects));
    for (const auto& [point, wish] : wishes_of(copy.state())) {
        const auto last = wished.find(point);
        if (wish.task && (last == wished.end() || last->second != wish)) {
            out.points.push_back(point);
        }
    }
    for (const ServicePointId point : out.points) {
        if (!go_on()) {
            return fail("amend.stopped", ErrorKind::unavailable);
        }
        TRY_VOID(rate(database, copy, point, now, out.adjustments));
    }
    copy.state().accounts.each([&](AccountId id, const engine::AccountState& account) {
        const auto last = before.find(id);
        const Money had = last == before.end() ? Money{} : last->second;
        if (account.balance() != had) {
            out.balances.push_back({id, account.config.name, had, account.balance()});
        }
    });
    return out;
}

}  // namespace mb::app
