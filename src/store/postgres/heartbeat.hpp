// The writer lease's heartbeat: a thread with a connection of its own, because the writer may be
// busy for long (a replay at the start) while its server lives.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "store/postgres/connection.hpp"
#include "store/postgres/held_lease.hpp"

namespace mb::store::postgres {

class Heartbeat {
public:
    /// Raises the heartbeat of `lease` every `every` until another has it. What fails is tried
    /// again with the next beat.
    Heartbeat(ConnectionOptions options, HeldLease& lease, std::chrono::milliseconds every);
    Heartbeat(const Heartbeat&) = delete;
    Heartbeat& operator=(const Heartbeat&) = delete;
    ~Heartbeat();

private:
    void run();
    /// False once another has the lease.
    bool beat();

    ConnectionOptions options_;
    HeldLease& lease_;
    std::chrono::milliseconds every_;
    std::unique_ptr<Connection> connection_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace mb::store::postgres
