// The sandbox payment channel as a pure machine: orders, payments and the callbacks it owes. No
// socket and no clock of its own; wall time comes in. server.hpp gives it HTTP, the simulator
// drives it directly. It plays the other side of src/payment/sandbox and shares no code with it.
#pragma once

#include "base/describe.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mb::sim::channel {

enum class PayState : std::uint8_t { unpaid, paid, closed };
MB_ENUM(PayState, unpaid, paid, closed)

/// What the merchant sends; also the JSON body of POST /v1/orders.
struct PrepayRequest {
    std::string merchant;
    std::string project;
    std::string order_no;                 // 8 … 32 of 0-9A-Z
    std::int64_t amount_fen = 0;          // 1 … 100 000 000
    std::optional<std::string> currency;  // CNY
    std::string notify_url;
    std::optional<std::string> description;

    friend bool operator==(const PrepayRequest&, const PrepayRequest&) = default;
};
MB_DESCRIBE(PrepayRequest,
            (merchant, project, order_no, amount_fen, currency, notify_url, description))

struct ChannelOrder {
    PrepayRequest request;
    PayState state = PayState::unpaid;
    std::string transaction_id;  // "" until paid
    std::string event_id;
    std::int64_t paid_amount_fen = 0;
    Instant paid_at;  // wall
};
MB_DESCRIBE(ChannelOrder, (request, state, transaction_id, event_id, paid_amount_fen, paid_at))

/// Concerns payments made from now on; also the JSON body of POST /v1/faults.
struct ChannelFaults {
    std::int32_t duplicate = 0;  // so many more callbacks of the same event, at once
    std::int64_t late_ms = 0;    // before the first callback, wall time
    std::int32_t lost = 0;       // the callbacks of the next n payments never leave; < 0: all
    std::int32_t forged = 0;     // so many callbacks with a wrong signature first
    std::int64_t wrong_amount_fen = 0;  // paid amount = order amount + this
};
MB_DESCRIBE(ChannelFaults, (duplicate, late_ms, lost, forged, wrong_amount_fen))

/// A callback that is owed until it is answered 200 or 204.
struct Owed {
    std::int64_t id = 0;
    std::string order_no;
    bool forged = false;  // sent once, whatever the answer
    std::int32_t attempts = 0;
    Instant due;  // wall
};
MB_DESCRIBE(Owed, (id, order_no, forged, attempts, due))

/// All that survives a restart; written with base/binary.hpp.
struct ChannelState {
    std::map<std::string, ChannelOrder> orders;
    std::vector<Owed> owed;
    ChannelFaults faults;
    std::int64_t last_id = 0;
};
MB_DESCRIBE(ChannelState, (orders, owed, faults, last_id))

/// One callback to send now.
struct Callback {
    std::int64_t id = 0;  // for answered()
    std::string url;
    std::string timestamp;  // Meterbook-Timestamp
    std::string signature;  // Meterbook-Signature
    std::string body;
    std::string order_no;
    bool forged = false;
};

class Channel {
public:
    explicit Channel(std::string secret, ChannelState state = {});

    /// Repeating the same request is a success. Errors: order.bad_number, order.bad_amount,
    /// order.bad_currency, order.bad_notify_url, order.conflict.
    Result<ChannelOrder> create(const PrepayRequest& request);
    /// Errors: order.unknown.
    Result<ChannelOrder> query(std::string_view order_no) const;
    /// Errors: order.unknown, order.paid.
    Result<void> close(std::string_view order_no);
    /// Paying a paid order again changes nothing. Errors: order.unknown, order.closed.
    Result<ChannelOrder> pay(std::string_view order_no, Instant wall_now);

    /// The callbacks that are due, signed at this time; each must come back through answered().
    std::vector<Callback> take_due(Instant wall_now);
    /// HTTP status of the answer; 0: none came. Anything but 200 and 204 is tried again later.
    void answered(std::int64_t id, int status, Instant wall_now);
    /// When the next callback is due; nothing when none waits.
    [[nodiscard]] std::optional<Instant> next_due() const;

    void set_faults(const ChannelFaults& faults) { state_.faults = faults; }
    [[nodiscard]] const ChannelState& state() const { return state_; }
    [[nodiscard]] const std::string& secret() const { return secret_; }

private:
    void owe(const std::string& order_no, bool forged, Instant due);

    std::string secret_;
    ChannelState state_;
    std::map<std::int64_t, bool> in_flight_;
};

}  // namespace mb::sim::channel
