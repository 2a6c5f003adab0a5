#include "app/rerate_desk.hpp"

#include "base/log.hpp"
#include "store/point_history.hpp"
#include "writer/store.hpp"

#include <chrono>

namespace mb::app {

namespace {

constexpr std::chrono::milliseconds rest_after_failure{500};

}  // namespace

RerateDesk::RerateDesk(store::Database& database, RerateDeskPorts ports)
    : database_(database), ports_(std::move(ports)), worker_([this] { work(); }) {}

RerateDesk::~RerateDesk() { stop(); }

void RerateDesk::stop() {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (worker_.joinable()) {
        worker_.join();
    }
}

void RerateDesk::put(ProjectId project, const engine::OutboxRow& task) {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        tasks_[{project, task.id}] = task;
    }
    wake_.notify_one();
}

std::size_t RerateDesk::waiting() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return tasks_.size();
}

bool RerateDesk::rerate(ProjectId project, const engine::OutboxRow& task) {
    const auto point = engine::rerated_point(task);
    auto snapshot = point ? ports_.snapshot(project, *point) : std::nullopt;
    if (!snapshot || snapshot->task != task.id) {
        return snapshot.has_value() || !point;  // done already, or the writer stops
    }
    engine::Event event;
    try {
        auto rated = store::rerate_point(database_, project, std::move(*snapshot));
        if (rated) {
            event = std::move(*rated);
        } else {
            event = engine::RerateFailed{*point, task.id, rated.error().code, rated.error().text()};
        }
    } catch (const writer::StoreUnavailable& why) {
        log::warn("re-rating of service point {}: {}", point->value, why.what());
        return false;
    } catch (const writer::StoreCorrupt& why) {
        event = engine::RerateFailed{*point, task.id, "store.corrupt", why.what()};
    }
    const engine::EventOutcome outcome = ports_.submit(project, std::move(event));
    return !outcome.refused || !outcome.error.retryable;
}

void RerateDesk::work() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!stopping_) {
        if (tasks_.empty()) {
            wake_.wait(lock);
            continue;
        }
        // The oldest first; one that failed waits behind the others.
        bool all_failed = true;
        auto round = tasks_;
        for (const auto& [key, task] : round) {
            lock.unlock();
            const bool done = rerate(key.first, task);
            lock.lock();
            if (done) {
                tasks_.erase(key);
                all_failed = false;
            }
            if (stopping_) {
                return;
            }
        }
        if (all_failed) {
            wake_.wait_for(lock, rest_after_failure, [&] { return stopping_; });
        }
    }
}

}  // namespace mb::app
