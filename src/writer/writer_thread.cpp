#include "writer/writer_thread.hpp"

#include "base/log.hpp"

#include <chrono>
#include <future>

namespace mb::writer {

namespace {

constexpr std::chrono::milliseconds batch_window{50};
constexpr std::chrono::milliseconds idle_step{20};  // timers are looked at so often
// After a failure of the store: each one costs a replay of the log behind the checkpoint.
constexpr std::chrono::milliseconds failure_rest{200};
constexpr int stop_attempts_max = 10;
constexpr std::chrono::seconds inspect_within{10};

engine::EventOutcome busy() {
    engine::EventOutcome out;
    out.refused = true;
    out.error = error("store.busy", ErrorKind::unavailable);
    out.error.retryable = true;
    return out;
}

}  // namespace

WriterThread::WriterThread(Writer& writer, Clock clock,
                           std::function<void(const std::string&)> fatal)
    : writer_(writer), clock_(std::move(clock)), fatal_(std::move(fatal)) {}

WriterThread::~WriterThread() { stop(); }

void WriterThread::start() {
    stopping_ = false;
    stopped_ = false;
    last_flush_wall_ = clock_().wall;
    thread_ = std::thread([this] { run(); });
}

void WriterThread::stop() {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

bool WriterThread::submit(Submission submission) {
    const bool urgent = engine::is_urgent(submission.event);
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (stopping_ || stopped_ || incoming_.size() >= incoming_max_) {
            return false;
        }
        incoming_.push_back(std::move(submission));
        urgent_ = urgent_ || urgent;
    }
    wake_.notify_one();
    return true;
}

engine::EventOutcome WriterThread::submit_and_wait(Submission submission, Duration wall_deadline) {
    auto promise = std::make_shared<std::promise<engine::EventOutcome>>();
    std::future<engine::EventOutcome> future = promise->get_future();
    submission.done = [promise](const engine::EventOutcome& outcome) {
        promise->set_value(outcome);
    };
    if (!submit(std::move(submission)) ||
        future.wait_for(std::chrono::microseconds(wall_deadline.us)) != std::future_status::ready) {
        return busy();
    }
    return future.get();
}

struct WriterThread::Inspection {
    const std::function<void(const Writer&)>* look = nullptr;  // nullptr: given up
    bool done = false;
    bool called = false;
};

bool WriterThread::inspect(const std::function<void(const Writer&)>& look) {
    auto inspection = std::make_shared<Inspection>();
    inspection->look = &look;
    std::unique_lock<std::mutex> lock(mutex_);
    if (stopped_) {
        return false;
    }
    inspections_.push_back(inspection);
    wake_.notify_one();
    inspected_.wait_for(lock, inspect_within, [&] { return inspection->done || stopped_; });
    inspection->look = nullptr;
    return inspection->called;
}

/// Under the lock, which keeps the waiting ones waiting: a look is short.
void WriterThread::let_inspect() {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& inspection : inspections_) {
        if (inspection->look != nullptr) {
            (*inspection->look)(writer_);
            inspection->called = true;
        }
        inspection->done = true;
    }
    if (!inspections_.empty()) {
        inspections_.clear();
        inspected_.notify_all();
    }
}

WriterCounters WriterThread::counters() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return counters_;
}

std::size_t WriterThread::queued() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return incoming_.size();
}

void WriterThread::wait_for_work(std::unique_lock<std::mutex>& lock) {
    if (incoming_.empty() && inspections_.empty() && !stopping_) {
        wake_.wait_for(lock, idle_step);
    }
    if (!incoming_.empty() && !urgent_ && !stopping_) {
        wake_.wait_for(lock, batch_window,
                       [&] { return urgent_ || stopping_ || incoming_.size() >= 8192; });
    }
}

void WriterThread::run() {
    try {
        run_loop();
    } catch (const std::exception& why) {
        log::error("writer stopped: {}", why.what());
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            stopped_ = true;
            incoming_.clear();
        }
        inspected_.notify_all();
        fatal_(why.what());
    }
}

void WriterThread::run_loop() {
    for (;;) {
        std::vector<Submission> taken;
        bool stopping = false;
        {
            std::unique_lock<std::mutex> lock(mutex_);
            counters_ = writer_.counters();
            wait_for_work(lock);
            taken.swap(incoming_);
            urgent_ = false;
            stopping = stopping_;
        }
        for (Submission& submission : taken) {
            if (!writer_.submit(std::move(submission)) && submission.done) {
                submission.done(busy());
            }
        }
        const std::int64_t failures = writer_.counters().commit_failures;
        bool more = true;
        while (more) {
            more = writer_.run_batch(clock_()) && writer_.queued() > 0;
        }
        let_inspect();
        const bool kept = keep_up(taken.size(), stopping);
        if (stopping && (kept || ++stop_attempts_ == stop_attempts_max)) {
            if (!kept) {
                log::error(
                    "stopped without a checkpoint; nothing is lost, the next start replays the "
                    "log");
            }
            const std::lock_guard<std::mutex> lock(mutex_);
            counters_ = writer_.counters();
            stopped_ = true;
            inspected_.notify_all();
            return;
        }
        const WriterCounters& counted = writer_.counters();
        if (!kept || counted.down || counted.commit_failures != failures) {
            std::this_thread::sleep_for(failure_rest);
        }
    }
}

/// Flushes, takes checkpoints that are due, or all of both at the end. False: the store would not
/// have it.
bool WriterThread::keep_up(std::size_t load, bool stopping) {
    const Instant wall = clock_().wall;
    try {
        if (wall - last_flush_wall_ >= Duration::milliseconds(250) || stopping) {
            last_flush_wall_ = wall;
            // Under load a slice between batches keeps up; at rest everything goes at once.
            while (writer_.flush_slice() && load < 4096) {
            }
        }
        if (stopping) {
            writer_.stop(wall);
        } else {
            while (writer_.checkpoint_slice(wall) && load < 4096) {
            }
        }
    } catch (const StoreUnavailable& why) {
        if (why.must_stop) {
            throw;
        }
        if (keep_up_failures_++ % 300 == 0) {
            log::error("flush: {} (failure {} in a row)", why.what(), keep_up_failures_);
        }
        return false;
    }
    keep_up_failures_ = 0;
    return true;
}

}  // namespace mb::writer
