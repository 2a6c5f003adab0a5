// From reasons, protections and position to commands (design §5.1–5.3).
#include "engine/context.hpp"

namespace mb::engine {

namespace {

using rules::relay::Action;
using rules::relay::Position;
using rules::relay::Reason;

CommandKind kind_of(Action action) {
    switch (action) {
        case Action::trip: return CommandKind::trip;
        case Action::permit: return CommandKind::permit;
        default: return CommandKind::close;
    }
}

Action needed(const ServicePointState& sp) {
    const Action action =
        rules::relay::required(sp.relay.reasons, sp.relay.protection, sp.config.restore_mode,
                               sp.relay.position, sp.restoring, sp.staff_close);
    // A permit that was given waits for the key: it is not given again while the key is not
    // pressed.
    return action == Action::permit && !sp.restoring ? Action::none : action;
}

/// The newest intent wins: a command that is no longer wanted ends. If it was sent, nobody knows
/// what the relay will do.
void supersede(Context& c, ServicePointState& sp, const CommandStateEntry& entry) {
    const bool left = static_cast<bool>(entry.row.sent);
    const bool was_trip = entry.row.kind == CommandKind::trip;
    end_command(c, entry.row.id, CommandState::superseded, "");
    if (left) {
        sp.relay.position = Position::unknown;
        sp.restoring = sp.restoring || was_trip;
    }
}

/// A cut for arrears alone that may not be sent now; the ladder comes back to it.
bool held_back(const Context& c, const ServicePointState& sp, Action action) {
    rules::relay::Reasons arrears;
    arrears.set(Reason::arrears, true);
    return action == Action::trip &&
           rules::relay::unsuppressed(sp.relay.reasons, sp.relay.protection) == arrears &&
           !arrears_trip_allowed(c, sp);
}

}  // namespace

void reconcile(Context& c, ServicePointState& sp, const std::string& cause,
               const std::string& order_no, const Actor& actor) {
    const RelayRow before = sp.relay;
    Action action = needed(sp);
    if (sp.relay.command) {
        const CommandStateEntry& open = c.state.commands.at(sp.relay.command.value);
        if (action == Action::none || open.row.kind != kind_of(action)) {
            supersede(c, sp, open);
            action = needed(sp);
        } else if (!order_no.empty()) {
            CommandRow& row = c.state.commands.at(sp.relay.command.value).row;
            row.order_no = order_no;
            c.out.emit(row);
        }
    }
    sp.relay.desired = action;
    const bool may_send = !sp.relay.command && action != Action::none && sp.meter &&
                          !sp.wait_contact && c.now.business >= sp.retry_at &&
                          !held_back(c, sp, action);
    if (may_send) {
        sp.relay.command = create_command(c, sp, kind_of(action), cause, order_no, actor);
    }
    if (to_binary(before) != to_binary(sp.relay)) {
        c.out.emit(sp.relay);
        if (sp.meter) {
            ++c.state.meters.at(sp.meter).version;
            c.mark_dirty(sp.meter);
        }
    }
}

namespace {

void tell_account(Context& c, ServicePointState& sp, NoticeKind kind) {
    if (!sp.agreement) {
        return;
    }
    const AccountId id = c.state.agreements.at(sp.agreement).config.account;
    AccountState& account = c.state.accounts.at(id);
    if (account.noticed_on != c.today) {
        account.noticed_on = c.today;
        account.noticed = 0;
    }
    if (account.noticed >= c.policy().notices_per_day_max) {
        return;
    }
    ++account.noticed;
    NoticeRow row;
    row.id = NoticeId{++c.state.counters.notice};
    row.account = id;
    row.service_point = sp.config.id;
    row.kind = kind;
    row.episode = account.credit.episode;
    row.balance = account.balance();
    row.served = c.step();
    c.out.emit(std::move(row));
}

/// Closed while commanded open: a trip that the meter accepted is still in its delay, the contact
/// may move at any moment. That is no position to rely on.
Position shown(const StatusRead& e) {
    if (e.relay_open) {
        return Position::open;
    }
    return e.commanded_open ? Position::unknown : Position::closed;
}

/// The read-back of an open command: verified, try again, or nothing yet.
void judge_read_back(Context& c, ServicePointState& sp, const StatusRead& e) {
    CommandStateEntry& entry = c.state.commands.at(sp.relay.command.value);
    const CommandKind kind = entry.row.kind;
    const bool closed = shown(e) == Position::closed;
    const bool permitted = e.relay_open && !e.commanded_open;
    const bool reached = (kind == CommandKind::trip && e.relay_open) ||
                         (kind == CommandKind::close && closed) ||
                         (kind == CommandKind::permit && (closed || permitted));
    const CommandId id = entry.row.id;
    if (reached) {
        const bool opened = kind == CommandKind::trip;
        const Actor actor = entry.row.actor;
        const std::string order = entry.row.order_no;
        if (kind == CommandKind::permit && permitted) {
            for (const std::string& no : sp.orders) {
                OrderRow& row = c.state.orders.at(no).row;
                row.permit_ready = row.permit_ready ? row.permit_ready : c.step();
                c.out.emit(row);
            }
            sp.restoring = false;  // the key on the meter does the rest
        }
        end_command(c, id, CommandState::verified, "");
        c.clear_alarm(sp.config.id, "relay.stuck");
        const char* what =
            opened ? "relay.opened" : (e.relay_open ? "relay.permitted" : "relay.closed");
        c.timeline(sp.config.id, what, {}, order, id, actor);
        if (!(kind == CommandKind::permit && e.relay_open)) {
            tell_account(c, sp, opened ? NoticeKind::tripped : NoticeKind::restored);
        }
    } else if (e.command == id && entry.row.sent) {
        retry_command(c, entry);
    }
}

}  // namespace

Answer on_status(Context& c, const StatusRead& e) {
    MeterState* meter = c.state.meters.find(e.meter);
    if (meter == nullptr) {
        return fail(error("meter.unknown", ErrorKind::not_found).with("meter", e.meter.text()));
    }
    meter->last_contact_at = c.now.business;
    ++meter->version;
    c.mark_dirty(e.meter);
    auto& sp = c.state.service_points.at(meter->config.service_point);
    sp.wait_contact = false;
    const RelayRow before = sp.relay;
    sp.relay.position = shown(e);
    sp.relay.position_at = e.at;
    if (sp.relay.command) {
        judge_read_back(c, sp, e);
    }
    if (sp.relay.position == Position::closed) {
        if (!sp.relay.command) {
            sp.restoring = false;
            sp.staff_close = false;
        }
        orders_closed_verified(c, sp);
    } else if (e.relay_open &&
               !rules::relay::unsuppressed(sp.relay.reasons, sp.relay.protection).none()) {
        sp.restoring = true;
    }
    const bool known = sp.relay.position != Position::unknown;
    if (known && before.position != sp.relay.position && !before.command) {
        // It moved without a command of ours: a key on the meter, a switch in the cabinet.
        c.timeline(sp.config.id, e.relay_open ? "relay.found_open" : "relay.found_closed");
    }
    c.out.emit(sp.relay);
    reconcile(c, sp, "reconcile", "", {});
    return std::string();
}

namespace {

Result<void> check_trip(const ServicePointState& sp, const RelayRequested& e) {
    const auto& protection = sp.relay.protection;
    if (sp.relay.position == Position::open && !sp.relay.reasons.none()) {
        return fail("relay.already_open", ErrorKind::conflict);
    }
    const bool protected_point = protection.keep_power || protection.no_disconnect;
    const bool two_people = !e.second_approver.empty() && e.second_approver != e.actor.name;
    if (protected_point && !two_people) {
        return fail(error("relay.protected", ErrorKind::locked)
                        .with("by", protection.keep_power ? "keep_power" : "no_disconnect"));
    }
    return {};
}

Result<void> check_close(const ServicePointState& sp, const RelayRequested& e) {
    if (sp.relay.protection.lock_out) {
        return fail("relay.locked_out", ErrorKind::locked);
    }
    for (const Reason r : sp.relay.reasons.list()) {
        if (r == Reason::manual || (r == Reason::arrears && e.override_arrears)) {
            continue;
        }
        if (r == Reason::arrears) {
            return fail("relay.arrears", ErrorKind::conflict);
        }
        return fail(error("relay.reason_holds", ErrorKind::conflict)
                        .with("reason", std::string(enum_text(r))));
    }
    if (sp.relay.position == Position::closed && sp.relay.reasons.none() && !sp.relay.command) {
        return fail("relay.already_closed", ErrorKind::conflict);
    }
    return {};
}

/// Overridden arrears are lifted: a new trip needs a new pre-trip notice.
void lift_arrears(Context& c, ServicePointState& sp) {
    sp.relay.reasons.set(Reason::arrears, false);
    if (sp.agreement) {
        const AccountId id = c.state.agreements.at(sp.agreement).config.account;
        AccountState& account = c.state.accounts.at(id);
        rules::credit::protect(account.credit);
        c.mark_account_dirty(account);
    }
}

}  // namespace

Answer on_relay_requested(Context& c, const RelayRequested& e) {
    ServicePointState* sp = c.state.service_points.find(e.service_point);
    if (sp == nullptr) {
        return fail("service_point.unknown", ErrorKind::not_found);
    }
    if (!sp->meter) {
        return fail("relay.no_meter", ErrorKind::conflict);
    }
    if (e.action != RequestedAction::read && e.reason.empty()) {
        return fail("relay.reason_required");
    }
    if (e.action == RequestedAction::read) {
        return create_command(c, *sp, CommandKind::read, e.reason, "", e.actor).text();
    }
    const bool trip = e.action == RequestedAction::trip;
    TRY_VOID(trip ? check_trip(*sp, e) : check_close(*sp, e));
    c.timeline(e.service_point, trip ? "relay.trip_ordered" : "relay.close_ordered",
               {{"reason", e.reason}}, "", {}, e.actor);
    sp->retry_at = {};
    sp->wait_contact = false;
    sp->staff_close = !trip;
    sp->relay.reasons.set(Reason::manual, trip);
    sp->relay.protection.manual_confirmed = trip && !e.second_approver.empty();
    if (!trip) {
        lift_arrears(c, *sp);
        if (sp->relay.position != Position::closed) {
            sp->restoring = true;
        }
    }
    reconcile(c, *sp, e.reason, "", e.actor);
    c.out.emit(sp->relay);
    return sp->relay.command ? sp->relay.command.text() : std::string();
}

Answer on_protection(Context& c, const ProtectionSet& e) {
    ServicePointState* sp = c.state.service_points.find(e.service_point);
    if (sp == nullptr) {
        return fail("service_point.unknown", ErrorKind::not_found);
    }
    if (e.reason.empty()) {
        return fail("protection.reason_required");
    }
    auto& protection = sp->relay.protection;
    const bool was = protection.keep_power || protection.no_disconnect;
    const bool kept = protection.keep_power;
    const auto set = [&](bool& flag, const std::optional<bool>& wanted, const char* name) {
        if (wanted && *wanted != flag) {
            flag = *wanted;
            c.timeline(e.service_point,
                       std::string("protection.") + name + (flag ? "_set" : "_ended"),
                       {{"reason", e.reason}}, "", {}, e.actor);
        }
    };
    set(protection.keep_power, e.keep_power, "keep_power");
    set(protection.no_disconnect, e.no_disconnect, "no_disconnect");
    set(protection.lock_out, e.lock_out, "lock_out");
    const bool is = protection.keep_power || protection.no_disconnect;
    if (protection.keep_power && !kept && sp->relay.position == Position::open) {
        sp->restoring = true;  // it closes, by its restore mode
    }
    if (is && !was && sp->relay.reasons.has(Reason::arrears)) {
        // The cut ends here; when protection ends the ladder starts anew, with a notice (F41).
        sp->restoring = true;
        lift_arrears(c, *sp);
    }
    if (!is && was && sp->agreement) {
        const AccountId id = c.state.agreements.at(sp->agreement).config.account;
        rules::credit::protect(c.state.accounts.at(id).credit);
        evaluate_account(c, id, false);
    }
    reconcile(c, *sp, "protection", "", e.actor);
    c.out.emit(sp->relay);
    if (sp->meter) {
        c.mark_dirty(sp->meter);
    }
    return std::string("ok");
}

}  // namespace mb::engine
