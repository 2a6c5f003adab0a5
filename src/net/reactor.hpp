// The event loop for sockets and wall-clock timers: one thread runs it, every callback of room net
// runs on that thread. Boost.Asio is behind it and is seen by net's .cpp files only
// (reactor_core.hpp).
#pragma once

#include <functional>
#include <memory>

#include "base/time.hpp"

namespace mb::net {

struct ReactorCore;

/// Posts to a reactor from any thread; outlives it safely (then nothing happens and the task is
/// dropped).
class Poster {
public:
    Poster() = default;
    explicit Poster(std::shared_ptr<ReactorCore> core) : core_(std::move(core)) {}
    /// False when the reactor is gone. The task runs later, on the reactor's thread, never inside
    /// post().
    bool post(std::function<void()> task) const;

private:
    std::shared_ptr<ReactorCore> core_;
};

class Reactor {
public:
    Reactor();
    /// Everything that was made with it (timers, links, listeners, servers) should be gone by now.
    ~Reactor();
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;

    /// Runs callbacks on the calling thread until stop(). May be called again afterwards. An
    /// exception of a callback leaves run().
    void run();
    /// Runs what is ready or becomes ready within `wall`; for tests. Returns early after stop().
    void run_for(Duration wall);
    /// From any thread or from a callback.
    void stop();
    void post(std::function<void()> task) const { (void)poster().post(std::move(task)); }
    [[nodiscard]] Poster poster() const { return Poster(core_); }
    /// Calls `on_signal` at each SIGINT or SIGTERM, on the reactor's thread. Once per process.
    void on_stop_signals(std::function<void(int signal)> on_signal);
    [[nodiscard]] bool on_reactor_thread() const;

    [[nodiscard]] const std::shared_ptr<ReactorCore>& core() const { return core_; }

private:
    std::shared_ptr<ReactorCore> core_;
};

/// One pending call. Wall time, never scaled. Use on the reactor's thread.
class Timer {
public:
    explicit Timer(Reactor& reactor);
    /// Cancels.
    ~Timer();
    Timer(Timer&&) noexcept;
    Timer& operator=(Timer&&) noexcept;

    /// Replaces the call that is pending, if any. `wall` ≤ 0 calls at the next turn of the loop.
    void after(Duration wall, std::function<void()> call);
    /// After this the call does not happen, even when it was already due.
    void cancel();
    [[nodiscard]] bool pending() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace mb::net
