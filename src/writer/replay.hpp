// A start: the last checkpoint plus the log behind it. Replay rebuilds state and never emits
// effects again.
#pragma once

#include "engine/engine.hpp"
#include "writer/store.hpp"

#include <functional>

namespace mb::writer {

/// The log and the engine disagree: a log row of another engine version, a checkpoint of a newer
/// one or that this one cannot take over, a broken chain, or other effects than recorded. The
/// process must not go on.
struct ReplayRefused : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Loaded {
    engine::Engine engine;
    std::int64_t seq = 0;  // last row applied
    Hash log_hash{};       // of it
    engine::Now now;       // of it
    std::int64_t replayed_events = 0;
    bool upgraded = false;  // from the checkpoint of an older engine version: every view is dirty
};

/// Called for each replayed batch with what it did (outcomes of commits whose answer was lost).
using ReplayListener = std::function<void(const LogRow&, const engine::Effects&)>;

/// Checkpoints of older engine versions are read, log rows of other versions are not: an upgrade
/// begins behind a clean stop. `from`: the checkpoint to start with, nullptr = from the beginning.
/// `to`: last row to apply, 0 = all. Throws ReplayRefused, StoreCorrupt, StoreUnavailable.
Loaded replay(Store& store, ProjectId project, const CheckpointInfo* from, std::int64_t to = 0,
              const ReplayListener& listener = {});

/// From the newest usable checkpoint: a damaged newest one falls back to the one before it.
Loaded load_newest(Store& store, ProjectId project);

/// Events of a log row. Throws StoreCorrupt.
std::vector<engine::Event> decode_events(const LogRow& row);

}  // namespace mb::writer
