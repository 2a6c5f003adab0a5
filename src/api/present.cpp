#include "api/present.hpp"

#include <fmt/format.h>

#include <array>

#include "api/timeline_code.hpp"
#include "base/check.hpp"

namespace mb::api {

using engine::CommandState;
using engine::OrderState;
using rules::relay::Action;
using rules::relay::Position;

namespace {

constexpr int kwh_places = 2;  // at least

dto::Desired desired_of(const MeterRecord& record) {
    const engine::RelayRow& relay = record.relay;
    switch (relay.desired) {
        case Action::trip: return dto::Desired::open;
        case Action::close: return dto::Desired::closed;
        case Action::permit: return dto::Desired::permit;
        case Action::none: break;
    }
    if (!rules::relay::unsuppressed(relay.reasons, relay.protection).none()) {
        return dto::Desired::open;
    }
    if (relay.position == Position::closed) return dto::Desired::closed;
    // The permit is given and read back; the relay stays open until somebody presses the key.
    const bool key = record.service_point.restore_mode == rules::relay::RestoreMode::permit &&
                     !relay.protection.lock_out && relay.position == Position::open;
    return key ? dto::Desired::permit : dto::Desired::none;
}

dto::CommandBrief brief(const engine::CommandRow& row) {
    return {row.id.text(), row.kind, row.state};
}

std::string hours(std::int32_t minute) {
    return fmt::format("{:02}:{:02}", minute / 60, minute % 60);
}

bool known_cause(const std::string& cause) {
    static constexpr std::array known = {
        "arrears",   "overload",   "malicious_load",  "schedule", "manual",
        "safety",    "lease_end",  "payment",         "restore",  "keep_power",
        "reconcile", "protection", "emergency_credit"};
    for (const char* name : known) {
        if (cause == name) return true;
    }
    return false;
}

}  // namespace

std::string place_of(const engine::ServicePoint& point) {
    std::string out;
    for (const std::string* part : {&point.building, &point.floor, &point.room}) {
        if (part->empty()) continue;
        if (!out.empty()) out += ' ';
        out += *part;
    }
    return out;
}

std::string name_of(const engine::Actor& actor) {
    if (actor.kind == engine::ActorKind::system) return "system";
    return actor.name.empty() ? std::string(enum_text(actor.kind)) : actor.name;
}

Presenter::Presenter(const engine::ProjectConfig& config) : config_(config) {
    auto found = Zone::find(config.zone);
    CHECK_MSG(found.has_value(), "zone " + config.zone);
    zone_ = std::move(*found);
}

std::optional<std::string> Presenter::maybe(Instant at) const {
    if (!at) return std::nullopt;
    return zone_.text(at);
}

dto::Meter Presenter::meter(const MeterRecord& record) const {
    const engine::MeterViewRow& view = record.view;
    dto::Meter out;
    out.id = record.meter.id.text();
    out.code = record.meter.link.address;
    out.name = record.service_point.room;
    out.place = place_of(record.service_point);
    out.building = record.service_point.building;
    out.account = {record.account.id ? record.account.id.text() : "", record.account.name};
    out.balance = view.balance;
    out.balance_as_of = maybe(view.balance_as_of);
    out.relay = record.relay.position;
    out.relay_as_of = maybe(record.relay.position_at);
    out.desired = desired_of(record);
    out.online = view.online;
    out.last_contact_at = maybe(view.last_contact_at);
    if (view.power_dw) out.power_kw = format_decimal(*view.power_dw, 4, kwh_places);
    out.power_as_of = maybe(view.power_at);
    out.in_arrears = view.in_arrears;
    out.credit_state = view.credit;
    out.trip_reasons = record.relay.reasons.list();
    out.keep_power = record.relay.protection.keep_power;
    out.no_disconnect = record.relay.protection.no_disconnect;
    out.lock_out = record.relay.protection.lock_out;
    out.restore_mode = record.service_point.restore_mode;
    out.tariff = {record.tariff.code, record.tariff.version, record.tariff.name};
    if (record.command) out.command = brief(*record.command);
    return out;
}

dto::MeterMore Presenter::more(const MeterRecord& record,
                               const std::vector<rules::metering::DayReading>& today) const {
    static constexpr std::array bands = {"total", "sharp", "peak", "flat", "valley", "deep_valley"};
    const engine::MeterViewRow& view = record.view;
    dto::MeterMore out;
    if (view.reading_at) {
        dto::Reading& reading = out.reading.emplace();
        reading.total_kwh = view.registers.total().text(kwh_places);
        for (std::size_t i = 1; i < view.registers.count && i < bands.size(); ++i) {
            reading.registers.push_back({bands.at(i), view.registers.value[i].text(kwh_places)});
        }
        reading.read_at = zone_.text(view.reading_at);
    }
    out.ledger_balance = view.ledger_balance;
    out.unposted = view.unposted;
    out.emergency_credit.active = view.emergency_active;
    out.emergency_credit.available = !view.emergency_active &&
                                     config_.credit.emergency_credit.fen > 0 &&
                                     view.balance < config_.credit.restore_at;
    if (view.days_left_tenths && *view.days_left_tenths >= 0) {
        out.days_left = *view.days_left_tenths / 10;
    }
    for (auto reading = today.rbegin(); reading != today.rend(); ++reading) {
        dto::ReadingRow row;
        row.at = zone_.text(reading->at);
        row.total_kwh = reading->registers.total().text(kwh_places);
        row.outcome = reading->outcome;
        if (reading->outcome != rules::metering::Outcome::charged) {
            row.reason = std::string(enum_text(reading->reason));
        }
        out.readings_today.push_back(std::move(row));
    }
    return out;
}

std::string Presenter::meter_detail(const MeterRecord& record,
                                    const std::vector<rules::metering::DayReading>& today) const {
    std::string out = to_json(meter(record));
    out.back() = ',';
    out += to_json(more(record, today)).substr(1);
    return out;
}

dto::OrderStep Presenter::step(std::string name, const engine::Step& when) const {
    return {std::move(name), maybe(when.at), maybe(when.wall_at)};
}

dto::Order Presenter::order(const OrderRecord& record) const {
    const engine::OrderRow& row = record.row;
    dto::Order out;
    out.no = row.no;
    out.meter_id = record.meter.text();
    out.account_id = row.account.text();
    out.place = place_of(record.service_point);
    out.amount = row.amount;
    out.channel = row.channel;
    out.state = row.state;
    out.source = row.source;
    out.created_by = name_of(row.actor);
    out.created_at = zone_.text(row.created.at);
    if (row.paid) out.paid_amount = row.paid_amount;
    out.paid_at = maybe(row.paid.at);
    if (row.state == OrderState::pending_payment && !row.pay_url.empty()) {
        out.pay_url = row.pay_url;
    }
    out.steps = {step("created", row.created), step("paid", row.paid),
                 step("credited", row.credited)};
    // What follows belongs to the order only when its payment brings the power back.
    const bool ended = row.state == OrderState::failed || row.state == OrderState::closed;
    if (row.command || (record.cut_for_arrears && !row.paid && !ended)) {
        out.steps.push_back(step("sent", row.sent));
        out.steps.push_back(step("acknowledged", row.acknowledged));
        if (record.service_point.restore_mode == rules::relay::RestoreMode::permit) {
            out.steps.push_back(step("permit_ready", row.permit_ready));
        } else {
            out.steps.push_back(step("verified", row.verified));
        }
        out.steps.push_back(step("load_seen", row.load_seen));
    }
    return out;
}

dto::Command Presenter::command(const engine::CommandRow& row) const {
    dto::Command out;
    out.id = row.id.text();
    out.meter_id = row.meter.text();
    out.kind = row.kind;
    out.state = row.state;
    if (!row.failure.empty()) out.failure = row.failure;
    const std::vector<rules::relay::Reason> reasons = row.reasons.list();
    if (known_cause(row.cause)) {
        out.cause = row.cause == "protection" ? "keep_power" : row.cause;
    } else if (row.kind == engine::CommandKind::trip && !reasons.empty() &&
               row.actor.kind == engine::ActorKind::system) {
        out.cause = std::string(enum_text(reasons.front()));
    } else {
        out.cause = "manual";
    }
    out.created_at = zone_.text(row.created.at);
    out.deadline = maybe(row.deadline);
    out.created_by = name_of(row.actor);
    const auto add = [&](CommandState state, const engine::Step& when) {
        if (when) out.steps.push_back({state, zone_.text(when.at), zone_.text(when.wall_at)});
    };
    add(CommandState::queued, row.created);
    add(CommandState::sent, row.sent);
    add(CommandState::acked, row.acked);
    if (engine::is_final(row.state)) add(row.state, row.ended);
    return out;
}

dto::TimelineEntry Presenter::timeline(const engine::TimelineRow& row) const {
    TimelineCode code = timeline_code(row);
    dto::TimelineEntry out;
    out.seq = row.seq;
    out.at = zone_.text(row.when.at);
    out.wall_at = zone_.text(row.when.wall_at);
    out.kind = std::move(code.kind);
    out.text_code = std::move(code.text_code);
    out.params.text = std::move(code.params);
    if (!row.order_no.empty()) out.order_no = row.order_no;
    if (row.command) out.command_id = row.command.text();
    return out;
}

dto::NoticeSent Presenter::notice(const engine::NoticeRow& row, MeterId meter) const {
    dto::NoticeSent out;
    out.meter_id = meter.text();
    out.text_code = row.kind == engine::NoticeKind::pretrip
                        ? "notice.pre_trip"
                        : "notice." + std::string(enum_text(row.kind));
    out.at = zone_.text(row.served.at);
    out.params.text =
        "{\"balance\":" + to_json(row.balance) + ",\"channel\":" + to_json(row.channel) + "}";
    return out;
}

dto::Clock Presenter::clock(const engine::Now& now) const {
    return {zone_.text(now.business), zone_.text(now.wall), now.speed};
}

dto::Summary Presenter::summary(const Figures& figures, const engine::Now& now, bool demo) const {
    const rules::credit::CreditPolicy& policy = config_.credit;
    dto::Summary out;
    out.meters = figures.meters;
    out.online = figures.online;
    out.lost = figures.meters - figures.online;
    out.relay_open = figures.relay_open;
    out.relay_closed = figures.relay_closed;
    out.in_arrears = figures.in_arrears;
    out.receipts_today = figures.receipts_today;
    out.energy_today_kwh = figures.energy_today.text(kwh_places);
    out.trips_today = figures.trips_today;
    out.restores_today = figures.restores_today;
    out.clock = clock(now);
    out.policy.allowed_hours = hours(policy.allowed_from_min) + "–" + hours(policy.allowed_to_min);
    out.policy.pretrip_notice_min = policy.notice_before_trip_min;
    out.policy.alarm1 = policy.alarm1;
    out.policy.alarm2 = policy.alarm2;
    out.policy.trip_below = policy.trip_below;
    out.policy.restore_at = policy.restore_at;
    out.policy.fresh_min = policy.fresh_max_min;
    out.policy.demo = demo;
    out.as_of = zone_.text(now.business);
    return out;
}

}  // namespace mb::api
