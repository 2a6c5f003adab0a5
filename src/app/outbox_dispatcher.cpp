#include "app/outbox_dispatcher.hpp"

#include "app/business_clock.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <chrono>

namespace mb::app {

namespace {

bool is_meter_task(const engine::OutboxRow& row) {
    return row.kind == engine::TaskKind::relay || row.kind == engine::TaskKind::read;
}

}  // namespace

OutboxDispatcher::OutboxDispatcher(const payment::ChannelBook& book, OutboxPorts ports, int workers)
    : book_(book), ports_(std::move(ports)) {
    for (int i = 0; i < workers; ++i) {
        workers_.emplace_back([this] { work(); });
    }
}

OutboxDispatcher::~OutboxDispatcher() { stop(); }

void OutboxDispatcher::stop() {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) {
        if (worker.joinable()) {
            worker.join();
        }
    }
}

void OutboxDispatcher::put(ProjectId project, const engine::OutboxRow& row, bool redelivered) {
    if (row.kind == engine::TaskKind::rerate) {
        ports_.to_rerate(project, row);
        return;
    }
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (is_meter_task(row)) {
            meter_tasks_[{project, row.id}] = row.command;
        } else {
            channel_tasks_[{project, row.id}] = ChannelTask{row, 0, {}, false};
        }
    }
    if (is_meter_task(row)) {
        ports_.to_meter(project, row, redelivered);
    } else {
        wake_.notify_one();
    }
}

void OutboxDispatcher::done(ProjectId project, OutboxId id) {
    CommandId command;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        channel_tasks_.erase({project, id});
        const auto found = meter_tasks_.find({project, id});
        if (found == meter_tasks_.end()) {
            return;
        }
        command = found->second;
        meter_tasks_.erase(found);
    }
    ports_.supersede(project, command);
}

void OutboxDispatcher::on_commit(ProjectId project, const engine::Effects& effects) {
    // A task put and done within one batch is never carried; a new attempt follows its old task's
    // end.
    std::vector<OutboxId> ended;
    for (const engine::Row& row : effects.rows()) {
        if (const auto* end = std::get_if<engine::OutboxDone>(&row)) {
            ended.push_back(end->id);
            done(project, end->id);
        }
    }
    for (const engine::Row& row : effects.rows()) {
        const auto* task = std::get_if<engine::OutboxRow>(&row);
        if (task != nullptr && std::find(ended.begin(), ended.end(), task->id) == ended.end()) {
            put(project, *task, false);
        }
    }
}

void OutboxDispatcher::redeliver(ProjectId project, const std::vector<engine::OutboxRow>& rows) {
    for (const engine::OutboxRow& row : rows) {
        put(project, row, true);
    }
}

std::size_t OutboxDispatcher::channel_tasks() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return channel_tasks_.size();
}

bool OutboxDispatcher::take(std::unique_lock<std::mutex>& lock, Key& key, engine::OutboxRow& row) {
    while (!stopping_) {
        const Instant now = wall_now();
        Instant next = now + Duration::seconds(1);
        for (auto& [id, task] : channel_tasks_) {
            if (task.running) {
                continue;
            }
            if (task.due_wall <= now) {
                task.running = true;
                key = id;
                row = task.row;
                return true;
            }
            next = std::min(next, task.due_wall);
        }
        wake_.wait_for(lock, std::chrono::microseconds((next - now).us));
    }
    return false;
}

void OutboxDispatcher::finished(const Key& key, bool answered) {
    const auto found = channel_tasks_.find(key);
    if (found == channel_tasks_.end()) {
        return;  // the engine ended it meanwhile
    }
    ChannelTask& task = found->second;
    task.running = false;
    // An answer that was taken ends the task by its commit; until then it rests.
    task.failures = answered ? 0 : task.failures + 1;
    task.due_wall =
        wall_now() + (answered ? Duration::seconds(30) : payment::retry_delay(task.failures));
}

void OutboxDispatcher::work() {
    std::unique_lock<std::mutex> lock(mutex_);
    Key key;
    engine::OutboxRow row;
    while (take(lock, key, row)) {
        lock.unlock();
        const auto event = payment::run_channel_task(book_, key.first, row,
                                                     ports_.notify_url(key.first, row.channel));
        if (!event) {
            log::warn("channel task {} of order {}: {}", row.id.value, row.order_no,
                      event.error().text());
        }
        const bool taken = event && ports_.submit(key.first, *event);
        lock.lock();
        finished(key, taken);
    }
}

}  // namespace mb::app
