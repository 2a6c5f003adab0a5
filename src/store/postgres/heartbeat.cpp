#include "store/postgres/heartbeat.hpp"

#include "base/log.hpp"

namespace mb::store::postgres {

Heartbeat::Heartbeat(ConnectionOptions options, HeldLease& lease, std::chrono::milliseconds every)
    : options_(std::move(options)), lease_(lease), every_(every) {
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
    return lease_.beat(*connection_);
}

}  // namespace mb::store::postgres
