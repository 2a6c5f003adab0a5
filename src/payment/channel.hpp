// A payment channel: the merchant's side of one provider. Calls block and have a deadline; they run
// on outbox workers, never inside a transaction. A time-out is "unknown" (retryable), never
// "failed".
#pragma once

#include "base/money.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "engine/events.hpp"
#include "net/http.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace mb::payment {

struct PayOrder {
    ProjectId project;
    std::string order_no;
    Money amount;
    std::string notify_url;   // where the channel sends its callback
    std::string description;  // shown to the payer
};

/// A payment as the channel tells it, verified.
struct PaymentFact {
    std::string event_id;  // of the delivery or, by query, of the payment: dedup key of the inbox
    std::string transaction;
    std::string order_no;
    Money amount;
    Instant paid_wall_at;
};

enum class ChannelState : std::uint8_t { unpaid, paid, closed };

struct QueryAnswer {
    ChannelState state = ChannelState::unpaid;
    PaymentFact fact;  // when paid
};

class Channel {
public:
    virtual ~Channel() = default;

    [[nodiscard]] virtual const std::string& name() const = 0;
    /// Owner of its clearing account in the ledger.
    [[nodiscard]] virtual std::int32_t number() const = 0;

    /// Errors of all three: retryable ones leave the outcome unknown (ask again); others are
    /// definite: payment.refused {code}. Creating the same order again is a success with the same
    /// page. Result: the payer's address.
    virtual Result<std::string> create(const PayOrder& order) = 0;
    virtual Result<QueryAnswer> query(const std::string& order_no) = 0;
    /// `paid` when it cannot be closed because it was paid.
    virtual Result<QueryAnswer> close(const std::string& order_no) = 0;

    /// Judges a callback by its raw body. Errors: payment.bad_signature, payment.stale_timestamp,
    /// payment.other_merchant, payment.malformed; payment.ignored for genuine news of another kind.
    virtual Result<PaymentFact> verify(const net::HttpHeaders& headers, std::string_view body,
                                       ProjectId project, Instant wall_now) const = 0;
};

/// The event a payment fact makes. `inbox` = 0: learnt by query.
engine::PaymentReceived event_of(const Channel& channel, const PaymentFact& fact, InboxId inbox);

}  // namespace mb::payment
