// Carries the outbox's rows like the server's own dispatcher does, over virtual time: relay and
// read tasks to the head-end, channel tasks to the payment channel, one at a time per subject,
// again until the engine says that a row is done. Belongs to one life of the process.
#pragma once

#include "engine/effects.hpp"
#include "engine/events.hpp"
#include "sim/random.hpp"
#include "sim/world/core.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mb::sim::world {

struct DispatcherPorts {
    std::function<void(const engine::OutboxRow&, bool redelivered)> to_meter;
    std::function<void(CommandId)> supersede;
    /// The event to submit, or an error to try again.
    std::function<Result<engine::Event>(const engine::OutboxRow&)> to_channel;
    /// `done(committed)` is called once, unless the process dies.
    std::function<void(engine::Event, std::function<void(bool)> done)> submit;
};

class Dispatcher {
public:
    Dispatcher(Core& core, DispatcherPorts ports)
        : core_(core), ports_(std::move(ports)), dice_(core.random.split("dispatcher")) {}

    void committed(const std::vector<engine::Row>& rows);
    void redeliver(const std::vector<engine::OutboxRow>& rows);
    /// Ids of the rows it still carries, ascending.
    [[nodiscard]] std::vector<OutboxId> open() const;

private:
    struct Task {
        engine::OutboxRow row;
        bool redelivered = false;
        bool started = false;
        int tries = 0;
    };
    void add(const engine::OutboxRow& row, bool redelivered);
    void done(OutboxId id);
    void start(OutboxId id);
    void later(OutboxId id, Duration wait);
    void run_channel(OutboxId id);

    Core& core_;
    DispatcherPorts ports_;
    Random dice_;
    std::map<OutboxId, Task> tasks_;
    std::map<std::string, std::deque<OutboxId>> by_subject_;
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // what was planned dies with this
};

}  // namespace mb::sim::world
