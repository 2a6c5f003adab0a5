#include "sim/world/till.hpp"

#include "base/check.hpp"

#include <algorithm>

namespace mb::sim::world {

namespace {

constexpr const char* merchant = "meterbook-demo";

Error no_answer() {
    Error out = error("payment.unknown_outcome", ErrorKind::unavailable);
    out.retryable = true;
    return out;
}

payment::QueryAnswer state_of(const channel::ChannelOrder& order) {
    payment::QueryAnswer out;
    if (order.state == channel::PayState::closed) {
        out.state = payment::ChannelState::closed;
    } else if (order.state == channel::PayState::paid) {
        out.state = payment::ChannelState::paid;
        out.fact = {order.event_id, order.transaction_id, order.request.order_no,
                    Money{order.paid_amount_fen}, order.paid_at};
    }
    return out;
}

}  // namespace

/// The merchant's side over the virtual network: requests and answers get lost, the machine behind
/// has then done it or not.
class Till::Driver final : public payment::Channel {
public:
    Driver(Core& core, std::string name, std::int32_t number, std::string secret,
           channel::Channel& machine)
        : core_(core),
          dice_(core.random.split("driver " + name)),
          name_(std::move(name)),
          number_(number),
          machine_(machine),
          judge_({"http://sandbox.invalid", merchant, std::move(secret), number, {}},
                 [&core] { return core.now(); }) {}

    [[nodiscard]] const std::string& name() const override { return name_; }
    [[nodiscard]] std::int32_t number() const override { return number_; }

    Result<std::string> create(const payment::PayOrder& order) override {
        TRY_VOID(network());
        const auto made =
            machine_.create({merchant, order.project.text(), order.order_no, order.amount.fen,
                             "CNY", order.notify_url, order.description});
        TRY_VOID(network());
        if (!made) {
            return fail(
                error("payment.refused", ErrorKind::unprocessable).with("code", made.error().code));
        }
        return "http://sandbox.invalid/pay/" + order.order_no;
    }
    Result<payment::QueryAnswer> query(const std::string& order_no) override {
        TRY_VOID(network());
        const auto order = machine_.query(order_no);
        return order ? state_of(*order) : payment::QueryAnswer{};
    }
    Result<payment::QueryAnswer> close(const std::string& order_no) override {
        TRY_VOID(network());
        const auto closed = machine_.close(order_no);
        TRY_VOID(network());
        if (!closed && closed.error().code == "order.paid") {
            return query(order_no);
        }
        return payment::QueryAnswer{payment::ChannelState::closed, {}};
    }
    Result<payment::PaymentFact> verify(const net::HttpHeaders& headers, std::string_view body,
                                        ProjectId project, Instant wall_now) const override {
        return judge_.verify(headers, body, project, wall_now);
    }

private:
    Result<void> network() {
        if (core_.strikes(Fault::net_loss, dice_, 20'000)) {
            return fail(no_answer());
        }
        return {};
    }

    Core& core_;
    Random dice_;
    std::string name_;
    std::int32_t number_;
    channel::Channel& machine_;
    payment::sandbox::SandboxChannel judge_;
};

Till::Till(Core& core) : core_(core), dice_(core.random.split("till")) {
    const char* names[] = {"sandbox", "sandbox2"};
    for (std::size_t i = 0; i < sides_.size(); ++i) {
        Side& side = sides_[i];
        side.name = names[i];
        const std::string secret = "simulated secret " + side.name;
        side.channel = std::make_unique<channel::Channel>(secret);
        side.driver = std::make_shared<Driver>(core_, side.name, static_cast<std::int32_t>(i) + 1,
                                               secret, *side.channel);
        book_.add(side.driver);
    }
}

Till::~Till() = default;

Result<engine::Event> Till::run(const engine::OutboxRow& task) {
    return payment::run_channel_task(book_, core_.project, task,
                                     "http://meterbook.invalid/callbacks");
}

bool Till::pay(const std::string& order_no) {
    const bool twice = core_.strikes(Fault::two_channels, dice_, 150'000);
    const bool paid = pay_at(sides_[0], order_no);
    if (twice && paid) {
        // Two codes for one order were on the screen; somebody else scans the other one.
        const auto order = sides_[0].channel->query(order_no);
        CHECK(sides_[1].channel->create(order->request).has_value());
        const Duration wait = Duration::milliseconds(dice_.range(0, 20'000));
        core_.schedule.after(wait, [this, order_no] { pay_at(sides_[1], order_no); });
    }
    return paid;
}

bool Till::pay_at(Side& side, const std::string& order_no) {
    const auto before = side.channel->query(order_no);
    if (!before || before->state != channel::PayState::unpaid) {
        return before && before->state == channel::PayState::paid;
    }
    channel::ChannelFaults faults;
    faults.duplicate = core_.strikes(Fault::callback_duplicate, dice_, 200'000) ? 2 : 0;
    faults.forged = core_.strikes(Fault::callback_forged, dice_, 200'000) ? 1 : 0;
    faults.late_ms = dice_.range(100, 3'000);
    if (core_.strikes(Fault::callback_late, dice_, 150'000)) {
        faults.late_ms = dice_.range(60'000, 7'200'000);
    }
    faults.lost = core_.strikes(Fault::callback_lost, dice_, 150'000) ? 1 : 0;
    if (core_.strikes(Fault::other_amount, dice_, 100'000)) {
        faults.wrong_amount_fen = dice_.range(-500, 500);
    }
    side.channel->set_faults(faults);
    const auto paid = side.channel->pay(order_no, core_.now());
    CHECK(paid.has_value());
    paid_[side.name + ":" + paid->transaction_id] = Money{paid->paid_amount_fen};
    plan_callbacks(static_cast<std::size_t>(&side - sides_.data()));
    return true;
}

void Till::plan_callbacks(std::size_t side) {
    if (const auto due = sides_[side].channel->next_due()) {
        core_.schedule.at(*due, [this, side] { send_callbacks(side); });
    }
}

void Till::send_callbacks(std::size_t side) {
    for (const channel::Callback& callback : sides_[side].channel->take_due(core_.now())) {
        core_.schedule.after(Duration::milliseconds(dice_.range(5, 60)),
                             [this, side, callback] { deliver(side, callback); });
    }
}

void Till::answered(std::size_t side, std::int64_t id, int status) {
    sides_[side].channel->answered(id, status, core_.now());
    plan_callbacks(side);
}

void Till::deliver(std::size_t side, const channel::Callback& callback) {
    // Not reached, or its answer is lost: the channel tries again.
    const bool lost = core_.strikes(Fault::net_loss, dice_, 30'000);
    const bool reached = ports_.up() && !(lost && dice_.chance(500'000));
    if (!reached) {
        answered(side, callback.id, 0);
        return;
    }
    const Driver& driver = *sides_[side].driver;
    net::HttpHeaders headers;
    headers.set("Meterbook-Timestamp", callback.timestamp);
    headers.set("Meterbook-Signature", callback.signature);
    const auto fact = driver.verify(headers, callback.body, core_.project, core_.now());
    if (!fact) {
        ++refused_;
        CHECK_MSG(callback.forged, "a genuine callback was refused: " + fact.error().text());
        answered(side, callback.id, 401);
        return;
    }
    CHECK_MSG(!callback.forged, "a forged callback was believed");
    // No answer within the channel's patience counts as none.
    auto open = std::make_shared<bool>(true);
    core_.schedule.after(Duration::seconds(20), [this, side, id = callback.id, open] {
        if (*open) {
            *open = false;
            answered(side, id, 0);
        }
    });
    const std::string key = sides_[side].name + ":" + fact->transaction;
    ports_.fact(driver, *fact, "{}", callback.body,
                [this, side, id = callback.id, open, lost, key](int status) {
                    if (status == 200) {
                        acknowledged_.insert(key);
                    }
                    if (*open) {
                        *open = false;
                        answered(side, id, lost ? 0 : status);
                    }
                });
}

}  // namespace mb::sim::world
