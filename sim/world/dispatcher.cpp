#include "sim/world/dispatcher.hpp"

#include "payment/channel_tasks.hpp"

#include <algorithm>

namespace mb::sim::world {

using engine::OutboxDone;
using engine::OutboxRow;
using engine::TaskKind;

void Dispatcher::committed(const std::vector<engine::Row>& rows) {
    for (const engine::Row& row : rows) {
        if (const auto* added = std::get_if<OutboxRow>(&row)) {
            add(*added, false);
        } else if (const auto* ended = std::get_if<OutboxDone>(&row)) {
            done(ended->id);
        }
    }
}

void Dispatcher::redeliver(const std::vector<OutboxRow>& rows) {
    for (const OutboxRow& row : rows) {
        add(row, true);
    }
}

std::vector<OutboxId> Dispatcher::open() const {
    std::vector<OutboxId> out;
    for (const auto& [id, task] : tasks_) {
        out.push_back(id);
    }
    return out;
}

void Dispatcher::add(const OutboxRow& row, bool redelivered) {
    tasks_[row.id] = Task{row, redelivered, false, 0};
    auto& queue = by_subject_[row.subject];
    queue.push_back(row.id);
    if (queue.size() == 1) {
        later(row.id, Duration::milliseconds(dice_.range(1, 20)));
    }
}

void Dispatcher::done(OutboxId id) {
    const auto found = tasks_.find(id);
    if (found == tasks_.end()) {
        return;
    }
    const Task task = found->second;
    tasks_.erase(found);
    if (task.started && task.row.command) {
        ports_.supersede(task.row.command);
    }
    const auto subject = by_subject_.find(task.row.subject);
    auto& queue = subject->second;
    const bool was_first = queue.front() == id;
    std::erase(queue, id);
    if (queue.empty()) {
        by_subject_.erase(subject);
    } else if (was_first) {
        later(queue.front(), Duration::milliseconds(dice_.range(1, 20)));
    }
}

void Dispatcher::later(OutboxId id, Duration wait) {
    core_.schedule.after(wait, [this, id, life = std::weak_ptr<int>(alive_)] {
        if (!life.expired()) {
            start(id);
        }
    });
}

void Dispatcher::start(OutboxId id) {
    const auto found = tasks_.find(id);
    if (found == tasks_.end()) {
        return;
    }
    Task& task = found->second;
    if (task.row.not_before > core_.now()) {
        later(id, task.row.not_before - core_.now());
        return;
    }
    const bool to_meter = task.row.kind == TaskKind::relay || task.row.kind == TaskKind::read;
    if (to_meter) {
        task.started = true;
        ports_.to_meter(task.row, task.redelivered);
    } else {
        run_channel(id);
    }
}

void Dispatcher::run_channel(OutboxId id) {
    Task& task = tasks_.at(id);
    ++task.tries;
    const Duration again = payment::retry_delay(task.tries);
    auto answer = ports_.to_channel(task.row);
    if (!answer) {
        later(id, again);
        return;
    }
    ports_.submit(std::move(*answer),
                  [this, id, again, life = std::weak_ptr<int>(alive_)](bool committed) {
                      if (!life.expired() && !committed) {
                          later(id, again);
                      }
                  });
}

}  // namespace mb::sim::world
