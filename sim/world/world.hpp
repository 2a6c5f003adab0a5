// One simulated site from its first to its last day.
#pragma once

#include "sim/checker/checker.hpp"
#include "sim/world/core.hpp"
#include "sim/world/field.hpp"
#include "sim/world/mishaps.hpp"
#include "sim/world/people.hpp"
#include "sim/world/seams.hpp"
#include "sim/world/server.hpp"
#include "sim/world/till.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace mb::sim::world {

struct Outcome {
    std::optional<checker::InvariantBroken> broken;
    std::int64_t step = 0;  // of the schedule, where it ended
    Instant at;
    checker::Counts counts;
    std::int64_t charged = 0;
    std::int64_t held = 0;
    std::int64_t excluded = 0;
    std::int64_t restarts = 0;
    FaultCounts faults{};
    checker::Tally checks;
    std::string hash;  // "" when an invariant broke
};

class World {
public:
    World(const Settings& settings, Seams seams);

    /// To the end, or to the first broken invariant.
    Outcome run();
    /// The database as it is now.
    void keep_store(const std::filesystem::path& folder) { server_.disk().copy_to(folder); }

private:
    void live();
    void step();
    void midnight();
    void publish_later();
    void publish_now();
    void finish(Outcome& out);
    void count_readings(Outcome& out);

    Seams seams_;
    Core core_;
    Field field_;
    Till till_;
    checker::Checker checker_;
    Server server_;
    People people_;
    Mishaps mishaps_;
};

}  // namespace mb::sim::world
