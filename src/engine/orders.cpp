// Orders and payments: from 待支付 to power. A payment fact is never dropped (design §5.8).
#include "engine/context.hpp"

#include <algorithm>

namespace mb::engine {

namespace {

using rules::ledger::Cause;
using rules::ledger::Kind;
using rules::ledger::LedgerAccount;

constexpr Money min_order{1};
constexpr Money max_order{100'000'00};
constexpr Duration forget_after = Duration::days(7);  // business; ended orders stay so long
constexpr std::int32_t max_queries = 40;

bool number_ok(const std::string& no) {
    return no.size() >= 8 && no.size() <= 32 && std::all_of(no.begin(), no.end(), [](char ch) {
               return (ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z');
           });
}

void put_channel_task(Context& c, OrderStateEntry& entry, TaskKind kind) {
    if (entry.outbox) {
        c.out.emit(OutboxDone{entry.outbox});
    }
    OutboxRow task;
    task.id = OutboxId{++c.state.counters.outbox};
    task.subject = "order:" + entry.row.no;
    task.kind = kind;
    task.order_no = entry.row.no;
    task.channel = entry.row.channel;
    task.amount = entry.row.amount;
    entry.outbox = task.id;
    c.out.emit(std::move(task));
}

void channel_task_done(Context& c, OrderStateEntry& entry) {
    if (entry.outbox) {
        c.out.emit(OutboxDone{entry.outbox});
        entry.outbox = {};
    }
}

/// 10 s, 30 s, 1, 3, 5, 10 minutes …, of wall time (payments.md §6.4).
Duration query_delay(std::int32_t queries) {
    static constexpr std::int64_t seconds[] = {10, 30, 60, 180, 300, 600, 1800};
    const auto at = std::min<std::size_t>(static_cast<std::size_t>(queries), 6);
    return Duration::seconds(seconds[at]);
}

void set_order_timer(Context& c, const std::string& no, Instant at) {
    c.set_timer({TimerKind::order, 0, no}, at);
}

Instant expiry(const Context& c, const OrderRow& row) {
    // Paying takes a person's time: the span is wall time.
    return row.created.at + c.wall_span(Duration::minutes(c.state.config.order_expiry_min));
}

/// The channel is asked again after this wall span, but an order that has expired by then is closed
/// in time.
void ask_again_or_close(Context& c, const OrderRow& row, Duration wall) {
    const Instant next = c.now.business + c.wall_span(wall);
    const Instant end = expiry(c, row);
    set_order_timer(c, row.no, c.now.business < end ? std::min(next, end) : next);
}

void forget_later(Context& c, const OrderRow& row) {
    set_order_timer(c, row.no, c.now.business + forget_after);
}

void drop_from_point(Context& c, const OrderRow& row) {
    auto& orders = c.state.service_points.at(row.service_point).orders;
    orders.erase(std::remove(orders.begin(), orders.end(), row.no), orders.end());
}

void end_order(Context& c, OrderStateEntry& entry, OrderState state, const std::string& failure) {
    entry.row.state = state;
    entry.row.failure = failure;
    channel_task_done(c, entry);
    c.out.emit(entry.row);
    c.timeline(entry.row.service_point, "order." + std::string(enum_text(state)),
               {{"failure", failure}}, entry.row.no);
    forget_later(c, entry.row);
}

}  // namespace

Answer on_order(Context& c, const OrderCreated& e) {
    if (!number_ok(e.no)) {
        return fail("order.no_malformed");
    }
    if (e.amount < min_order || e.amount > max_order) {
        return fail(error("order.amount_range", ErrorKind::unprocessable)
                        .with("min", min_order.text())
                        .with("max", max_order.text()));
    }
    const ServicePointState* sp = c.state.service_points.find(e.service_point);
    if (sp == nullptr || c.state.accounts.find(e.account) == nullptr) {
        return fail("order.unknown_account", ErrorKind::not_found);
    }
    const auto [found, added] = c.state.orders.try_emplace(e.no);
    if (!added) {
        return fail("order.no_taken", ErrorKind::conflict);
    }
    OrderStateEntry& entry = found->second;
    OrderRow& row = entry.row;
    row.no = e.no;
    row.service_point = e.service_point;
    row.account = e.account;
    row.amount = e.amount;
    row.channel = e.channel;
    row.source = e.source;
    row.actor = e.actor;
    row.created = c.step();
    put_channel_task(c, entry, TaskKind::channel_create);
    set_order_timer(c, e.no, expiry(c, row));
    c.out.emit(row);
    c.timeline(e.service_point, "order.created", {{"amount", e.amount.text()}}, e.no, {}, e.actor);
    return e.no;
}

namespace {

void suspend_payment(Context& c, const PaymentReceived& e, const std::string& key,
                     ServicePointId sp, const char* why) {
    c.transfer({Kind::clearing, e.channel_number}, {Kind::suspense, 0}, e.amount,
               Cause::suspense_payment, 0, key);
    c.raise_alarm(
        sp, std::string("payment.") + why,
        {{"order_no", e.order_no}, {"amount", e.amount.text()}, {"transaction", e.transaction}});
}

/// Does the order still wait for power?
bool waits_for_relay(const ServicePointState& sp) { return static_cast<bool>(sp.relay.command); }

void credit_order(Context& c, OrderStateEntry& entry, const PaymentReceived& e,
                  const std::string& key) {
    OrderRow& row = entry.row;
    c.transfer({Kind::clearing, e.channel_number}, rules::ledger::cash_of(row.account), e.amount,
               Cause::payment, 0, key);
    row.paid_amount = e.amount;
    row.transaction = e.transaction;
    row.paid = c.step();
    row.credited = c.step();
    const bool late = row.state == OrderState::closed || row.state == OrderState::failed;
    row.state = OrderState::crediting;
    row.failure.clear();
    channel_task_done(c, entry);
    c.out.emit(row);
    c.timeline(row.service_point, late ? "order.paid_late" : "order.paid",
               {{"amount", e.amount.text()}, {"ordered", row.amount.text()}}, row.no);
    if (e.amount != row.amount) {
        c.raise_alarm(row.service_point, "payment.other_amount",
                      {{"order_no", row.no}, {"paid", e.amount.text()}});
    }
    auto& sp = c.state.service_points.at(row.service_point);
    sp.orders.push_back(row.no);
    evaluate_account(c, row.account, true);
    const AccountState& account = c.state.accounts.at(row.account);
    for (const AgreementId id : account.agreements) {
        auto& point = c.state.service_points.at(c.state.agreements.at(id).config.service_point);
        const bool own = point.config.id == row.service_point;
        reconcile(c, point, "payment", own ? row.no : "", {});
    }
    forget_later(c, row);
    if (!waits_for_relay(sp)) {
        row.state = OrderState::completed;
        c.out.emit(row);
        c.timeline(row.service_point, "order.completed", {{"balance", account.balance().text()}},
                   row.no);
        if (sp.relay.position == rules::relay::Position::closed) {
            drop_from_point(c, row);
        }
    }
}

}  // namespace

Answer on_payment(Context& c, const PaymentReceived& e) {
    if (e.amount.fen <= 0 || e.transaction.empty()) {
        return fail("payment.malformed");
    }
    const std::string key = "pay:" + e.channel + ":" + e.transaction;
    if (!c.state.payments.emplace(key, c.now.business).second) {
        return std::string("duplicate");  // a second delivery, or callback and query both
    }
    const auto found = c.state.orders.find(e.order_no);
    if (found == c.state.orders.end()) {
        suspend_payment(c, e, key, {}, "unknown_order");
        return std::string("suspense");
    }
    OrderStateEntry& entry = found->second;
    if (++entry.payments > 1) {
        suspend_payment(c, e, key, entry.row.service_point, "second_payment");
        return std::string("suspense");
    }
    credit_order(c, entry, e, key);
    return entry.row.no;
}

Answer on_channel_answer(Context& c, const ChannelAnswered& e) {
    const auto found = c.state.orders.find(e.order_no);
    if (found == c.state.orders.end() || found->second.row.state != OrderState::pending_payment) {
        return std::string("stale");
    }
    OrderStateEntry& entry = found->second;
    switch (e.answer) {
        case ChannelAnswer::prepared:
            entry.row.pay_url = e.pay_url;
            channel_task_done(c, entry);
            c.out.emit(entry.row);
            ask_again_or_close(c, entry.row, query_delay(0));
            break;
        case ChannelAnswer::unpaid:
            channel_task_done(c, entry);
            ask_again_or_close(c, entry.row, query_delay(++entry.queries));
            break;
        case ChannelAnswer::closed: end_order(c, entry, OrderState::closed, ""); break;
        case ChannelAnswer::failed: end_order(c, entry, OrderState::failed, e.code); break;
    }
    return std::string();
}

void order_timer(Context& c, const std::string& no) {
    const auto found = c.state.orders.find(no);
    if (found == c.state.orders.end()) {
        return;
    }
    OrderStateEntry& entry = found->second;
    if (entry.row.state != OrderState::pending_payment) {
        drop_from_point(c, entry.row);
        c.state.orders.erase(found);
        return;
    }
    const Instant end = expiry(c, entry.row);
    if (c.now.business >= end) {
        // Closed at the channel first, here only when it says so; asked again until it does.
        put_channel_task(c, entry, TaskKind::channel_close);
        set_order_timer(c, no, c.now.business + c.wall_span(Duration::minutes(5)));
        return;
    }
    if (!entry.outbox && entry.queries < max_queries) {
        put_channel_task(c, entry, TaskKind::channel_query);
    }
    set_order_timer(c, no, end);
}

void orders_follow_command(Context& c, ServicePointState& sp, const CommandRow& command) {
    if (command.kind != CommandKind::close && command.kind != CommandKind::permit) {
        return;
    }
    for (const std::string& no : sp.orders) {
        OrderRow& row = c.state.orders.at(no).row;
        if (row.state != OrderState::crediting && row.state != OrderState::doubtful) {
            continue;
        }
        row.command = command.id;
        row.sent = row.sent ? row.sent : command.sent;
        row.acknowledged = row.acknowledged ? row.acknowledged : command.acked;
        const bool lost =
            command.state == CommandState::failed || command.state == CommandState::expired;
        // The money is booked, the power is not proven: 充值存疑 until the relay was read.
        row.state = lost ? OrderState::doubtful : row.state;
        row.failure =
            lost ? (command.failure.empty() ? "command.expired" : command.failure) : row.failure;
        c.out.emit(row);
    }
}

void orders_closed_verified(Context& c, ServicePointState& sp) {
    for (const std::string& no : sp.orders) {
        OrderRow& row = c.state.orders.at(no).row;
        if (row.verified) {
            continue;
        }
        row.verified = c.step();
        if (row.state == OrderState::crediting || row.state == OrderState::doubtful) {
            row.state = OrderState::completed;
            row.failure.clear();
            c.timeline(sp.config.id, "order.completed", {}, no);
        }
        c.out.emit(row);
    }
}

void orders_load_seen(Context& c, ServicePointState& sp) {
    std::vector<std::string> waiting;
    for (const std::string& no : sp.orders) {
        OrderRow& row = c.state.orders.at(no).row;
        if (!row.verified) {
            waiting.push_back(no);
            continue;
        }
        row.load_seen = c.step();
        c.out.emit(row);
        c.timeline(sp.config.id, "order.load_seen", {}, no);
    }
    sp.orders = std::move(waiting);
}

}  // namespace mb::engine
