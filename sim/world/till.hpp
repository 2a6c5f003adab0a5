// The payment side: two sandbox channels over a virtual network, the driver that talks to them, and
// the callbacks they owe us. Callbacks are judged by the production driver's verify(), with real
// signatures.
#pragma once

#include "payment/channel_tasks.hpp"
#include "payment/sandbox/sandbox.hpp"
#include "sim/channel/channel.hpp"
#include "sim/world/core.hpp"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace mb::sim::world {

struct TillPorts {
    std::function<bool()> up;
    /// A verified fact with its raw callback; `answer(status)` is called once unless the process
    /// dies.
    std::function<void(const payment::Channel&, const payment::PaymentFact&, std::string headers,
                       std::string body, std::function<void(int)> answer)>
        fact;
};

class Till {
public:
    explicit Till(Core& core);
    ~Till();

    void connect(TillPorts ports) { ports_ = std::move(ports); }
    /// One outbox task, to the channel and back; answers get lost (retryable).
    Result<engine::Event> run(const engine::OutboxRow& task);
    /// Somebody pays at the cashier's page. False: closed or unknown there.
    bool pay(const std::string& order_no);
    /// Genuine payments as their channels know them: "channel:transaction" → amount.
    [[nodiscard]] const std::map<std::string, Money>& paid() const { return paid_; }
    /// Callbacks answered 200: channel:transaction.
    [[nodiscard]] const std::set<std::string>& acknowledged() const { return acknowledged_; }
    /// Refused by their signature.
    [[nodiscard]] std::int64_t refused() const { return refused_; }

private:
    class Driver;
    struct Side {
        std::string name;
        std::unique_ptr<channel::Channel> channel;
        std::shared_ptr<Driver> driver;
    };

    bool pay_at(Side& side, const std::string& order_no);
    void plan_callbacks(std::size_t side);
    void send_callbacks(std::size_t side);
    void deliver(std::size_t side, const channel::Callback& callback);
    void answered(std::size_t side, std::int64_t id, int status);

    Core& core_;
    Random dice_;
    TillPorts ports_;
    std::array<Side, 2> sides_;
    payment::ChannelBook book_;
    std::map<std::string, Money> paid_;
    std::set<std::string> acknowledged_;
    std::int64_t refused_ = 0;
};

}  // namespace mb::sim::world
