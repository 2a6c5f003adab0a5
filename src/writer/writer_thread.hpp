// A thread around the writer: batches close at once for money and relays, at 8 192 events or 50 ms
// for readings; between batches the dirty set is flushed and checkpoints are taken.
#pragma once

#include "writer/writer.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace mb::writer {

using Clock = std::function<engine::Now()>;

class WriterThread {
public:
    /// `writer` is loaded already. `fatal` is called once, on the writer's thread, when the process
    /// must end (an fsync failed, or an exception nobody expected).
    WriterThread(Writer& writer, Clock clock, std::function<void(const std::string&)> fatal);
    ~WriterThread();

    void start();
    /// Drains the queue, flushes, takes checkpoints; after two seconds of failures of the store it
    /// ends without the latter. Submissions after it are refused.
    void stop();

    /// From any thread. False: the queue is full or the writer stopped; `done` is not called.
    bool submit(Submission submission);
    /// Waits for the outcome; `store.busy` when the queue is full or the deadline passed (then the
    /// event may still happen: ask again with the same idempotency key).
    engine::EventOutcome submit_and_wait(Submission submission, Duration wall_deadline);

    /// Calls `look` on the writer's thread between two batches and waits for it. False: the writer
    /// stopped, or did not come to it within ten seconds; then `look` is not called any more.
    bool inspect(const std::function<void(const Writer&)>& look);

    [[nodiscard]] WriterCounters counters() const;
    [[nodiscard]] std::size_t queued() const;

private:
    void run();
    void run_loop();
    bool keep_up(std::size_t load, bool stopping);
    void let_inspect();
    void wait_for_work(std::unique_lock<std::mutex>& lock);

    Writer& writer_;
    Clock clock_;
    std::function<void(const std::string&)> fatal_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable inspected_;
    std::vector<Submission> incoming_;  // handed to the writer between batches
    struct Inspection;
    std::vector<std::shared_ptr<Inspection>> inspections_;
    std::size_t incoming_max_ = 65'536;
    bool urgent_ = false;
    bool stopping_ = false;
    bool stopped_ = true;
    Instant last_flush_wall_;
    int stop_attempts_ = 0;
    std::int64_t keep_up_failures_ = 0;
    WriterCounters counters_;
    std::thread thread_;
};

}  // namespace mb::writer
