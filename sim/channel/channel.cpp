#include "sim/channel/channel.hpp"

#include "base/json.hpp"
#include "sim/channel/signature.hpp"

#include <algorithm>
#include <array>

namespace mb::sim::channel {
namespace {

constexpr std::int64_t amount_max_fen = 100'000'000;
/// Waits after the first, second … refused attempt; the last one repeats.
constexpr std::array<std::int64_t, 8> backoff_s = {1, 2, 3, 5, 10, 20, 40, 60};
constexpr std::int32_t attempts_max = 1500;  // a day

/// The callback's body; its members are the contract.
struct Notice {
    std::string event_id;
    std::string event_type;
    std::string channel;
    std::string merchant;
    std::string project;
    std::string order_no;
    std::string transaction_id;
    std::int64_t amount_fen = 0;
    std::string currency;
    Instant paid_at;
};
MB_DESCRIBE(Notice, (event_id, event_type, channel, merchant, project, order_no, transaction_id,
                     amount_fen, currency, paid_at))

std::string notice_of(const ChannelOrder& order) {
    return to_json(Notice{order.event_id, "payment.succeeded", "sandbox", order.request.merchant,
                          order.request.project, order.request.order_no, order.transaction_id,
                          order.paid_amount_fen, "CNY", order.paid_at});
}

Result<void> check(const PrepayRequest& r) {
    const auto allowed = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
    if (r.order_no.size() < 8 || r.order_no.size() > 32 ||
        !std::all_of(r.order_no.begin(), r.order_no.end(), allowed)) {
        return fail("order.bad_number");
    }
    if (r.amount_fen < 1 || r.amount_fen > amount_max_fen) return fail("order.bad_amount");
    if (r.currency.value_or("CNY") != "CNY") return fail("order.bad_currency");
    const bool web = r.notify_url.starts_with("http://") || r.notify_url.starts_with("https://");
    // As real channels do: no query string.
    if (!web || r.notify_url.find('?') != std::string::npos) return fail("order.bad_notify_url");
    return {};
}

}  // namespace

Channel::Channel(std::string secret, ChannelState state)
    : secret_(std::move(secret)), state_(std::move(state)) {}

Result<ChannelOrder> Channel::create(const PrepayRequest& request) {
    TRY_VOID(check(request));
    const auto [at, fresh] = state_.orders.try_emplace(request.order_no);
    if (fresh) {
        at->second.request = request;
    } else if (at->second.request != request) {
        return fail("order.conflict", ErrorKind::conflict);
    }
    return at->second;
}

Result<ChannelOrder> Channel::query(std::string_view order_no) const {
    const auto at = state_.orders.find(std::string(order_no));
    if (at == state_.orders.end()) return fail("order.unknown", ErrorKind::not_found);
    return at->second;
}

Result<void> Channel::close(std::string_view order_no) {
    const auto at = state_.orders.find(std::string(order_no));
    if (at == state_.orders.end()) return fail("order.unknown", ErrorKind::not_found);
    if (at->second.state == PayState::paid) return fail("order.paid", ErrorKind::conflict);
    at->second.state = PayState::closed;
    return {};
}

Result<ChannelOrder> Channel::pay(std::string_view order_no, Instant wall_now) {
    const auto at = state_.orders.find(std::string(order_no));
    if (at == state_.orders.end()) return fail("order.unknown", ErrorKind::not_found);
    ChannelOrder& order = at->second;
    if (order.state == PayState::closed) return fail("order.closed", ErrorKind::conflict);
    if (order.state == PayState::paid) return order;
    ChannelFaults& faults = state_.faults;
    order.state = PayState::paid;
    order.paid_amount_fen =
        std::max<std::int64_t>(1, order.request.amount_fen + faults.wrong_amount_fen);
    order.paid_at = wall_now;
    const std::string number = std::to_string(++state_.last_id);
    order.transaction_id = "S" + order.request.order_no + number;
    order.event_id = "E" + order.request.order_no + number;
    if (faults.lost != 0) {
        faults.lost -= faults.lost > 0 ? 1 : 0;
        return order;
    }
    const Instant first = wall_now + Duration::milliseconds(faults.late_ms);
    for (int i = 0; i < faults.forged; ++i) owe(order.request.order_no, true, first);
    for (int i = 0; i <= faults.duplicate; ++i) owe(order.request.order_no, false, first);
    return order;
}

void Channel::owe(const std::string& order_no, bool forged, Instant due) {
    state_.owed.push_back({++state_.last_id, order_no, forged, 0, due});
}

std::vector<Callback> Channel::take_due(Instant wall_now) {
    std::vector<Callback> out;
    for (Owed& owed : state_.owed) {
        if (owed.due > wall_now || in_flight_.contains(owed.id)) continue;
        in_flight_[owed.id] = true;
        ++owed.attempts;
        const ChannelOrder& order = state_.orders.at(owed.order_no);
        Callback call{owed.id,    order.request.notify_url, std::to_string(wall_now.us / 1'000'000),
                      "",         notice_of(order),         owed.order_no,
                      owed.forged};
        // A forger knows everything but the secret.
        call.signature = sign(owed.forged ? "not the secret" : secret_, call.timestamp, call.body);
        out.push_back(std::move(call));
    }
    return out;
}

void Channel::answered(std::int64_t id, int status, Instant wall_now) {
    in_flight_.erase(id);
    const auto at = std::find_if(state_.owed.begin(), state_.owed.end(),
                                 [&](const Owed& owed) { return owed.id == id; });
    if (at == state_.owed.end()) return;
    const bool done = status == 200 || status == 204 || at->forged || at->attempts >= attempts_max;
    if (done) {
        state_.owed.erase(at);
        return;
    }
    const auto step =
        std::min<std::size_t>(static_cast<std::size_t>(at->attempts) - 1, backoff_s.size() - 1);
    at->due = wall_now + Duration::seconds(backoff_s[step]);
}

std::optional<Instant> Channel::next_due() const {
    std::optional<Instant> out;
    for (const Owed& owed : state_.owed) {
        if (!in_flight_.contains(owed.id) && (!out || owed.due < *out)) out = owed.due;
    }
    return out;
}

}  // namespace mb::sim::channel
