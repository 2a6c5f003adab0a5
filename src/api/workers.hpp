// A few threads behind a bounded queue.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mb::api {

class Workers {
public:
    Workers(std::size_t threads, std::size_t queue_max);
    /// Ends what is under way; what waits is dropped.
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    /// False when the queue is full or the pool is ending. An exception of a job is logged.
    bool run(std::function<void()> job);
    [[nodiscard]] std::size_t waiting() const;

private:
    void work();

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> queue_;
    std::size_t queue_max_;
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace mb::api
