// What the engine's parts share while one batch is applied. Internal to the room.
#pragma once

#include "engine/effects.hpp"
#include "engine/state.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mb::engine {

/// Follows from the state, or is waiting to be flushed; never in an image.
struct Derived {
    Zone zone;
    std::set<std::pair<Instant, TimerKey>> timer_order;
    std::vector<MeterId> dirty;
    std::vector<MeterId> flushing;   // the part of it being flushed, highest id first
    std::int64_t flush_rounds = 0;   // such parts that were flushed to their end
    std::vector<bool> is_dirty;      // by meter id
    std::vector<DayRow> ready_days;  // closed days and late parts, not flushed yet
    CivilDate day;                   // the day of the last reading, and its bounds
    Instant day_from;
    Instant day_to;
};

struct Context {
    State& state;
    Derived& derived;
    Now now;
    Effects& out;
    CivilDate today;

    [[nodiscard]] const rules::credit::CreditPolicy& policy() const { return state.config.credit; }
    [[nodiscard]] Step step() const { return {now.business, now.wall}; }
    /// A span of wall time on the business clock.
    [[nodiscard]] Duration wall_span(Duration wall) const { return wall * now.speed; }
    CivilDate date_of(Instant at);

    void mark_dirty(MeterId id);
    void mark_account_dirty(const AccountState& account);
    void set_timer(TimerKey key, Instant at);  // at = 0 clears it
    /// JSON object of texts.
    static std::string json(const std::vector<std::pair<std::string, std::string>>& params);
    void timeline(ServicePointId sp, std::string kind,
                  std::vector<std::pair<std::string, std::string>> params = {},
                  std::string order_no = {}, CommandId command = {}, const Actor& actor = {});
    void raise_alarm(ServicePointId sp, const std::string& kind,
                     std::vector<std::pair<std::string, std::string>> params = {});
    void clear_alarm(ServicePointId sp, const std::string& kind);
    void transfer(rules::ledger::LedgerAccount debit, rules::ledger::LedgerAccount credit,
                  Money amount, rules::ledger::Cause cause, std::int64_t cause_id,
                  std::string idempotency);
};

/// What an event handler answers: a reference ("" when there is none) or a refusal.
using Answer = Result<std::string>;

// metering.cpp
Answer on_reading(Context& c, const ReadingTaken& e);
/// A reading that a person took. Behind the last one it is charged as any other, else the point is
/// rated anew. Errors: those of ReadingEntered.
Result<void> enter_reading(Context& c, MeterState& meter, Instant at,
                           const rules::metering::Registers& registers, bool estimated);
/// Keeps the reading of the installation, `meter.last` at `meter.last_at`, as its first.
void keep_first_reading(Context& c, MeterState& meter);
Answer on_sample(Context& c, const SampleTaken& e);
Answer on_contact(Context& c, const ContactChanged& e);

// credit_control.cpp
/// Leads the account's credit ladder on; `credited` after a payment, correction or emergency
/// credit.
void evaluate_account(Context& c, AccountId id, bool credited);
/// After a use was charged: only looks closer when a level may be reached.
void after_use(Context& c, AccountId id, AccountState& account, Money change, Instant at);
std::int32_t days_left_tenths(const AccountState& account);  // −1: unknown
/// May a trip for arrears be sent to this point now? Asked for each command: one that expired, or a
/// relay that did not move, comes back hours later (design §5.7).
bool arrears_trip_allowed(const Context& c, const ServicePointState& sp);
Answer on_emergency_credit(Context& c, const EmergencyCreditTaken& e);

// switching.cpp
/// Brings the commands in line with reasons, protections and position; emits the relay row.
/// `order_no`: the payment that caused it.
void reconcile(Context& c, ServicePointState& sp, const std::string& cause,
               const std::string& order_no, const Actor& actor);
Answer on_status(Context& c, const StatusRead& e);
Answer on_relay_requested(Context& c, const RelayRequested& e);
Answer on_protection(Context& c, const ProtectionSet& e);

// commands.cpp
CommandId create_command(Context& c, ServicePointState& sp, CommandKind kind,
                         const std::string& cause, const std::string& order_no, const Actor& actor);
void end_command(Context& c, CommandId id, CommandState state, const std::string& failure);
void retry_command(Context& c, CommandStateEntry& entry);
Answer on_command_reported(Context& c, const CommandReported& e);
void command_timer(Context& c, CommandId id);

// orders.cpp
Answer on_order(Context& c, const OrderCreated& e);
Answer on_payment(Context& c, const PaymentReceived& e);
Answer on_channel_answer(Context& c, const ChannelAnswered& e);
void order_timer(Context& c, const std::string& no);
/// Copies the command's progress to the orders that wait for it.
void orders_follow_command(Context& c, ServicePointState& sp, const CommandRow& command);
void orders_closed_verified(Context& c, ServicePointState& sp);
void orders_load_seen(Context& c, ServicePointState& sp);

// amendments.cpp
Answer on_reading_entered(Context& c, const ReadingEntered& e);
Answer on_ratio(Context& c, const RatioSet& e);
Answer on_exchange(Context& c, const MeterExchanged& e);
Answer on_terms(Context& c, const TermsSet& e);
Answer on_agreement_ended(Context& c, const AgreementEnded& e);
/// Writes the row that says who, when and why; `row` has what it is about.
void keep_amendment(Context& c, AmendmentRow row, const std::string& reason, const Actor& actor,
                    const std::vector<std::pair<std::string, std::string>>& params);

// rerating.cpp
/// The point's bills follow no more from its facts: a task to rate it anew.
void want_rerate(Context& c, ServicePointState& sp);
/// At the close of a day: points with late readings, and those with a month whose fees are due.
void want_nightly_rerates(Context& c, CivilDate before);
/// Points whose bills a version changes that is in force from that day on.
std::vector<ServicePointId> points_rated_behind(const Context& c, std::int32_t code_index,
                                                CivilDate from);
Answer on_point_rerated(Context& c, const PointRerated& e);
Answer on_rerate_failed(Context& c, const RerateFailed& e);

// setup.cpp
/// Errors: those of MeterInstalled.
Result<void> judge_meter(const Context& c, const Meter& wanted,
                         const rules::metering::Registers& first);
/// The point has none; judge_meter() was content.
void install(Context& c, const Meter& wanted, const rules::metering::Registers& first);
Answer on_project(Context& c, const ProjectConfigured& e);
Answer on_tariff(Context& c, const TariffPublished& e);
Answer on_service_point(Context& c, const ServicePointSet& e);
Answer on_account(Context& c, const AccountSet& e);
Answer on_agreement(Context& c, const AgreementStarted& e);
Answer on_meter(Context& c, const MeterInstalled& e);
Answer on_opening_balance(Context& c, const OpeningBalance& e);

// days.cpp
/// Posts what an agreement's use comes to; `suffix` tells postings of one day apart.
void post_agreement(Context& c, AgreementId id, AgreementState& agreement, CivilDate on,
                    const std::string& suffix);
void close_days(Context& c);
void schedule_day_close(Context& c);

// requests.cpp
/// The first result of a key, a conflict, or nothing when the key is new or empty.
std::optional<Answer> known_request(const Context& c, const std::string& key,
                                    std::uint64_t fingerprint);
void remember_request(Context& c, const std::string& key, std::uint64_t fingerprint,
                      const std::string& ref);
std::uint64_t fingerprint_of(ByteView bytes);

}  // namespace mb::engine
