// Commands, relays, outbox, and what people were told.
#include "store/statements/money.hpp"
#include "store/statements/supply.hpp"
#include "store/verify_scan.hpp"

namespace mb::store {

namespace {

using engine::CommandKind;
using engine::CommandState;
using engine::OrderState;
using engine::TaskKind;

void commands(VerifyScan& scan, ProjectFacts& facts) {
    Counting ids;
    scan.rows(sql::command_all, "command", 1, [&](const Statement& stored) {
        const auto row = read_row<engine::CommandRow>(stored);
        ids.met(scan, row.id.value);
        facts.commands[row.id.value] = {
            row.service_point.value, row.kind, row.state, row.attempts, 0, false};
        if (facts.service_points.count(row.service_point.value) == 0 ||
            facts.meters.count(row.meter.value) == 0) {
            scan.found("reference.command", "its service point or meter is not there");
        }
        if (engine::is_final(row.state) != static_cast<bool>(row.ended)) {
            scan.found("command.state", "its state and its end contradict each other");
        }
    });
}

void relays(VerifyScan& scan, ProjectFacts& facts) {
    std::set<std::int64_t> points;
    scan.rows(sql::relay_state_all, "relay_state", 1, [&](const Statement& stored) {
        const auto row = read_row<engine::RelayRow>(stored);
        points.insert(row.service_point.value);
        if (!row.command) {
            return;
        }
        const auto command = facts.commands.find(row.command.value);
        if (command == facts.commands.end() || engine::is_final(command->second.state) ||
            command->second.kind == CommandKind::read ||
            command->second.service_point != row.service_point.value) {
            scan.found("relay.command", "its open command is none");
        } else {
            command->second.is_open = true;
        }
    });
    for (const std::int64_t point : facts.service_points) {
        if (points.count(point) == 0) {
            scan.found_at("relay_state", std::to_string(point), "row.missing",
                          "the service point has no relay");
        }
    }
}

std::map<std::string, OrderState> order_states(VerifyScan& scan) {
    // Damage was reported by the ledger's part.
    std::map<std::string, OrderState> out;
    Statement& row = scan.session().statement(sql::orders_all);
    row.bind_integer(1, scan.project().value);
    while (row.next()) {
        out.emplace(row.text(1), enum_value<OrderState>(row.text(12)).value_or(OrderState::closed));
    }
    return out;
}

/// No task for what has ended, none missing for what is queued.
void outbox(VerifyScan& scan, ProjectFacts& facts) {
    const auto orders = order_states(scan);
    scan.rows(sql::outbox_all, "outbox", 1, [&](const Statement& stored) {
        const auto row = read_row<engine::OutboxRow>(stored);
        if (row.kind == TaskKind::relay || row.kind == TaskKind::read) {
            const auto command = facts.commands.find(row.command.value);
            if (command == facts.commands.end() || engine::is_final(command->second.state) ||
                command->second.kind != row.command_kind ||
                command->second.attempts != row.attempt ||
                row.subject != fmt::format("sp:{}", command->second.service_point)) {
                scan.found("outbox.command", "its command has ended or is another");
            } else {
                ++command->second.tasks;
            }
            return;
        }
        if (row.kind == TaskKind::rerate) {
            return;
        }
        const auto order = orders.find(row.order_no);
        if (order == orders.end() || order->second != OrderState::pending_payment ||
            row.subject != "order:" + row.order_no) {
            scan.found("outbox.order", "its order does not wait for payment");
        }
    });
    for (const auto& [id, command] : facts.commands) {
        if (engine::is_final(command.state)) {
            continue;
        }
        if (command.tasks != 1) {
            scan.found_at("command", std::to_string(id), "outbox.missing",
                          fmt::format("is open with {} tasks in the outbox", command.tasks));
        }
        if (command.kind != CommandKind::read && !command.is_open) {
            scan.found_at("command", std::to_string(id), "relay.command",
                          "is open, but its relay does not know it");
        }
    }
}

void told(VerifyScan& scan, const ProjectFacts& facts) {
    Counting notices;
    scan.rows(sql::notice_all, "notice", 1, [&](const Statement& stored) {
        const auto row = read_row<engine::NoticeRow>(stored);
        notices.met(scan, row.id.value);
        if (facts.accounts.count(row.account.value) == 0) {
            scan.found("reference.account", "its account is not there");
        }
        if (row.service_point && facts.service_points.count(row.service_point.value) == 0) {
            scan.found("reference.service_point", "its service point is not there");
        }
    });
    std::set<std::int64_t> entries;
    scan.rows(sql::timeline_all, "timeline", 2, [&](const Statement& stored) {
        const auto row = read_row<engine::TimelineRow>(stored);
        entries.insert(row.seq);
        if (row.service_point && facts.service_points.count(row.service_point.value) == 0) {
            scan.found("reference.service_point", "its service point is not there");
        }
        if (row.command && facts.commands.count(row.command.value) == 0) {
            scan.found("reference.command", "its command is not there");
        }
    });
    std::int64_t expected = 0;
    for (const std::int64_t seq : entries) {
        if (seq != ++expected) {
            scan.found_at("timeline", std::to_string(expected), "row.missing",
                          fmt::format("entries before {} are not there", seq));
            expected = seq;
        }
    }
    scan.rows(sql::alarm_all, "alarm", 2, [&](const Statement& stored) {
        const auto row = read_row<engine::AlarmRow>(stored);
        if (row.service_point && facts.service_points.count(row.service_point.value) == 0) {
            scan.found("reference.service_point", "its service point is not there");
        }
    });
}

}  // namespace

void verify_supply(VerifyScan& scan, ProjectFacts& facts) {
    commands(scan, facts);
    relays(scan, facts);
    outbox(scan, facts);
    told(scan, facts);
}

}  // namespace mb::store
