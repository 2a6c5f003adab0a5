#include "net/reactor.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>

#include "base/check.hpp"
#include "net/reactor_core.hpp"

namespace mb::net {

namespace asio = boost::asio;

bool Poster::post(std::function<void()> task) const {
    if (!core_) return false;
    const std::lock_guard lock(core_->mutex);
    if (!core_->context) return false;
    asio::post(*core_->context, std::move(task));
    return true;
}

Reactor::Reactor() : core_(std::make_shared<ReactorCore>()) {
    core_->context = std::make_unique<asio::io_context>(1);
}

Reactor::~Reactor() {
    std::unique_ptr<asio::io_context> last;
    {
        const std::lock_guard lock(core_->mutex);
        last = std::move(core_->context);
    }
    // Tasks that never ran are destroyed here, outside the lock: they may post in their
    // destructors.
    last.reset();
}

namespace {

class OnThisThread {
public:
    explicit OnThisThread(ReactorCore& core) : core_(core) {
        core_.thread = std::this_thread::get_id();
    }
    ~OnThisThread() { core_.thread = std::thread::id(); }
    OnThisThread(const OnThisThread&) = delete;
    OnThisThread& operator=(const OnThisThread&) = delete;

private:
    ReactorCore& core_;
};

}  // namespace

void Reactor::run() {
    const OnThisThread mark(*core_);
    core_->io().restart();
    const auto work = asio::make_work_guard(core_->io());
    core_->io().run();
}

void Reactor::run_for(Duration wall) {
    const OnThisThread mark(*core_);
    core_->io().restart();
    const auto work = asio::make_work_guard(core_->io());
    core_->io().run_for(std::chrono::microseconds(wall.us));
}

void Reactor::stop() {
    const std::lock_guard lock(core_->mutex);
    if (core_->context) core_->context->stop();
}

bool Reactor::on_reactor_thread() const { return core_->thread == std::this_thread::get_id(); }

namespace {

void wait_for_signal(const std::shared_ptr<asio::signal_set>& signals,
                     std::function<void(int)> on_signal) {
    signals->async_wait([signals, on_signal = std::move(on_signal)](
                            const boost::system::error_code& code, int signal) {
        if (code) return;
        on_signal(signal);
        wait_for_signal(signals, on_signal);
    });
}

}  // namespace

void Reactor::on_stop_signals(std::function<void(int)> on_signal) {
    wait_for_signal(std::make_shared<asio::signal_set>(core_->io(), SIGINT, SIGTERM),
                    std::move(on_signal));
}

struct Timer::State {
    explicit State(asio::io_context& io) : timer(io) {}
    asio::steady_timer timer;
    std::function<void()> call;
    std::uint64_t round = 0;  // tells a call that was cancelled when already due
};

Timer::Timer(Reactor& reactor) : state_(std::make_shared<State>(reactor.core()->io())) {}
Timer::~Timer() {
    if (state_) cancel();
}
Timer::Timer(Timer&&) noexcept = default;
Timer& Timer::operator=(Timer&& other) noexcept {
    if (this != &other) {
        if (state_) cancel();
        state_ = std::move(other.state_);
    }
    return *this;
}

void Timer::after(Duration wall, std::function<void()> call) {
    State& state = *state_;
    const std::uint64_t round = ++state.round;
    state.call = std::move(call);
    state.timer.expires_after(std::chrono::microseconds(wall.us));
    state.timer.async_wait(
        [weak = std::weak_ptr(state_), round](const boost::system::error_code& code) {
            const std::shared_ptr<State> held = weak.lock();
            if (code || !held || held->round != round) return;
            const std::function<void()> due = std::exchange(held->call, nullptr);
            due();
        });
}

void Timer::cancel() {
    ++state_->round;
    state_->call = nullptr;
    state_->timer.cancel();
}

bool Timer::pending() const { return static_cast<bool>(state_->call); }

}  // namespace mb::net
