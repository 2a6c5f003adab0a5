// The life of a command: queued → waiting_online → sent → acked → verified, and its other ends. The
// head-end reports, the engine alone moves it.
#include "engine/context.hpp"

#include <algorithm>

namespace mb::engine {

namespace {

constexpr std::int32_t max_attempts = 3;
constexpr Duration answer_within = Duration::seconds(30);    // wall: sent or acked, then silence
constexpr Duration ask_again_after = Duration::seconds(20);  // wall: after a time-out
constexpr Duration retry_failed_after = Duration::hours(1);  // business

void put_task(Context& c, CommandStateEntry& entry) {
    OutboxRow task;
    task.id = OutboxId{++c.state.counters.outbox};
    task.subject = "sp:" + entry.row.service_point.text();
    task.kind = entry.row.kind == CommandKind::read ? TaskKind::read : TaskKind::relay;
    task.command = entry.row.id;
    task.command_kind = entry.row.kind;
    task.attempt = entry.row.attempts;
    task.meter = entry.row.meter;
    task.deadline = entry.row.deadline;
    entry.outbox = task.id;
    c.out.emit(std::move(task));
}

void drop_task(Context& c, CommandStateEntry& entry) {
    if (entry.outbox) {
        c.out.emit(OutboxDone{entry.outbox});
        entry.outbox = {};
    }
}

void wake(Context& c, const CommandStateEntry& entry, Instant at) {
    c.set_timer({TimerKind::command, entry.row.id.value, ""},
                at && at < entry.row.deadline ? at : entry.row.deadline);
}

}  // namespace

CommandId create_command(Context& c, ServicePointState& sp, CommandKind kind,
                         const std::string& cause, const std::string& order_no,
                         const Actor& actor) {
    const CommandId id{++c.state.counters.command};
    CommandStateEntry& entry = c.state.commands[id.value];
    CommandRow& row = entry.row;
    row.id = id;
    row.service_point = sp.config.id;
    row.meter = sp.meter;
    row.kind = kind;
    row.reasons = sp.relay.reasons;
    row.cause = cause;
    row.order_no = order_no;
    row.actor = actor;
    row.attempts = 1;
    row.created = c.step();
    row.deadline =
        c.now.business + std::max(Duration::minutes(5), c.wall_span(Duration::seconds(30)));
    if (kind == CommandKind::trip && sp.agreement) {
        const AccountId account = c.state.agreements.at(sp.agreement).config.account;
        row.reading_at = c.state.meters.at(sp.meter).last_at;
        row.balance = c.state.accounts.at(account).balance();
    }
    put_task(c, entry);
    wake(c, entry, {});
    c.out.emit(row);
    c.timeline(sp.config.id, "command.queued", {{"kind", std::string(enum_text(kind))}}, order_no,
               id, actor);
    orders_follow_command(c, sp, row);
    return id;
}

void end_command(Context& c, CommandId id, CommandState state, const std::string& failure) {
    CommandStateEntry& entry = c.state.commands.at(id.value);
    drop_task(c, entry);
    entry.row.state = state;
    entry.row.failure = failure;
    entry.row.ended = c.step();
    c.set_timer({TimerKind::command, id.value, ""}, {});
    c.out.emit(entry.row);
    auto& sp = c.state.service_points.at(entry.row.service_point);
    if (sp.relay.command == id) {
        sp.relay.command = {};
        c.out.emit(sp.relay);
    }
    orders_follow_command(c, sp, entry.row);
    c.timeline(sp.config.id, "command." + std::string(enum_text(state)),
               {{"kind", std::string(enum_text(entry.row.kind))}, {"failure", failure}},
               entry.row.order_no, id, entry.row.actor);
    c.state.commands.erase(id.value);
}

namespace {

/// The relay did not do what it was told, or the meter refuses: an alarm, and another try in an
/// hour.
void give_up(Context& c, CommandStateEntry& entry, const std::string& code) {
    auto& sp = c.state.service_points.at(entry.row.service_point);
    if (entry.row.kind != CommandKind::read) {
        sp.retry_at = c.now.business + retry_failed_after;
        c.set_timer({TimerKind::relay, sp.config.id.value, ""}, sp.retry_at);
        c.raise_alarm(sp.config.id, "relay.stuck", {{"code", code}});
    }
    end_command(c, entry.row.id, CommandState::failed, code);
}

void expire(Context& c, CommandStateEntry& entry) {
    auto& sp = c.state.service_points.at(entry.row.service_point);
    if (entry.row.kind != CommandKind::read) {
        sp.wait_contact = true;  // the desired state outlives the command
        if (entry.row.sent) {
            sp.relay.position = rules::relay::Position::unknown;
            sp.restoring = sp.restoring || entry.row.kind == CommandKind::trip;
        }
    }
    end_command(c, entry.row.id, CommandState::expired, "");
}

}  // namespace

void retry_command(Context& c, CommandStateEntry& entry) {
    if (entry.row.attempts >= max_attempts) {
        give_up(c, entry, "relay.not_moved");
        return;
    }
    drop_task(c, entry);
    ++entry.row.attempts;
    entry.row.state = CommandState::unknown;
    put_task(c, entry);
    wake(c, entry, c.now.business + c.wall_span(answer_within));
    c.out.emit(entry.row);
}

Answer on_command_reported(Context& c, const CommandReported& e) {
    const auto found = c.state.commands.find(e.command.value);
    if (found == c.state.commands.end() || found->second.row.attempts != e.attempt) {
        return std::string("stale");
    }
    CommandStateEntry& entry = found->second;
    CommandRow& row = entry.row;
    auto& sp = c.state.service_points.at(row.service_point);
    switch (e.phase) {
        case CommandPhase::waiting_online:
            if (row.state != CommandState::queued) {
                return std::string("stale");
            }
            row.state = CommandState::waiting_online;
            break;
        case CommandPhase::sent:
            row.state = CommandState::sent;
            row.sent = row.sent ? row.sent : c.step();
            wake(c, entry, c.now.business + c.wall_span(answer_within));
            if (row.kind == CommandKind::trip) {
                sp.restoring = true;
            }
            break;
        case CommandPhase::acked:
            row.state = CommandState::acked;
            row.acked = row.acked ? row.acked : c.step();
            wake(c, entry, c.now.business + c.wall_span(answer_within));
            break;
        case CommandPhase::refused:
            give_up(c, entry, e.code.empty() ? "meter.refused" : e.code);
            return std::string();
        case CommandPhase::timed_out:
            if (row.kind == CommandKind::read) {
                give_up(c, entry, "meter.timeout");
                return std::string();
            }
            row.state = CommandState::unknown;  // never failed: read back, then decide
            wake(c, entry, c.now.business + c.wall_span(ask_again_after));
            break;
        case CommandPhase::done:
            if (row.kind == CommandKind::read) {
                end_command(c, row.id, CommandState::verified, "");
            }
            return std::string();
    }
    c.out.emit(row);
    c.timeline(sp.config.id, "command." + std::string(enum_text(row.state)),
               {{"kind", std::string(enum_text(row.kind))}}, row.order_no, row.id, row.actor);
    orders_follow_command(c, sp, row);
    return std::string();
}

void command_timer(Context& c, CommandId id) {
    const auto found = c.state.commands.find(id.value);
    if (found == c.state.commands.end()) {
        return;
    }
    CommandStateEntry& entry = found->second;
    if (c.now.business >= entry.row.deadline) {
        expire(c, entry);
        return;
    }
    if (entry.row.kind == CommandKind::read) {
        give_up(c, entry, "meter.timeout");
    } else {
        retry_command(c, entry);
    }
}

}  // namespace mb::engine
