// Rows that the engine's effects write. One struct is one row of one table; upserts carry the whole
// row. Every table's key starts with project_id, which the batch knows.
#pragma once

#include "engine/entities.hpp"
#include "rules/billing/accrual.hpp"
#include "rules/credit/credit.hpp"
#include "rules/ledger/ledger.hpp"
#include "rules/metering/day_block.hpp"
#include "rules/relay/relay.hpp"
#include "rules/tariff/document.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace mb::engine {

/// When something happened, on both clocks; 0 = not yet.
struct Step {
    Instant at;
    Instant wall_at;

    explicit operator bool() const { return static_cast<bool>(wall_at); }
};
MB_DESCRIBE(Step, (at, wall_at))

// ---- commands --------------------------------------------------------------------------------

enum class CommandKind : std::uint8_t { trip, close, permit, read };
MB_ENUM(CommandKind, trip, close, permit, read)

enum class CommandState : std::uint8_t {
    queued,
    waiting_online,
    sent,
    acked,
    unknown,
    verified,
    failed,
    expired,
    superseded,
    skipped,
};
MB_ENUM(CommandState, queued, waiting_online, sent, acked, unknown, verified, failed, expired,
        superseded, skipped)

inline bool is_final(CommandState state) { return state >= CommandState::verified; }

/// Table command; upsert by id.
struct CommandRow {
    CommandId id;
    ServicePointId service_point;
    MeterId meter;
    CommandKind kind = CommandKind::read;
    CommandState state = CommandState::queued;
    std::string failure;            // code, when failed or skipped
    rules::relay::Reasons reasons;  // trips: why
    std::string cause;     // a person's words, or "arrears", "payment", "protection", "reconcile"
    std::string order_no;  // the payment that caused it, or ""
    Actor actor;
    std::int32_t attempts = 0;
    Instant deadline;  // business
    Step created;
    Step sent;
    Step acked;
    Step ended;
    Instant reading_at;  // arrears trips: the reading and balance it was based on
    Money balance;
};
MB_DESCRIBE(CommandRow,
            (id, service_point, meter, kind, state, failure, reasons, cause, order_no, actor,
             attempts, deadline, created, sent, acked, ended, reading_at, balance))

// ---- orders ----------------------------------------------------------------------------------

enum class OrderState : std::uint8_t {
    pending_payment,  // 待支付
    crediting,        // 充值中
    doubtful,         // 充值存疑
    completed,        // 充值完成
    failed,           // 充值失败
    closed,           // 已关闭
};
MB_ENUM(OrderState, pending_payment, crediting, doubtful, completed, failed, closed)

/// Table orders; upsert by no.
struct OrderRow {
    std::string no;
    ServicePointId service_point;
    AccountId account;
    Money amount;
    Money paid_amount;
    std::string channel;
    std::string transaction;
    std::string source;
    Actor actor;
    OrderState state = OrderState::pending_payment;
    std::string failure;
    std::string pay_url;
    CommandId command;  // the close or permit command it caused
    Step created;
    Step paid;
    Step credited;
    Step sent;
    Step acknowledged;
    Step verified;
    Step permit_ready;
    Step load_seen;
};
MB_DESCRIBE(OrderRow, (no, service_point, account, amount, paid_amount, channel, transaction,
                       source, actor, state, failure, pay_url, command, created, paid, credited,
                       sent, acknowledged, verified, permit_ready, load_seen))

// ---- notices, timeline, alarms ---------------------------------------------------------------

enum class NoticeKind : std::uint8_t { alarm1, alarm2, pretrip, tripped, restored, paid };
MB_ENUM(NoticeKind, alarm1, alarm2, pretrip, tripped, restored, paid)

/// Table notice; insert. Channel inbox: served when this row is committed.
struct NoticeRow {
    NoticeId id;
    AccountId account;
    ServicePointId service_point;
    NoticeKind kind = NoticeKind::alarm1;
    std::int32_t episode = 0;  // of arrears; counts up per account
    Money balance;
    Step served;
    std::string channel = "inbox";
};
MB_DESCRIBE(NoticeRow, (id, account, service_point, kind, episode, balance, served, channel))

/// Table timeline; insert. `kind` is a stable code shown by the page in its language.
struct TimelineRow {
    std::int64_t seq = 0;  // per project, counts up
    ServicePointId service_point;
    Step when;
    std::string kind;    // "notice.alarm1", "relay.tripped", "order.paid", "reading.held", …
    std::string params;  // JSON object of texts
    std::string order_no;
    CommandId command;
    Actor actor;
};
MB_DESCRIBE(TimelineRow, (seq, service_point, when, kind, params, order_no, command, actor))

/// Table alarm; upsert by (service_point, kind): open while cleared = 0.
struct AlarmRow {
    ServicePointId service_point;
    std::string kind;  // "reading.backward", "relay.stuck", "tariff.no_price", "meter.clock", …
    std::string params;
    Step raised;
    Step cleared;
};
MB_DESCRIBE(AlarmRow, (service_point, kind, params, raised, cleared))

// ---- relay state -----------------------------------------------------------------------------

/// Table relay_state; upsert by service point.
struct RelayRow {
    ServicePointId service_point;
    rules::relay::Reasons reasons;
    rules::relay::Protection protection;
    rules::relay::Position position = rules::relay::Position::unknown;
    Instant position_at;
    rules::relay::Action desired = rules::relay::Action::none;  // what is still to be done
    CommandId command;                                          // open relay command, or 0
};
MB_DESCRIBE(RelayRow, (service_point, reasons, protection, position, position_at, desired, command))

using rules::credit::CreditLevel;

// ---- bills -----------------------------------------------------------------------------------

/// Table bill_line; upsert by (agreement, line id): the running total and what was posted of it.
struct BillLineRow {
    AgreementId agreement;
    rules::billing::BillLine line;
};
MB_DESCRIBE(BillLineRow, (agreement, line))

/// Table daily_proof; insert at the close of a business day: Σ readings by outcome, Σ energy
/// charged. Readings that come for a day already closed make a further row of that day at the next
/// close.
struct DailyProofRow {
    CivilDate on;         // the day the readings belong to
    CivilDate closed_on;  // the business day of the close that wrote this row
    std::int64_t received = 0;
    std::int64_t charged = 0;
    std::int64_t held = 0;
    std::int64_t excluded = 0;
    Quantity energy;  // charged that day
    Money posted;     // Σ usage postings made at this close
};
MB_DESCRIBE(DailyProofRow, (on, closed_on, received, charged, held, excluded, energy, posted))

// ---- outbox ----------------------------------------------------------------------------------

enum class TaskKind : std::uint8_t {
    relay,
    read,
    channel_create,
    channel_query,
    channel_close,
    rerate,  // a service point from its first reading on
};
MB_ENUM(TaskKind, relay, read, channel_create, channel_query, channel_close, rerate)

/// Table outbox; insert by id, deleted by OutboxDone. At least once, one in flight per subject.
struct OutboxRow {
    OutboxId id;
    // "sp:17", "order:…" or "rerate:17": tasks of one subject run one after another.
    std::string subject;
    TaskKind kind = TaskKind::relay;
    CommandId command;  // relay, read
    CommandKind command_kind = CommandKind::read;
    std::int32_t attempt = 1;  // > 1 or after a restart: read the relay first
    MeterId meter;
    Instant deadline;      // business
    std::string order_no;  // channel tasks
    std::string channel;
    Money amount;
    Instant not_before;  // business
};
MB_DESCRIBE(OutboxRow, (id, subject, kind, command, command_kind, attempt, meter, deadline,
                        order_no, channel, amount, not_before))

/// The point of a rerate task, nullopt for another.
std::optional<ServicePointId> rerated_point(const OutboxRow& task);

struct OutboxDone {
    OutboxId id;
};
MB_DESCRIBE(OutboxDone, (id))

// ---- the past --------------------------------------------------------------------------------

enum class AmendmentKind : std::uint8_t {
    reading,    // in place of what came at that time, or of nothing
    estimate,   // until a reading replaces it
    ratio,      // CT × PT from a time on
    exchange,   // of the meter
    terms,      // household, area, capacity
    agreement,  // ended, or begun in the past
    tariff,     // a version in force before it was published
};
MB_ENUM(AmendmentKind, reading, estimate, ratio, exchange, terms, agreement, tariff)

/// Table amendment; insert. A fact that bills rest on, entered by a person: who, when and why.
struct AmendmentRow {
    AmendmentId id;
    AmendmentKind kind = AmendmentKind::reading;
    ServicePointId service_point;  // 0: of a tariff
    MeterId meter;
    AgreementId agreement;
    Instant from;  // what it changes begins then
    std::string reason;
    std::string params;  // JSON object of texts
    Step entered;
    Actor actor;
};
MB_DESCRIBE(AmendmentRow,
            (id, kind, service_point, meter, agreement, from, reason, params, entered, actor))

/// Table adjustment; insert. What re-rating changed in one agreement's bills; its postings are
/// named by it.
struct AdjustmentRow {
    AdjustmentId id;
    AgreementId agreement;
    AccountId account;
    ServicePointId service_point;
    std::int64_t basis = 0;     // of the service point when it was rated
    AmendmentId amendments_to;  // all amendments up to this one are in it
    Money amount;               // > 0: charged; < 0: given back
    Quantity quantity;          // more energy or volume than before
    std::string lines;          // JSON list of rules::billing::AdjustedLine
    Step made;
};
MB_DESCRIBE(AdjustmentRow, (id, agreement, account, service_point, basis, amendments_to, amount,
                            quantity, lines, made))

// ---- configuration rows ----------------------------------------------------------------------

struct ProjectRow {
    ProjectConfig config;
};
MB_DESCRIBE(ProjectRow, (config))

struct TariffRow {
    TariffId id;
    rules::tariff::TariffDocument document;
    Step published;
    Actor actor;
};
MB_DESCRIBE(TariffRow, (id, document, published, actor))

// ---- coalesced rows (flushed behind the batch, at most a second late) -------------------------

/// Table meter_view; upsert by meter. What a list shows of a meter besides relay_state.
struct MeterViewRow {
    MeterId meter;
    ServicePointId service_point;
    AccountId account;  // of the agreement in force, or 0
    AgreementId agreement;
    rules::metering::Registers registers;
    Instant reading_at;  // last good reading, 0 = none yet
    Money balance;       // ledger − accrued, not yet posted
    Instant balance_as_of;
    Money ledger_balance;
    Money unposted;
    CreditLevel credit = CreditLevel::normal;
    bool in_arrears = false;
    bool emergency_active = false;
    std::optional<std::int32_t> days_left_tenths;
    bool online = false;
    Instant last_contact_at;
    std::optional<std::int64_t> power_dw;
    Instant power_at;
    std::optional<std::int64_t> clock_ahead_s;
    Quantity energy_today;
    std::int64_t version = 0;  // counts up with every change
};
MB_DESCRIBE(MeterViewRow, (meter, service_point, account, agreement, registers, reading_at, balance,
                           balance_as_of, ledger_balance, unposted, credit, in_arrears,
                           emergency_active, days_left_tenths, online, last_contact_at, power_dw,
                           power_at, clock_ahead_s, energy_today, version))

/// Table day_row; upsert by (meter, on, part): the packed readings of a meter's day. Part 0 is the
/// day as it ran; later parts hold readings that came after it was closed.
struct DayRow {
    MeterId meter;
    CivilDate on;
    std::int32_t part = 0;
    bool closed = false;
    std::int32_t charged = 0;
    std::int32_t held = 0;
    std::int32_t excluded = 0;
    Bytes packed;  // rules::metering::DayBlock; the store compresses and hashes it
};
MB_DESCRIBE(DayRow, (meter, on, part, closed, charged, held, excluded, packed))

}  // namespace mb::engine
