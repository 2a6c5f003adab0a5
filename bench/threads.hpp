// The threads of a server as app wires them: a reactor and a writer over one store, with clocks to
// read how busy they are.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "bench/metered_store.hpp"
#include "bench/place.hpp"
#include "net/reactor.hpp"
#include "writer/writer_thread.hpp"

namespace mb::bench {

/// A reactor on a thread of its own.
class ReactorThread {
public:
    ~ReactorThread() { stop(); }
    [[nodiscard]] net::Reactor& reactor() { return reactor_; }
    void start() {
        thread_ = std::thread([this] { reactor_.run(); });
    }
    /// What was made with the reactor may be used on this thread again.
    void stop() {
        reactor_.stop();
        if (thread_.joinable()) {
            thread_.join();
        }
    }
    /// Runs `ask` on the reactor's thread and waits for what it says.
    template <class Ask>
    auto on(Ask ask) -> decltype(ask()) {
        using Answer = decltype(ask());
        auto promise = std::make_shared<std::promise<Answer>>();
        std::future<Answer> answer = promise->get_future();
        reactor_.post([promise, ask] { promise->set_value(ask()); });
        return answer.get();
    }

private:
    net::Reactor reactor_;
    std::thread thread_;
};

/// CPU time since their threads began.
struct CpuUse {
    ThreadCpu reactor;
    std::int64_t writer_us = 0;  // its whole thread
    std::int64_t store_us = 0;   // of that, inside the store
};

class ServerThreads {
public:
    /// Loads `set_up` into the empty store of `place` at business time `now`. Errors: as
    /// Place::open(). Throws StoreUnavailable.
    static Result<std::unique_ptr<ServerThreads>> make(Place& place,
                                                       std::vector<engine::Event> set_up,
                                                       Instant now);
    ~ServerThreads() { stop(); }

    [[nodiscard]] net::Reactor& reactor() { return reactor_.reactor(); }
    [[nodiscard]] ReactorThread& reactor_thread() { return reactor_; }
    [[nodiscard]] writer::WriterThread& writer() { return *thread_; }
    [[nodiscard]] store::Database& database() { return store_->database(); }
    [[nodiscard]] store::MeterLists& lists() { return store_->lists(); }
    /// Called after each commit; to be set before start().
    void on_commit(writer::CommitListener listener) { listener_ = std::move(listener); }
    /// `clock`: from any thread.
    void set_clock(writer::Clock clock);
    void start();
    /// The reactor ends, then the writer drains its queue, flushes and takes a checkpoint.
    void stop();

    /// Between start() and stop(), and not on the reactor's thread.
    CpuUse cpu();
    [[nodiscard]] std::int64_t durable_readings() const { return thread_->counters().readings; }
    /// The writer gave up: the store broke.
    [[nodiscard]] bool failed() const { return failed_; }

private:
    explicit ServerThreads(std::unique_ptr<store::OpenStore> store);

    std::unique_ptr<store::OpenStore> store_;
    MeteredStore metered_;
    writer::CommitListener listener_;
    writer::Writer writer_;
    std::atomic<bool> failed_{false};
    std::atomic<pthread_t> writer_id_{};
    std::unique_ptr<writer::WriterThread> thread_;
    ReactorThread reactor_;
};

}  // namespace mb::bench
