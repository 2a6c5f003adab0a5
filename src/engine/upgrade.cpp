#include "engine/upgrade.hpp"

namespace mb::engine {

// One line a step: {version, function}. Versions 1 and 2 were never released.
std::span<const UpgradeStep> upgrade_steps() { return {}; }

void upgrade_state(State& state, int from, std::span<const UpgradeStep> steps) {
    for (const UpgradeStep& step : steps) {
        if (step.to > from) {
            step.run(state);
        }
    }
}

}  // namespace mb::engine
