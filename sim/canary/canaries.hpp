// Changed production behaviour, each as a decorator at a seam, with the invariant that must notice
// it.
#pragma once

#include "sim/checker/invariant.hpp"
#include "sim/world/seams.hpp"

#include <functional>
#include <string_view>
#include <vector>

namespace mb::sim::canary {

struct Canary {
    std::string_view name;
    checker::Invariant seen_by;
    std::string_view text;
    std::function<world::Seams()> make;  // with fresh state
};

const std::vector<Canary>& canaries();

}  // namespace mb::sim::canary
