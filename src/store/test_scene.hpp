// A small project with a row in every table, coherent as the engine leaves it: what tests write,
// read back, damage and verify.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "crypto/digest.hpp"
#include "engine/events.hpp"
#include "engine/version.hpp"
#include "store/sqlite_store.hpp"
#include "store/test_folder.hpp"
#include "writer/log_hash.hpp"

namespace mb::store::test {

constexpr ProjectId campus{1};
/// 2026-11-22 09:30 in Shanghai.
constexpr Instant morning{1'795'311'000'000'000};
constexpr CivilDate day_20{20'777};

inline engine::Step step(std::int64_t minutes) {
    return {morning + Duration::minutes(minutes), morning + Duration::seconds(minutes)};
}

inline engine::ProjectConfig config() {
    engine::ProjectConfig out;
    out.name = "示范园区";
    out.calendar.days = {{day_20, false, rules::Holiday::new_year}};
    return out;
}

inline engine::TariffRow tariff() {
    engine::TariffRow out;
    out.id = TariffId{1};
    out.document.code = "flat";
    out.document.name = "统一电价";
    out.document.version = 1;
    out.document.effective_from = CivilDate::from_ymd(2026, 1, 1);
    out.document.prices = {{std::nullopt, std::nullopt, Price{6'000'000'000'000}}};
    out.published = step(-60);
    out.actor = {engine::ActorKind::staff, LoginId{1}, "Lin"};
    return out;
}

inline engine::ServicePoint service_point(std::int64_t id) {
    return {ServicePointId{id},       engine::Commodity::electricity,   "A", "1",
            std::to_string(100 + id), rules::relay::RestoreMode::direct};
}

inline engine::Meter meter(std::int64_t id) {
    engine::Meter out;
    out.id = MeterId{id};
    out.service_point = ServicePointId{id};
    out.link.address = fmt::format("{:012}", id);
    out.from = step(-1440).at;
    return out;
}

inline rules::ledger::Transfer transfer(std::int64_t id, rules::ledger::LedgerAccount debit,
                                        rules::ledger::LedgerAccount credit, std::int64_t fen,
                                        rules::ledger::Cause cause, std::string key) {
    rules::ledger::Transfer out;
    out.id = PostingId{id};
    out.at = step(id).at;
    out.on = day_20 + 2;
    out.debit = debit;
    out.credit = credit;
    out.amount = Money{fen};
    out.cause = cause;
    const bool of_bill =
        cause == rules::ledger::Cause::usage || cause == rules::ledger::Cause::adjustment;
    out.cause_id = of_bill ? 1 : 0;
    out.idempotency = std::move(key);
    return out;
}

inline engine::BillLineRow bill_line() {
    engine::BillLineRow out;
    out.agreement = AgreementId{1};
    out.line.id = 1;
    out.line.key.cycle = 202611;
    out.line.key.version = TariffId{1};
    out.line.key.tier = 1;
    out.line.quantity = Quantity{100'000};
    out.line.exact = {600, 0};
    out.line.posted = Money{600};
    out.line.posted_quantity = Quantity{100'000};
    return out;
}

inline engine::OrderRow paid_order() {
    engine::OrderRow out;
    out.no = "A0000001";
    out.service_point = ServicePointId{1};
    out.account = AccountId{1};
    out.amount = out.paid_amount = Money{5000};
    out.channel = "sandbox";
    out.transaction = "T1";
    out.source = "tenant";
    out.actor = {engine::ActorKind::tenant, LoginId{2}, "王"};
    out.state = engine::OrderState::completed;
    out.pay_url = "http://127.0.0.1:1/pay";
    out.command = CommandId{2};
    out.created = step(1);
    out.paid = out.credited = step(2);
    out.sent = step(3);
    out.acknowledged = step(4);
    out.verified = step(5);
    out.load_seen = step(6);
    return out;
}

inline engine::OrderRow unpaid_order() {
    engine::OrderRow out;
    out.no = "A0000002";
    out.service_point = ServicePointId{1};
    out.account = AccountId{1};
    out.amount = Money{1234};
    out.channel = "sandbox";
    out.source = "console";
    out.actor = {engine::ActorKind::staff, LoginId{1}, "Lin"};
    out.created = step(7);
    return out;
}

inline engine::CommandRow command(std::int64_t id, engine::CommandKind kind,
                                  engine::CommandState state) {
    engine::CommandRow out;
    out.id = CommandId{id};
    out.service_point = ServicePointId{1};
    out.meter = MeterId{1};
    out.kind = kind;
    out.state = state;
    out.cause = "arrears";
    out.attempts = 1;
    out.deadline = step(30).at;
    out.created = step(id);
    if (kind == engine::CommandKind::trip) {
        out.reasons.set(rules::relay::Reason::arrears, true);
        out.reading_at = step(-5).at;
        out.balance = Money{-1};
    }
    if (engine::is_final(state)) {
        out.sent = out.acked = step(id);
        out.ended = step(id + 1);
    }
    return out;
}

inline engine::RelayRow relay(std::int64_t service_point_id) {
    engine::RelayRow out;
    out.service_point = ServicePointId{service_point_id};
    out.protection.keep_power = service_point_id == 2;
    out.position = rules::relay::Position::closed;
    out.position_at = step(5).at;
    return out;
}

inline engine::NoticeRow notice() {
    engine::NoticeRow out;
    out.id = NoticeId{1};
    out.account = AccountId{1};
    out.service_point = ServicePointId{1};
    out.kind = engine::NoticeKind::pretrip;
    out.episode = 1;
    out.balance = Money{-250};
    out.served = step(0);
    return out;
}

inline engine::TimelineRow timeline(std::int64_t seq, std::string kind) {
    engine::TimelineRow out;
    out.seq = seq;
    out.service_point = ServicePointId{1};
    out.when = step(seq);
    out.kind = std::move(kind);
    out.params = R"({"amount":"50.00"})";
    out.order_no = "A0000001";
    out.command = CommandId{2};
    return out;
}

inline engine::AlarmRow alarm() {
    return {ServicePointId{1}, "meter.clock", R"({"ahead_s":"400"})", step(2), {}};
}

inline engine::OutboxRow read_task() {
    engine::OutboxRow out;
    out.id = OutboxId{3};
    out.subject = "sp:1";
    out.kind = engine::TaskKind::read;
    out.command = CommandId{3};
    out.command_kind = engine::CommandKind::read;
    out.meter = MeterId{1};
    out.deadline = step(30).at;
    return out;
}

inline engine::OutboxRow query_task() {
    engine::OutboxRow out;
    out.id = OutboxId{4};
    out.subject = "order:A0000002";
    out.kind = engine::TaskKind::channel_query;
    out.order_no = "A0000002";
    out.channel = "sandbox";
    out.amount = Money{1234};
    out.not_before = step(8).at;
    return out;
}

inline engine::DailyProofRow proof(std::int64_t charged, std::int64_t held, std::int64_t excluded,
                                   int closed_after) {
    engine::DailyProofRow out;
    out.on = day_20;
    out.closed_on = day_20 + closed_after;
    out.received = charged + held + excluded;
    out.charged = charged;
    out.held = held;
    out.excluded = excluded;
    out.energy = Quantity{closed_after == 1 ? 100'000 : 0};
    out.posted = Money{closed_after == 1 ? 600 : 0};
    return out;
}

inline engine::AmendmentRow amendment() {
    engine::AmendmentRow out;
    out.id = AmendmentId{1};
    out.kind = engine::AmendmentKind::reading;
    out.service_point = ServicePointId{1};
    out.meter = MeterId{1};
    out.agreement = AgreementId{1};
    out.from = step(-30).at;
    out.reason = "抄错";
    out.params = R"({"total":"123.4500"})";
    out.entered = step(7);
    out.actor = {engine::ActorKind::staff, LoginId{1}, "Lin"};
    return out;
}

/// Charged by the first, given back by the second.
inline engine::AdjustmentRow adjustment(std::int64_t id, std::int64_t fen) {
    engine::AdjustmentRow out;
    out.id = AdjustmentId{id};
    out.agreement = AgreementId{1};
    out.account = AccountId{1};
    out.service_point = ServicePointId{1};
    out.basis = 7 + id;
    out.amendments_to = AmendmentId{1};
    out.amount = Money{fen};
    out.quantity = Quantity{fen * 166};
    out.lines = "[]";
    out.made = step(8);
    return out;
}

/// Configuration: batch 1.
inline std::vector<engine::Row> site_rows() {
    std::vector<engine::Row> out{engine::ProjectRow{config()}, tariff()};
    for (std::int64_t id = 1; id <= 2; ++id) {
        out.emplace_back(service_point(id));
        out.emplace_back(relay(id));
        out.emplace_back(
            engine::Account{AccountId{id}, "租户" + std::to_string(id), "13800000000"});
        out.emplace_back(engine::Agreement{AgreementId{id},
                                           ServicePointId{id},
                                           AccountId{id},
                                           "flat",
                                           engine::PaymentMode::prepaid,
                                           step(-1440).at,
                                           {}});
        out.emplace_back(meter(id));
    }
    return out;
}

/// Money and supply: batch 2.
inline std::vector<engine::Row> life_rows() {
    using engine::CommandKind;
    using engine::CommandState;
    using rules::ledger::Cause;
    using rules::ledger::Kind;
    const auto cash = rules::ledger::cash_of(AccountId{1});
    return {
        transfer(1, {Kind::opening, 0}, cash, 2000, Cause::opening_balance, "open:seed-1"),
        transfer(2, cash, {Kind::revenue, 0}, 600, Cause::usage, "use:1:1:" + day_20.text()),
        bill_line(),
        proof(2, 1, 0, 1),
        proof(0, 0, 1, 2),
        notice(),
        command(1, CommandKind::trip, CommandState::verified),
        transfer(3, {Kind::clearing, 1}, cash, 5000, Cause::payment, "pay:sandbox:T1"),
        transfer(4, cash, {Kind::revenue, 0}, 60, Cause::adjustment, "adjust:1:1:1"),
        transfer(5, {Kind::revenue, 0}, cash, 60, Cause::adjustment, "adjust:1:1:2"),
        amendment(),
        adjustment(1, 60),
        adjustment(2, -60),
        paid_order(),
        unpaid_order(),
        command(2, CommandKind::close, CommandState::verified),
        command(3, CommandKind::read, CommandState::queued),
        read_task(),
        query_task(),
        timeline(1, "order.created"),
        timeline(2, "order.paid"),
        alarm(),
    };
}

inline engine::MeterViewRow meter_view(std::int64_t id) {
    engine::MeterViewRow out;
    out.meter = MeterId{id};
    out.service_point = ServicePointId{id};
    out.account = AccountId{id};
    out.agreement = AgreementId{id};
    out.registers.count = 2;
    out.registers.value[0] = Quantity{1'234'500};
    out.registers.value[1] = Quantity{1'234'500};
    out.reading_at = step(0).at;
    out.ledger_balance = Money{id == 1 ? 6400 : 0};
    out.unposted = Money{100};
    out.balance = out.ledger_balance - out.unposted;
    out.balance_as_of = step(0).at;
    out.online = id == 1;
    out.last_contact_at = step(0).at;
    if (id == 1) {
        out.power_dw = 15'000;
        out.days_left_tenths = 73;
    }
    out.power_at = step(0).at;
    out.energy_today = Quantity{2'500};
    out.version = 9;
    return out;
}

/// Three readings of the closed day 20, one that came late, and the open day 22.
inline std::vector<engine::DayRow> day_rows() {
    using rules::metering::Outcome;
    using rules::metering::OutcomeReason;
    std::vector<engine::DayRow> out;
    const auto add = [&](CivilDate on, int part, bool closed,
                         const std::vector<std::pair<Outcome, OutcomeReason>>& readings) {
        rules::metering::DayBlock block;
        rules::metering::Registers registers;
        for (const auto& [outcome, reason] : readings) {
            registers.value[0].units += 100;
            block.append(step(15 * block.size()).at, registers, outcome, reason);
        }
        engine::DayRow& row = out.emplace_back();
        row.meter = MeterId{1};
        row.on = on;
        row.part = part;
        row.closed = closed;
        row.charged = static_cast<std::int32_t>(block.count(Outcome::charged));
        row.held = static_cast<std::int32_t>(block.count(Outcome::held));
        row.excluded = static_cast<std::int32_t>(block.count(Outcome::excluded));
        row.packed.assign(block.bytes().begin(), block.bytes().end());
    };
    add(day_20, 0, true,
        {{Outcome::charged, OutcomeReason::first},
         {Outcome::charged, OutcomeReason::none},
         {Outcome::held, OutcomeReason::backward}});
    add(day_20, 1, true, {{Outcome::excluded, OutcomeReason::day_closed}});
    add(day_20 + 2, 0, false, {{Outcome::charged, OutcomeReason::none}});
    return out;
}

/// The writer's part: chained log rows.
class Log {
public:
    writer::LogRow next(ProjectId project, const engine::Effects& effects, Instant business,
                        std::size_t event_bytes = 100) {
        writer::LogRow row;
        row.project = project;
        row.seq = ++seq_;
        row.engine_version = engine::engine_version;
        row.now = {business, business, 60};
        row.event_count = 1;
        row.events.assign(event_bytes, static_cast<std::uint8_t>(seq_));
        row.previous = hash_;
        row.effects = crypto::sha256(effects.canonical());
        row.hash = hash_ = writer::log_row_hash(row);
        return row;
    }
    [[nodiscard]] std::int64_t seq() const { return seq_; }
    [[nodiscard]] const writer::Hash& hash() const { return hash_; }

private:
    std::int64_t seq_ = 0;
    writer::Hash hash_{};
};

inline engine::Effects effects_of(const std::vector<engine::Row>& rows) {
    engine::Effects out;
    for (const engine::Row& row : rows) {
        out.emit(row);
    }
    return out;
}

inline writer::InboxRow inbox(std::int64_t id, std::string dedup_key) {
    return {campus,
            InboxId{id},
            "sandbox",
            std::move(dedup_key),
            step(2).wall_at,
            "{}",
            R"({"transaction":"T1"})"};
}

/// A checkpoint at the log's end whose image is `size` bytes in slices of at most 1000.
inline void checkpoint(writer::Store& store, const Log& log, Instant business, std::size_t size,
                       ProjectId project = campus) {
    const Bytes image(size, static_cast<std::uint8_t>(log.seq()));
    const ByteView all(image);
    std::int32_t slice = 0;
    for (std::size_t at = 0; at < size; at += 1000) {
        store.write_checkpoint_slice(project, log.seq(), slice++,
                                     all.subspan(at, std::min<std::size_t>(1000, size - at)));
    }
    store.finish_checkpoint({project,
                             log.seq(),
                             1,
                             {business, business, 60},
                             static_cast<std::int64_t>(size),
                             log.hash(),
                             crypto::sha256(image)});
}

/// The whole scene, as two batches, a flush, a third batch and two checkpoints; the log goes on
/// from here.
inline Log write_scene(writer::Store& store, ProjectId project = campus) {
    Log log;
    const auto batch = [&](const std::vector<engine::Row>& rows, Instant business,
                           const std::vector<writer::InboxRow>& facts,
                           const std::vector<writer::ParkedEvent>& parked) {
        const engine::Effects effects = effects_of(rows);
        store.commit({{log.next(project, effects, business), &effects}}, facts, parked);
    };
    batch(site_rows(), morning - Duration::hours(24), {}, {});
    writer::InboxRow fact = inbox(1, "T1");
    fact.project = project;
    batch(life_rows(), morning, {fact}, {});
    checkpoint(store, log, morning, 2500, project);
    batch({}, morning + Duration::minutes(10), {},
          {{project, Bytes{1, 2, 3}, {morning, morning, 60}, "refused by a key"}});
    store.flush({project, {meter_view(1), meter_view(2)}, day_rows()});
    checkpoint(store, log, morning + Duration::minutes(10), 2600, project);
    return log;
}

inline std::unique_ptr<SqliteStore> open_store(const std::string& folder) {
    SqliteStoreOptions options;
    options.folder = folder;
    options.wall_now = morning;
    options.holder = "test";
    return SqliteStore::open(options).value();
}

}  // namespace mb::store::test
