// A write transaction whose body may run again.
#pragma once

#include <chrono>
#include <random>
#include <thread>
#include <type_traits>
#include <utility>

#include "store/database.hpp"
#include "writer/store.hpp"

namespace mb::store {

/// Two transactions stood in each other's way and the engine gave this one up, whole: nothing of it
/// happened, it may run again. To who does not, it is any StoreUnavailable.
struct StoreConflict : writer::StoreUnavailable {
    explicit StoreConflict(const std::string& what)
        : writer::StoreUnavailable(what, false, false) {}
};

constexpr int conflict_attempts_max = 6;

/// 1, 2, 4 … 16 ms, shortened by chance by up to a half, so that two do not meet again.
inline void wait_after_conflict(int attempt) {
    thread_local std::minstd_rand chance{std::random_device{}()};
    const int most_us = 1000 << (attempt - 1);
    std::uniform_int_distribution<int> spread(most_us / 2, most_us);
    std::this_thread::sleep_for(std::chrono::microseconds(spread(chance)));
}

/// Runs body(session) in one write transaction and commits; on a StoreConflict again, so the body
/// must show nothing of its work to anybody before this returns. Gives what the body gives. Throws
/// what the body and the seam throw; the last StoreConflict after conflict_attempts_max.
template <class Body>
auto retrying(Database& database, Durability durability, Body&& body) {
    for (int attempt = 1;; ++attempt) {
        try {
            const Lease session = database.write();
            Transaction transaction(*session, durability);
            if constexpr (std::is_void_v<decltype(body(*session))>) {
                body(*session);
                transaction.commit();
                return;
            } else {
                auto out = body(*session);
                transaction.commit();
                return out;
            }
        } catch (const StoreConflict&) {
            if (attempt == conflict_attempts_max) {
                throw;
            }
        }
        wait_after_conflict(attempt);
    }
}

}  // namespace mb::store
