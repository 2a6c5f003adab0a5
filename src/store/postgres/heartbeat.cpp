#include "store/postgres/heartbeat.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace mb::store::postgres {

namespace {

std::int64_t wall_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace

Heartbeat::Heartbeat(ConnectionOptions options, WriterLease lease, std::chrono::milliseconds every)
    : options_(std::move(options)), lease_(std::move(lease)), every_(every) {
    thread_ = std::thread([this] { run(); });
}

Heartbeat::~Heartbeat() {
    {
        const std::lock_guard guard(mutex_);
        stop_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void Heartbeat::run() {
    std::unique_lock guard(mutex_);
    while (!wake_.wait_for(guard, every_, [this] { return stop_; })) {
        guard.unlock();
        bool mine = true;
        try {
            mine = beat();
        } catch (const std::exception& why) {
            log::warn("no heartbeat of the writer lease: {}", why.what());
            connection_.reset();
        }
        guard.lock();
        if (!mine) {
            return;
        }
    }
}

bool Heartbeat::beat() {
    if (!connection_ || !connection_->alive()) {
        connection_ = std::make_unique<Connection>(options_);
    }
    const auto seen = read_lease(*connection_);
    if (!seen || seen->epoch != lease_.epoch) {
        log::error("the writer lease went to {}: the next batch of this server fails",
                   seen ? seen->holder : "nobody");
        return false;
    }
    WriterLease next = *seen;
    next.heartbeat_at.us = std::max(wall_us(), seen->heartbeat_at.us + 1);
    change_lease(*connection_, seen, next);
    return true;
}

}  // namespace mb::store::postgres
