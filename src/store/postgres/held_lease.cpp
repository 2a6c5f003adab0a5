#include "store/postgres/held_lease.hpp"

#include <algorithm>
#include <chrono>

#include "base/log.hpp"
#include "writer/store.hpp"

namespace mb::store::postgres {

namespace {

// A beat that a stopped server gets to late may come between; more than that does not.
constexpr int raise_attempts_max = 3;

std::int64_t wall_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

WriterLease beaten(const WriterLease& seen) {
    WriterLease next = seen;
    next.heartbeat_at.us = std::max(wall_us(), seen.heartbeat_at.us + 1);
    return next;
}

}  // namespace

/// Whether the row is ours; takes over an epoch that an earlier raise() had put there after all.
bool HeldLease::adopt(const std::optional<WriterLease>& seen) {
    if (!seen || seen->epoch == epoch_) {
        return seen.has_value();
    }
    const bool ours = std::any_of(tried_.begin(), tried_.end(), [&](const WriterLease& one) {
        return one.epoch == seen->epoch && one.holder == seen->holder &&
               one.folder == seen->folder && one.heartbeat_at == seen->heartbeat_at;
    });
    if (ours) {
        epoch_ = seen->epoch;
    }
    return ours;
}

bool HeldLease::beat(Session& session) {
    const std::lock_guard guard(mutex_);
    const auto seen = read_lease(session);
    if (!adopt(seen)) {
        log::error("the writer lease went to {}: the next batch of this server fails",
                   seen ? seen->holder : "nobody");
        return false;
    }
    change_lease(session, seen, beaten(*seen));
    return true;
}

void HeldLease::raise(Session& session) {
    const std::lock_guard guard(mutex_);
    for (int attempt = 0; attempt < raise_attempts_max; ++attempt) {
        const auto seen = read_lease(session);
        if (!adopt(seen)) {
            throw writer::StoreUnavailable("postgres: another server has taken the writer lease",
                                           false, true);
        }
        WriterLease next = beaten(*seen);
        ++next.epoch;
        tried_.push_back(next);
        if (change_lease(session, seen, next)) {
            epoch_ = next.epoch;
            tried_.clear();
            return;
        }
    }
    throw writer::StoreUnavailable("postgres: the writer lease changes under our hands", false,
                                   false);
}

void HeldLease::give_back(Session& session) {
    const std::lock_guard guard(mutex_);
    const auto seen = read_lease(session);
    if (adopt(seen)) {
        WriterLease given_back = *seen;
        given_back.holder.clear();
        given_back.folder = "";
        change_lease(session, seen, given_back);
    }
}

}  // namespace mb::store::postgres
