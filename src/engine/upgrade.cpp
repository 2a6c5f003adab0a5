#include "engine/upgrade.hpp"

#include <algorithm>
#include <array>

namespace mb::engine {

namespace {

/// Points know what ever hung and ran there; until then there was one of each.
void remember_at_points(State& state) {
    const auto add = [](auto& list, auto id) {
        if (std::find(list.begin(), list.end(), id) == list.end()) {
            list.push_back(id);
        }
    };
    state.meters.each([&](MeterId id, const MeterState& meter) {
        add(state.service_points.at(meter.config.service_point).meters, id);
    });
    state.agreements.each([&](AgreementId id, const AgreementState& agreement) {
        add(state.service_points.at(agreement.config.service_point).agreements, id);
    });
}

constexpr std::array steps_of_versions{UpgradeStep{3, remember_at_points}};

}  // namespace

// One line a step: {version, function}. No version before 3 was released.
std::span<const UpgradeStep> upgrade_steps() { return steps_of_versions; }

void upgrade_state(State& state, int from, std::span<const UpgradeStep> steps) {
    for (const UpgradeStep& step : steps) {
        if (step.to > from) {
            step.run(state);
        }
    }
}

}  // namespace mb::engine
