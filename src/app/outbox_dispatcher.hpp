// Carries what the engine put into the outbox: relay and read tasks to the head-end, channel tasks
// to payment workers. Woken after each commit; the store is scanned only at a start, and what it
// gives is marked as redelivered. A task is done when the engine says so, not when it was carried.
#pragma once

#include "engine/effects.hpp"
#include "payment/channel_tasks.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace mb::app {

struct OutboxPorts {
    /// Relay and read tasks; any thread.
    std::function<void(ProjectId, const engine::OutboxRow&, bool redelivered)> to_meter;
    /// Tasks to rate a point anew; any thread.
    std::function<void(ProjectId, const engine::OutboxRow&)> to_rerate;
    /// The engine wants the command no more.
    std::function<void(ProjectId, CommandId)> supersede;
    /// False: the writer's queue is full.
    std::function<bool(ProjectId, engine::Event)> submit;
    /// Where the channel calls back for this project and channel.
    std::function<std::string(ProjectId, const std::string& channel)> notify_url;
};

class OutboxDispatcher {
public:
    OutboxDispatcher(const payment::ChannelBook& book, OutboxPorts ports, int workers);
    ~OutboxDispatcher();

    /// After a commit, on the writer's thread: never blocks.
    void on_commit(ProjectId project, const engine::Effects& effects);
    /// At a start.
    void redeliver(ProjectId project, const std::vector<engine::OutboxRow>& rows);
    void stop();

    [[nodiscard]] std::size_t channel_tasks() const;

private:
    using Key = std::pair<ProjectId, OutboxId>;
    struct ChannelTask {
        engine::OutboxRow row;
        int failures = 0;
        Instant due_wall;  // 0: now
        bool running = false;
    };

    void put(ProjectId project, const engine::OutboxRow& row, bool redelivered);
    void done(ProjectId project, OutboxId id);
    void work();
    bool take(std::unique_lock<std::mutex>& lock, Key& key, engine::OutboxRow& row);
    void finished(const Key& key, bool answered);

    const payment::ChannelBook& book_;
    OutboxPorts ports_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::map<Key, CommandId> meter_tasks_;
    std::map<Key, ChannelTask> channel_tasks_;
    bool stopping_ = false;
    std::vector<std::thread> workers_;
};

}  // namespace mb::app
