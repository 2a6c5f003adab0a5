// The writer lease as this process holds it: the row's heartbeat, and its epoch, which rises
// whenever the connection that writes is replaced. What the old connection may still be doing on
// the server then either has ended or is refused by its fence, however late a stopped PostgreSQL
// gets to it.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "store/writer_lease.hpp"

namespace mb::store::postgres {

class HeldLease {
public:
    explicit HeldLease(const WriterLease& lease) : epoch_(lease.epoch) {}

    [[nodiscard]] std::int64_t epoch() const { return epoch_; }
    /// Raises the heartbeat by this process's wall clock. False once another has the lease.
    bool beat(Session& session);
    /// Waits for a batch that holds the row, at most its lock_timeout. Throws StoreUnavailable;
    /// with must_stop when another has the lease.
    void raise(Session& session);
    /// So that the next one need not wait. Nothing where another has it.
    void give_back(Session& session);

private:
    [[nodiscard]] bool adopt(const std::optional<WriterLease>& seen);

    std::mutex mutex_;                // held over a change of the row
    std::vector<WriterLease> tried_;  // raised to this, and what came of it is unknown
    std::atomic<std::int64_t> epoch_;
};

}  // namespace mb::store::postgres
