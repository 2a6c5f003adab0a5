#include "payment/channel.hpp"

namespace mb::payment {

engine::PaymentReceived event_of(const Channel& channel, const PaymentFact& fact, InboxId inbox) {
    engine::PaymentReceived out;
    out.channel = channel.name();
    out.channel_number = channel.number();
    out.transaction = fact.transaction;
    out.order_no = fact.order_no;
    out.amount = fact.amount;
    out.paid_wall_at = fact.paid_wall_at;
    out.inbox = inbox;
    return out;
}

}  // namespace mb::payment
