// The JSON bodies of api/openapi.yaml, each described once; a test compares them with that file.
// Instants are RFC 3339 texts in the project's zone; std::optional becomes null.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "engine/rows.hpp"

namespace mb::api::dto {

using Text = std::string;
using MaybeText = std::optional<std::string>;

struct CodeRequest {
    Text phone;
};
MB_DESCRIBE(CodeRequest, (phone))

struct CodeAnswer {
    std::int64_t resend_after_s = 0;
    MaybeText demo_code;
};
MB_DESCRIBE(CodeAnswer, (resend_after_s, demo_code))

struct SignInRequest {
    Text phone;
    Text code;
};
MB_DESCRIBE(SignInRequest, (phone, code))

struct Clock {
    Text business_now;
    Text wall_now;
    std::int32_t speed = 1;
};
MB_DESCRIBE(Clock, (business_now, wall_now, speed))

struct MeUser {
    Text id;
    Text name;
    Text phone_masked;
};
MB_DESCRIBE(MeUser, (id, name, phone_masked))

struct MeProject {
    Text id;
    Text name;
    Text role = "manager";
};
MB_DESCRIBE(MeProject, (id, name, role))

struct Me {
    MeUser user;
    std::vector<MeProject> projects;
    Text csrf;
    bool demo = false;
    Clock clock;
};
MB_DESCRIBE(Me, (user, projects, csrf, demo, clock))

struct Policy {
    Text allowed_hours;
    std::int32_t pretrip_notice_min = 0;
    Money alarm1;
    Money alarm2;
    Money trip_below;
    Money restore_at;
    std::int32_t fresh_min = 0;
    bool demo = false;
};
MB_DESCRIBE(Policy, (allowed_hours, pretrip_notice_min, alarm1, alarm2, trip_below, restore_at,
                     fresh_min, demo))

struct Summary {
    std::int64_t meters = 0;
    std::int64_t online = 0;
    std::int64_t lost = 0;
    std::int64_t relay_open = 0;
    std::int64_t relay_closed = 0;
    std::int64_t in_arrears = 0;
    Money receipts_today;
    Text energy_today_kwh;
    std::int64_t trips_today = 0;
    std::int64_t restores_today = 0;
    Clock clock;
    Policy policy;
    Text as_of;
};
MB_DESCRIBE(Summary, (meters, online, lost, relay_open, relay_closed, in_arrears, receipts_today,
                      energy_today_kwh, trips_today, restores_today, clock, policy, as_of))

struct IdName {
    Text id;
    Text name;
};
MB_DESCRIBE(IdName, (id, name))

struct Tariff {
    Text code;
    std::int32_t version = 0;
    Text name;
};
MB_DESCRIBE(Tariff, (code, version, name))

struct CommandBrief {
    Text id;
    engine::CommandKind kind = engine::CommandKind::read;
    engine::CommandState state = engine::CommandState::queued;
};
MB_DESCRIBE(CommandBrief, (id, kind, state))

/// What the supply should be.
enum class Desired : std::uint8_t { closed, open, permit, none };
MB_ENUM(Desired, closed, open, permit, none)

struct Meter {
    Text id;
    Text code;
    Text name;
    Text place;
    Text building;
    IdName account;
    Money balance;
    MaybeText balance_as_of;
    rules::relay::Position relay = rules::relay::Position::unknown;
    MaybeText relay_as_of;
    Desired desired = Desired::none;
    bool online = false;
    MaybeText last_contact_at;
    MaybeText power_kw;
    MaybeText power_as_of;
    bool in_arrears = false;
    engine::CreditLevel credit_state = engine::CreditLevel::normal;
    std::vector<rules::relay::Reason> trip_reasons;
    bool keep_power = false;
    bool no_disconnect = false;
    bool lock_out = false;
    rules::relay::RestoreMode restore_mode = rules::relay::RestoreMode::direct;
    Tariff tariff;
    std::optional<CommandBrief> command;
};
MB_DESCRIBE(Meter,
            (id, code, name, place, building, account, balance, balance_as_of, relay, relay_as_of,
             desired, online, last_contact_at, power_kw, power_as_of, in_arrears, credit_state,
             trip_reasons, keep_power, no_disconnect, lock_out, restore_mode, tariff, command))

struct Counts {
    std::int64_t online = 0;
    std::int64_t lost = 0;
    std::int64_t closed = 0;
    std::int64_t open = 0;
    std::int64_t arrears = 0;
};
MB_DESCRIBE(Counts, (online, lost, closed, open, arrears))

struct MeterPage {
    std::vector<Meter> items;
    std::int64_t page = 1;
    std::int64_t page_size = 20;
    std::int64_t total = 0;
    Text as_of;
    Counts counts;
};
MB_DESCRIBE(MeterPage, (items, page, page_size, total, as_of, counts))

struct RegisterValue {
    Text band;
    Text kwh;
};
MB_DESCRIBE(RegisterValue, (band, kwh))

struct Reading {
    Text total_kwh;
    std::vector<RegisterValue> registers;
    Text read_at;
};
MB_DESCRIBE(Reading, (total_kwh, registers, read_at))

struct ReadingRow {
    Text at;
    Text total_kwh;
    rules::metering::Outcome outcome = rules::metering::Outcome::charged;
    MaybeText reason;
};
MB_DESCRIBE(ReadingRow, (at, total_kwh, outcome, reason))

struct EmergencyCredit {
    bool available = false;
    bool active = false;
};
MB_DESCRIBE(EmergencyCredit, (available, active))

/// What MeterDetail has besides Meter.
struct MeterMore {
    std::optional<Reading> reading;
    Money ledger_balance;
    Money unposted;
    EmergencyCredit emergency_credit;
    std::optional<std::int64_t> days_left;
    std::vector<ReadingRow> readings_today;
};
MB_DESCRIBE(MeterMore,
            (reading, ledger_balance, unposted, emergency_credit, days_left, readings_today))

struct OrderStep {
    Text step;
    MaybeText at;
    MaybeText wall_at;
};
MB_DESCRIBE(OrderStep, (step, at, wall_at))

struct Order {
    Text no;
    Text meter_id;
    Text account_id;
    Text place;
    Money amount;
    Text channel;
    engine::OrderState state = engine::OrderState::pending_payment;
    Text source;
    Text created_by;
    Text created_at;
    std::optional<Money> paid_amount;
    MaybeText paid_at;
    MaybeText pay_url;
    std::vector<OrderStep> steps;
};
MB_DESCRIBE(Order, (no, meter_id, account_id, place, amount, channel, state, source, created_by,
                    created_at, paid_amount, paid_at, pay_url, steps))

struct OrderRequest {
    Text meter_id;
    Money amount;
    Text channel;
};
MB_DESCRIBE(OrderRequest, (meter_id, amount, channel))

struct OrderPage {
    std::vector<Order> items;
    std::int64_t page = 1;
    std::int64_t page_size = 20;
    std::int64_t total = 0;
    Text as_of;
};
MB_DESCRIBE(OrderPage, (items, page, page_size, total, as_of))

struct OrderSlice {
    std::vector<Order> items;
    MaybeText next;
};
MB_DESCRIBE(OrderSlice, (items, next))

struct CommandRequest {
    engine::CommandKind kind = engine::CommandKind::read;
    Text reason;
    std::optional<bool> override;
};
MB_DESCRIBE(CommandRequest, (kind, reason, override))

struct CommandStep {
    engine::CommandState state = engine::CommandState::queued;
    Text at;
    Text wall_at;
};
MB_DESCRIBE(CommandStep, (state, at, wall_at))

struct Command {
    Text id;
    Text meter_id;
    engine::CommandKind kind = engine::CommandKind::read;
    engine::CommandState state = engine::CommandState::queued;
    MaybeText failure;
    Text cause;
    Text created_at;
    MaybeText deadline;
    Text created_by;
    std::vector<CommandStep> steps;
};
MB_DESCRIBE(Command,
            (id, meter_id, kind, state, failure, cause, created_at, deadline, created_by, steps))

struct CommandSlice {
    std::vector<Command> items;
    MaybeText next;
};
MB_DESCRIBE(CommandSlice, (items, next))

struct ProtectionRequest {
    std::optional<bool> keep_power;
    std::optional<bool> no_disconnect;
    std::optional<bool> lock_out;
    Text reason;
};
MB_DESCRIBE(ProtectionRequest, (keep_power, no_disconnect, lock_out, reason))

struct Empty {};
MB_DESCRIBE(Empty, ())

struct TimelineEntry {
    std::int64_t seq = 0;
    Text at;
    Text wall_at;
    Text kind;
    Text text_code;
    RawJson params{"{}"};
    MaybeText order_no;
    MaybeText command_id;
};
MB_DESCRIBE(TimelineEntry, (seq, at, wall_at, kind, text_code, params, order_no, command_id))

struct TimelineSlice {
    std::vector<TimelineEntry> items;
    MaybeText next;
};
MB_DESCRIBE(TimelineSlice, (items, next))

struct MeterUpdated {
    Text id;
    std::int64_t version = 0;
};
MB_DESCRIBE(MeterUpdated, (id, version))

struct OrderUpdated {
    Text no;
    Text meter_id;
};
MB_DESCRIBE(OrderUpdated, (no, meter_id))

struct CommandUpdated {
    Text id;
    Text meter_id;
};
MB_DESCRIBE(CommandUpdated, (id, meter_id))

struct NoticeSent {
    Text meter_id;
    Text text_code;
    Text at;
    RawJson params{"{}"};
};
MB_DESCRIBE(NoticeSent, (meter_id, text_code, at, params))

}  // namespace mb::api::dto
