// What a later version makes of the state that an earlier one left, beyond what reading by names
// does by itself: a new member has the default of its struct, and here it gets what it should hold
// for a project that is older than it is. Internal to the room.
#pragma once

#include "engine/state.hpp"

#include <span>

namespace mb::engine {

/// Brings a state from any version before `to` up to it. A step may only look at the state, so that
/// every start gives the same; to rename a member or to give it another kind, keep the old one
/// described beside the new one and move it here.
struct UpgradeStep {
    int to = 0;
    void (*run)(State& state) = nullptr;
};

/// The program's steps, by version.
std::span<const UpgradeStep> upgrade_steps();

/// Runs what a state of version `from` has not had yet, in the order of `steps`.
void upgrade_state(State& state, int from, std::span<const UpgradeStep> steps = upgrade_steps());

}  // namespace mb::engine
