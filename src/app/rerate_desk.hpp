// Carries the outbox's tasks to rate a service point anew: takes the engine's facts in one moment,
// reads the closed days, rates, and tells the engine; when something came in meanwhile, once more.
#pragma once

#include "engine/effects.hpp"
#include "engine/events.hpp"
#include "engine/point_snapshot.hpp"
#include "store/database.hpp"

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

namespace mb::app {

struct RerateDeskPorts {
    /// On the writer's thread, between two batches; nullopt: it stops, or the point is not there.
    std::function<std::optional<engine::PointSnapshot>(ProjectId, ServicePointId)> snapshot;
    /// Waits for the outcome.
    std::function<engine::EventOutcome(ProjectId, engine::Event)> submit;
};

class RerateDesk {
public:
    RerateDesk(store::Database& database, RerateDeskPorts ports);
    ~RerateDesk();

    /// Never blocks.
    void put(ProjectId project, const engine::OutboxRow& task);
    void stop();
    [[nodiscard]] std::size_t waiting() const;

private:
    void work();
    /// False: to be tried again.
    bool rerate(ProjectId project, const engine::OutboxRow& task);

    store::Database& database_;
    RerateDeskPorts ports_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::map<std::pair<ProjectId, OutboxId>, engine::OutboxRow> tasks_;
    bool stopping_ = false;
    std::thread worker_;
};

}  // namespace mb::app
