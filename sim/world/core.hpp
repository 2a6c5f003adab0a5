// What all parts of a simulated world share.
#pragma once

#include "engine/entities.hpp"
#include "sim/faults.hpp"
#include "sim/random.hpp"
#include "sim/world/plant.hpp"
#include "sim/world/schedule.hpp"

#include <string>

namespace mb::sim::world {

struct Settings {
    std::uint64_t seed = 1;
    int days = 5;
    int meters = 20;
    FaultSet faults;
};

struct Core {
    explicit Core(const Settings& wanted)
        : settings(wanted),
          random(wanted.seed),
          faults(wanted.faults),
          plant(make_plant(random, wanted.meters, wanted.faults)),
          schedule(plant.start),
          end(plant.start + Duration::days(wanted.days)) {}

    Settings settings;
    Random random;  // to split from
    FaultSet faults;
    Plant plant;
    Schedule schedule;
    Instant end;
    FaultCounts counts{};
    ProjectId project{1};

    [[nodiscard]] Instant now() const { return schedule.now(); }
    /// Business and wall time are one here: speed 1.
    [[nodiscard]] engine::Now engine_now() const { return {now(), now(), 1}; }
    [[nodiscard]] bool on(Fault fault) const { return faults.has(fault); }
    void happened(Fault fault) { ++counts[static_cast<std::size_t>(fault)]; }
    /// On, and this time it happens: counted.
    bool strikes(Fault fault, Random& dice, std::int64_t per_million) {
        if (!faults.has(fault) || !dice.chance(per_million)) {
            return false;
        }
        happened(fault);
        return true;
    }
};

/// The simulated process is dead: unwinds to the main loop, which destroys what belonged to it.
struct ProcessDied {};

}  // namespace mb::sim::world
