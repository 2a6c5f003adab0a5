// Where a canary may change what passes: a store between writer and store, events between head-end
// and writer, the set-up, frames on their way from a meter. The code under test has no switch for
// any of it.
#pragma once

#include "base/bytes.hpp"
#include "engine/events.hpp"
#include "sim/random.hpp"
#include "sim/world/passing_store.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace mb::sim::world {

struct Seams {
    /// Wraps the store for one life of the process; `below` outlives it.
    std::function<std::unique_ptr<writer::Store>(writer::Store& below)> store;
    /// May change the event and add others behind it.
    std::function<void(engine::Event& event, std::vector<engine::Event>& more)> event;
    std::function<void(engine::Event& event)> set_up;
    std::function<void(Bytes& frame)> answer;
};

}  // namespace mb::sim::world
