// The engine's first door: everything that moves energy, money, relays or configuration comes in as
// one of these. Ids of what the engine creates are made by it; all others come in with the event.
#pragma once

#include "engine/entities.hpp"
#include "rules/billing/history.hpp"
#include "rules/metering/register.hpp"
#include "rules/tariff/document.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mb::engine {

// ---- configuration ---------------------------------------------------------------------------

/// Creates the project or replaces its configuration.
struct ProjectConfigured {
    ProjectConfig config;
    Actor actor;
};
MB_DESCRIBE(ProjectConfigured, (config, actor))

/// A new immutable version. One that changes what is rated already needs a reason and re-rates it.
/// Errors: tariff.*, tariff.reason_required.
struct TariffPublished {
    TariffId id;
    rules::tariff::TariffDocument document;
    Actor actor;
    std::string reason = {};
};
MB_DESCRIBE(TariffPublished, (id, document, actor, reason))

/// New or changed (same id) service point.
struct ServicePointSet {
    ServicePoint service_point;
    Actor actor;
};
MB_DESCRIBE(ServicePointSet, (service_point, actor))

struct AccountSet {
    Account account;
    Actor actor;
};
MB_DESCRIBE(AccountSet, (account, actor))

/// `continues`: an agreement of the same point whose tier counters go on in this one; 0: none.
/// Errors: agreement.overlap, agreement.unknown_service_point, agreement.unknown_account,
/// agreement.unknown_tariff, agreement.not_continued.
struct AgreementStarted {
    Agreement agreement;
    Actor actor;
    AgreementId continues = {};
};
MB_DESCRIBE(AgreementStarted, (agreement, actor, continues))

/// Use from `to` on is no more charged to it; a reading at that time tells how much that is,
/// without one it is divided by time. Errors: agreement.unknown, agreement.ended,
/// agreement.bad_end, amendment.reason_required.
struct AgreementEnded {
    AgreementId agreement;
    Instant to;  // after its start, not in the future
    std::string reason;
    std::string idempotency;
    Actor actor;
};
MB_DESCRIBE(AgreementEnded, (agreement, to, reason, idempotency, actor))

/// The register reading at installation is the first base. Errors: meter.id_out_of_range,
/// meter.service_point_taken, meter.address_taken.
struct MeterInstalled {
    Meter meter;
    rules::metering::Registers first;
    Actor actor;
};
MB_DESCRIBE(MeterInstalled, (meter, first, actor))

/// A balance taken over from before (or a demo's seed); once per key.
struct OpeningBalance {
    AccountId account;
    Money amount;
    std::string idempotency;
    Actor actor;
};
MB_DESCRIBE(OpeningBalance, (account, amount, idempotency, actor))

// ---- the past --------------------------------------------------------------------------------
// What a person enters about a time that may have been rated already: the point is rated anew and
// the difference posted as an adjustment; what was posted stays (design §1). All need a reason.

/// A reading that a person took, or corrects: it counts in place of what the meter sent for that
/// time. An estimate counts until a reading of that time, or one that it contradicts, replaces it.
/// Errors: meter.unknown, reading.malformed, reading.future, reading.outside_installation; behind
/// the last reading those of register_difference(): reading.backward, reading.implausible,
/// reading.no_tariff, reading.no_price.
struct ReadingEntered {
    MeterId meter;
    Instant at;
    rules::metering::Registers registers;
    bool estimated = false;
    std::string reason;
    std::string idempotency;
    Actor actor;
};
MB_DESCRIBE(ReadingEntered, (meter, at, registers, estimated, reason, idempotency, actor))

/// The CT × PT ratio from a time on, 1…1 000 000. Errors: meter.unknown, meter.bad_ratio,
/// reading.future, reading.outside_installation.
struct RatioSet {
    MeterId meter;
    Instant from;
    std::int32_t ratio = 1;
    std::string reason;
    std::string idempotency;
    Actor actor;
};
MB_DESCRIBE(RatioSet, (meter, from, ratio, reason, idempotency, actor))

/// Another meter in the place of the one that hangs there; `next.from` is when. Errors: those of
/// ReadingEntered (for `old_final`) and of MeterInstalled; meter.none_there.
struct MeterExchanged {
    rules::metering::Registers old_final;
    Meter next;
    rules::metering::Registers new_first;
    std::string reason;
    std::string idempotency;
    Actor actor;
};
MB_DESCRIBE(MeterExchanged, (old_final, next, new_first, reason, idempotency, actor))

/// Absent members stay as they are. Errors: agreement.unknown, agreement.bad_terms.
struct TermsSet {
    AgreementId agreement;
    std::optional<rules::tariff::Household> household;
    std::optional<Quantity> area;      // m², four decimals
    std::optional<Quantity> capacity;  // kVA, four decimals
    std::string reason;
    std::string idempotency;
    Actor actor;
};
MB_DESCRIBE(TermsSet, (agreement, household, area, capacity, reason, idempotency, actor))

/// An agreement as rate_point() has it, with the ids of its lines and what is posted of them.
struct RatedAgreement {
    AgreementId agreement;
    rules::billing::AgreementAccrual accrual;
};
MB_DESCRIBE(RatedAgreement, (agreement, accrual))

/// What the job that re-rates a point found. Errors: rerate.basis_moved (retryable: something came
/// in meanwhile, rate again), rerate.unknown.
struct PointRerated {
    ServicePointId service_point;
    std::int64_t basis = 0;
    OutboxId task;
    std::vector<rules::billing::MeterBase> bases;
    std::vector<RatedAgreement> agreements;
};
MB_DESCRIBE(PointRerated, (service_point, basis, task, bases, agreements))

/// It could not be rated: an alarm, and another try when the day closes.
struct RerateFailed {
    ServicePointId service_point;
    OutboxId task;
    std::string code;
    std::string detail;
};
MB_DESCRIBE(RerateFailed, (service_point, task, code, detail))

// ---- the field -------------------------------------------------------------------------------

enum class ReadingSource : std::uint8_t { poll, command, frozen, pushed };
MB_ENUM(ReadingSource, poll, command, frozen, pushed)

/// One record with all registers of a meter at one time.
struct ReadingTaken {
    MeterId meter;
    Instant at;  // when the registers showed this
    rules::metering::Registers registers;
    ReadingSource source = ReadingSource::poll;
};
MB_DESCRIBE(ReadingTaken, (meter, at, registers, source))

/// The relay as the meter shows it (DL/T 645 status word 3).
struct StatusRead {
    MeterId meter;
    Instant at;
    bool relay_open = false;
    // Open but not commanded open: closing is permitted, the key is not pressed yet. Closed but
    // commanded open: a trip was accepted and is still in its delay.
    bool commanded_open = false;
    bool keep_power = false;  // set in the meter itself
    CommandId command;        // the command this is the read-back of, or 0
};
MB_DESCRIBE(StatusRead, (meter, at, relay_open, commanded_open, keep_power, command))

/// Samples are never billed.
struct SampleTaken {
    MeterId meter;
    Instant at;
    std::optional<std::int64_t> power_dw;       // total active power in 0.1 W, signed
    std::optional<std::int64_t> clock_ahead_s;  // meter clock − business time
};
MB_DESCRIBE(SampleTaken, (meter, at, power_dw, clock_ahead_s))

/// A link with these meters behind it came up or went down.
struct ContactChanged {
    std::vector<MeterId> meters;
    bool online = false;
};
MB_DESCRIBE(ContactChanged, (meters, online))

enum class CommandPhase : std::uint8_t {
    waiting_online,  // no link; kept until the deadline
    sent,            // the frame left
    acked,           // the meter accepted it (not: did it)
    refused,         // the meter said no; `code` says why
    timed_out,       // no answer: unknown, never failed
    done,            // a read command delivered its reading
};
MB_ENUM(CommandPhase, waiting_online, sent, acked, refused, timed_out, done)

/// Progress of a command, reported by the head-end. `attempt` is the one of the task: stale reports
/// are ignored.
struct CommandReported {
    CommandId command;
    std::int32_t attempt = 1;
    CommandPhase phase = CommandPhase::sent;
    std::string code;
};
MB_DESCRIBE(CommandReported, (command, attempt, phase, code))

// ---- people ----------------------------------------------------------------------------------

enum class RequestedAction : std::uint8_t { trip, close, read };
MB_ENUM(RequestedAction, trip, close, read)

/// A person's order to one service point. A trip sets the reason `manual`; a close clears it, and
/// when arrears hold it needs `override_arrears` (the arrears reason is then lifted until the next
/// reading below the limit). Result: the command's id. Errors: relay.locked_out, relay.protected,
/// relay.arrears, relay.already_open, relay.already_closed, relay.reason_required, relay.no_meter.
struct RelayRequested {
    ServicePointId service_point;
    RequestedAction action = RequestedAction::read;
    std::string reason;
    bool override_arrears = false;
    std::string second_approver;  // a different person, for a cut against keep-power
    std::string idempotency;
    Actor actor;
};
MB_DESCRIBE(RelayRequested,
            (service_point, action, reason, override_arrears, second_approver, idempotency, actor))

/// Absent members stay as they are. A reason is required. Errors: protection.reason_required.
struct ProtectionSet {
    ServicePointId service_point;
    std::optional<bool> keep_power;
    std::optional<bool> no_disconnect;
    std::optional<bool> lock_out;
    std::string reason;
    std::string idempotency;
    Actor actor;
};
MB_DESCRIBE(ProtectionSet,
            (service_point, keep_power, no_disconnect, lock_out, reason, idempotency, actor))

/// Once until repaid. Errors: credit.emergency_used, credit.emergency_not_needed,
/// credit.unknown_account.
struct EmergencyCreditTaken {
    AccountId account;
    std::string idempotency;
    Actor actor;
};
MB_DESCRIBE(EmergencyCreditTaken, (account, idempotency, actor))

// ---- payment ---------------------------------------------------------------------------------

/// Errors: order.amount_range, order.no_taken, order.unknown_account.
struct OrderCreated {
    std::string no;  // 8–32 of 0-9A-Z, carries the project
    ServicePointId service_point;
    AccountId account;
    Money amount;
    std::string channel;
    std::string source;  // console | tenant
    std::string idempotency;
    Actor actor;
};
MB_DESCRIBE(OrderCreated, (no, service_point, account, amount, channel, source, idempotency, actor))

/// A verified payment fact, by callback (through the inbox) or by query.
struct PaymentReceived {
    std::string channel;
    std::int32_t channel_number = 0;  // owner of its clearing account
    std::string transaction;          // the channel's own number, unique with the channel
    std::string order_no;
    Money amount;
    Instant paid_wall_at;
    InboxId inbox;  // 0: learnt by query
};
MB_DESCRIBE(PaymentReceived,
            (channel, channel_number, transaction, order_no, amount, paid_wall_at, inbox))

enum class ChannelAnswer : std::uint8_t { prepared, unpaid, closed, failed };
MB_ENUM(ChannelAnswer, prepared, unpaid, closed, failed)

/// What the channel said to a task that is no payment fact. `failed` is definite; a time-out is no
/// answer and is asked again.
struct ChannelAnswered {
    std::string order_no;
    ChannelAnswer answer = ChannelAnswer::unpaid;
    std::string pay_url;  // prepared
    std::string code;     // failed
};
MB_DESCRIBE(ChannelAnswered, (order_no, answer, pay_url, code))

// ---- time ------------------------------------------------------------------------------------

/// Only `now` matters: due timers run.
struct Tick {};
MB_DESCRIBE(Tick, ())

using Event =
    std::variant<ReadingTaken, StatusRead, SampleTaken, Tick, ContactChanged, CommandReported,
                 PaymentReceived, ChannelAnswered, OrderCreated, RelayRequested, ProtectionSet,
                 EmergencyCreditTaken, ProjectConfigured, TariffPublished, ServicePointSet,
                 AccountSet, AgreementStarted, MeterInstalled, OpeningBalance, ReadingEntered,
                 RatioSet, MeterExchanged, TermsSet, AgreementEnded, PointRerated, RerateFailed>;

/// Money and relay events overtake readings and close their batch at once.
bool is_urgent(const Event& event);

}  // namespace mb::engine
