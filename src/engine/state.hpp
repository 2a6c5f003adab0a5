// The state of one project: what a checkpoint holds. Open cycles only; the past lies in the store.
#pragma once

#include "engine/events.hpp"
#include "engine/rows.hpp"
#include "engine/table.hpp"
#include "rules/billing/accrual.hpp"
#include "rules/billing/history.hpp"
#include "rules/credit/credit.hpp"
#include "rules/metering/day_block.hpp"
#include "rules/tariff/book.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace mb::engine {

/// Readings of a business day that is not closed yet.
struct OpenDay {
    CivilDate on;
    rules::metering::DayBlock block;
    std::size_t flushed_bytes = 0;  // of the block are in the store; not described: no state
};
MB_DESCRIBE(OpenDay, (on, block))

/// What each reading touches stands first, together (here and below): readings come in any order of
/// meters, so lines of cache are what they cost (engine/prefetch.hpp).
struct MeterState {
    rules::metering::Registers last;  // base of the next interval
    Instant last_at;
    std::vector<OpenDay> days;    // oldest first; two at most in a row of days
    CivilDate closed_to;          // days before this one are closed
    std::int32_t late_parts = 0;  // parts written for closed days
    bool online = false;
    Instant last_contact_at;
    std::optional<std::int64_t> power_dw;
    Instant power_at;
    std::optional<std::int64_t> clock_ahead_s;
    Instant clock_at;
    Quantity energy_today;
    CivilDate energy_on;
    bool held = false;            // the last reading was held: its alarm is open
    bool last_estimated = false;  // `last` is an estimate
    std::int64_t version = 0;
    std::vector<rules::billing::RatioFrom> ratios;  // by time; empty: config.ratio since ever
    Meter config;
};
MB_DESCRIBE(MeterState, (config, last, last_at, days, closed_to, late_parts, online,
                         last_contact_at, power_dw, power_at, clock_ahead_s, clock_at, energy_today,
                         energy_on, held, last_estimated, version, ratios))

struct AgreementState {
    rules::billing::AgreementAccrual accrual;
    rules::tariff::Terms terms;
    AgreementId continues;                  // its tier counters go on here
    rules::billing::CycleId settle_to = 0;  // the last month whose fees are due
    Agreement config;
};
MB_DESCRIBE(AgreementState, (config, terms, continues, settle_to, accrual))

struct ServicePointState {
    MeterId meter;                // in force, or 0
    AgreementId agreement;        // in force, or 0
    std::int64_t basis = 0;       // counts up with all that its bills rest on
    OutboxId rerate;              // the task to rate it anew, or 0
    bool rerate_tonight = false;  // late readings: once a day is enough
    bool restoring = false;       // we opened it: close it when the reasons are gone
    bool staff_close = false;     // a person ordered the close
    bool wait_contact = false;    // a command expired: the next one waits until the meter speaks
    Instant retry_at;             // a command failed: not before
    std::vector<std::string> orders;      // paid or open orders that still want a step
    std::vector<MeterId> meters;          // that ever hung here, by time
    std::vector<AgreementId> agreements;  // that ever ran here, by time
    RelayRow relay;
    ServicePoint config;
};
MB_DESCRIBE(ServicePointState,
            (config, relay, meter, agreement, basis, rerate, rerate_tonight, restoring, staff_close,
             wait_contact, retry_at, orders, meters, agreements))

/// Cost of use at a point in time, for the forecast from the last hour.
struct CostMark {
    Instant at;
    Money spent;  // running total since the account opened
};
MB_DESCRIBE(CostMark, (at, spent))

struct AccountState {
    Money ledger;   // balance of the cash bucket
    Money pending;  // accrued, not yet posted, over all agreements
    rules::credit::CreditState credit;
    std::vector<AgreementId> agreements;
    Money spent;                      // use since the account opened
    std::array<CostMark, 6> marks{};  // ring, at least ten minutes apart
    std::int32_t next_mark = 0;
    std::array<Money, 7> daily{};  // cost of the last days, ring
    std::int32_t days_known = 0;   // of them, ≤ 7
    Money spent_at_midnight;
    CivilDate spent_on;
    CivilDate noticed_on;
    std::int32_t noticed = 0;  // notices on that day
    Account config;

    [[nodiscard]] Money balance() const { return ledger - pending; }
};
MB_DESCRIBE(AccountState, (config, ledger, pending, credit, agreements, spent, marks, next_mark,
                           daily, days_known, spent_at_midnight, spent_on, noticed_on, noticed))

struct CommandStateEntry {
    CommandRow row;
    OutboxId outbox;  // its undone task, or 0
};
MB_DESCRIBE(CommandStateEntry, (row, outbox))

struct OrderStateEntry {
    OrderRow row;
    OutboxId outbox;            // its undone channel task, or 0
    std::int32_t queries = 0;   // asked so often
    std::int32_t payments = 0;  // facts received; the second and later go to suspense
};
MB_DESCRIBE(OrderStateEntry, (row, outbox, queries, payments))

/// A request with an idempotency key: its first result.
struct KnownRequest {
    std::string ref;
    std::uint64_t fingerprint = 0;  // of what was asked
    Instant at;
};
MB_DESCRIBE(KnownRequest, (ref, fingerprint, at))

enum class TimerKind : std::uint8_t { day_close, credit, command, order, relay };
MB_ENUM(TimerKind, day_close, credit, command, order, relay)

struct TimerKey {
    TimerKind kind = TimerKind::day_close;
    std::int64_t id = 0;  // account, command, service point
    std::string name;     // order
    friend auto operator<=>(const TimerKey&, const TimerKey&) = default;
};
MB_DESCRIBE(TimerKey, (kind, id, name))

struct Counters {
    std::int64_t posting = 0;
    std::int64_t command = 0;
    std::int64_t notice = 0;
    std::int64_t outbox = 0;
    std::int64_t timeline = 0;
    std::int64_t amendment = 0;
    std::int64_t adjustment = 0;
};
MB_DESCRIBE(Counters, (posting, command, notice, outbox, timeline, amendment, adjustment))

struct State {
    ProjectConfig config;
    rules::tariff::TariffBook tariffs;
    Table<ServicePointId, ServicePointState> service_points;
    Table<AccountId, AccountState> accounts;
    Table<AgreementId, AgreementState> agreements;
    Table<MeterId, MeterState> meters;
    std::map<std::int64_t, CommandStateEntry> commands;  // not ended
    std::map<std::string, OrderStateEntry> orders;       // open, or ended less than two days ago
    std::map<std::string, Instant> payments;             // channel transaction → business time
    std::map<std::string, KnownRequest> requests;
    std::map<TimerKey, Instant> timers;
    std::map<CivilDate, DailyProofRow> proofs;  // of days not closed
    std::map<std::string, AlarmRow> alarms;     // open ones
    std::set<std::string> addresses;            // of installed meters
    Counters counters;
    CivilDate closed_to;  // business days before it are closed
};
MB_DESCRIBE(State, (config, tariffs, service_points, accounts, agreements, meters, commands, orders,
                    payments, requests, timers, proofs, alarms, addresses, counters, closed_to))

}  // namespace mb::engine
