// A recorded event log must replay to the very effects and state that were recorded: behaviour that
// changes under the same engine_version would make every stored log unreadable at the next start.
// Recorded anew with METERBOOK_RECORD_ENGINE_LOG=1 (docs/development.md).
#include "crypto/digest.hpp"
#include "engine/engine.hpp"
#include "engine/state.hpp"
#include "engine/version.hpp"
#include "rules/billing/adjustment.hpp"
#include "tests/support/source_dir.hpp"
#include "writer/log_hash.hpp"
#include "writer/replay.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace mb::writer {
namespace {

using namespace engine;
using rules::relay::RestoreMode;
namespace tariff = rules::tariff;

constexpr const char* advice =
    "\nThe engine behaves differently than when this log was recorded. If that is meant, raise "
    "engine_version in src/engine/version.hpp and record a new fixture:\n"
    "  METERBOOK_RECORD_ENGINE_LOG=1 writer_test --gtest_filter='EngineLog.*'";

Instant at(const char* text) { return parse_rfc3339(text).value(); }
Money yuan(const char* text) { return Money::parse(text).value(); }

/// Four days of a small site that meet most of what the engine knows. The field answers tasks as
/// meters and channels do; each batch becomes a row of the event log, made as the writer makes it.
class ScriptedSite {
public:
    ScriptedSite() {
        configure();
        for (int round = 0; round < rounds; ++round) {
            until(start + Duration::minutes(30) * (round + 1));
            people(round);
            past(round);
            payments(round);
            strange_readings(round);
            poll(round);
        }
    }
    [[nodiscard]] const std::vector<LogRow>& rows() const { return rows_; }
    [[nodiscard]] Hash state() const { return crypto::sha256(engine_.image()); }

private:
    static constexpr int rounds = 150;
    static constexpr std::int64_t meters = 4;
    static constexpr Actor nobody{};

    void batch(std::vector<Event> events) {
        Effects effects;
        engine_.apply(events, now_, effects);
        LogRow row;
        row.project = engine_.project();
        row.seq = static_cast<std::int64_t>(rows_.size()) + 1;
        row.engine_version = engine_version;
        row.now = now_;
        row.event_count = static_cast<std::int32_t>(events.size());
        ByteWriter out(row.events);
        for (const Event& event : events) write_binary(out, event);
        row.previous = rows_.empty() ? Hash{} : rows_.back().hash;
        row.effects = crypto::sha256(effects.canonical());
        row.hash = log_row_hash(row);
        rows_.push_back(row);
        for (const Row& effect : effects.rows()) {
            if (const auto* task = std::get_if<OutboxRow>(&effect)) tasks_.push_back(*task);
        }
    }

    /// Timers run when they are due; what they ask of the field is answered 30 wall seconds later.
    void until(Instant business) {
        while (true) {
            answer_tasks();
            const Instant due = engine_.next_due();
            if (!due || due > business) break;
            go(std::max(due, now_.business));
            batch({Tick{}});
        }
        go(business);
    }
    void go(Instant business) {
        now_.wall = now_.wall + Duration{(business - now_.business).us / now_.speed};
        now_.business = business;
    }
    void answer_tasks() {
        while (!tasks_.empty()) {
            const OutboxRow task = tasks_.front();
            tasks_.erase(tasks_.begin());
            answer(task);
        }
    }
    void answer(const OutboxRow& task) {
        if (task.kind == TaskKind::channel_create) {
            batch({ChannelAnswered{task.order_no, ChannelAnswer::prepared, "http://pay/1", ""}});
            return;
        }
        if (task.kind == TaskKind::channel_query || task.kind == TaskKind::channel_close) {
            const bool close = task.kind == TaskKind::channel_close;
            batch({ChannelAnswered{task.order_no,
                                   close ? ChannelAnswer::closed : ChannelAnswer::unpaid, "", ""}});
            return;
        }
        if (task.kind == TaskKind::rerate) {
            rerate(task);
            return;
        }
        const auto report = [&](CommandPhase phase, const char* code = "") {
            batch({CommandReported{task.command, task.attempt, phase, code}});
        };
        report(CommandPhase::sent);
        // Meter 3 is deaf to the first try, meter 4 has another password.
        if (task.meter.value == 3 && task.attempt == 1) {
            report(CommandPhase::timed_out);
            return;
        }
        if (task.kind == TaskKind::read) {
            batch({reading(task.meter.value, ReadingSource::command)});
            report(CommandPhase::done);
            return;
        }
        if (task.meter.value == 4 && task.command_kind == CommandKind::trip) {
            report(CommandPhase::refused, "password");
            return;
        }
        report(CommandPhase::acked);
        auto open = open_.begin() + task.meter.value;
        *open = task.command_kind == CommandKind::trip;
        const bool permitted = task.command_kind == CommandKind::permit;
        batch({StatusRead{task.meter, now_.business, *open || permitted, *open, false,
                          task.command}});
    }

    /// Before the first day closes the engine has all readings.
    void rerate(const OutboxRow& task) {
        const ServicePointId id = rerated_point(task).value();
        const PointSnapshot point = engine_.snapshot(id);
        if (engine_.state().closed_to > Zone::find("Asia/Shanghai").value().date(start)) {
            batch({RerateFailed{id, task.id, "store.corrupt", "script"}});
            return;
        }
        auto rating =
            rules::billing::rate_point(point.book, point.calendar, point.zone, point.history, false)
                .value();
        PointRerated done{id, point.basis, point.task, rating.bases, {}};
        for (std::size_t i = 0; i < rating.agreements.size(); ++i) {
            rules::billing::take_over(rating.agreements[i].accrual, point.present[i].lines,
                                      point.present[i].next_line_id);
            done.agreements.push_back(
                {rating.agreements[i].agreement, rating.agreements[i].accrual});
        }
        PointRerated stale = done;
        --stale.basis;
        batch({stale, done});
    }

    ReadingTaken reading(std::int64_t meter, ReadingSource source = ReadingSource::poll) {
        rules::metering::Registers registers;
        registers.value[0] = Quantity{energy_[static_cast<std::size_t>(meter)] % modulus};
        registers.count = 1;
        return {MeterId{meter}, now_.business, registers, source};
    }

    static tariff::TariffPrice price(std::optional<tariff::Band> band,
                                     std::optional<std::int32_t> tier, const char* text) {
        return {band, tier, Price::parse(text).value()};
    }
    void publish(std::int64_t id, const char* code, std::vector<tariff::TariffPrice> prices,
                 std::vector<tariff::TariffPeriod> periods, std::vector<Quantity> limits) {
        tariff::TariffDocument document;
        document.code = code;
        document.name = code;
        document.version = 1;
        document.effective_from = CivilDate::from_ymd(2026, 1, 1);
        document.prices = std::move(prices);
        document.periods = std::move(periods);
        document.tier_limits = std::move(limits);
        if (!document.tier_limits.empty()) document.tier_cycle = tariff::TierCycle::month;
        batch({TariffPublished{TariffId{id}, document, nobody}});
    }
    void configure() {
        ProjectConfig config;
        config.name = "记录园区";
        config.calendar.days = {
            {CivilDate::from_ymd(2026, 11, 21), true, rules::Holiday::national_day}};
        batch({ProjectConfigured{config, {ActorKind::staff, LoginId{1}, "admin"}}});
        using tariff::Band;
        publish(1, "flat", {price({}, {}, "0.826")}, {}, {});
        publish(2, "tou", {price(Band::peak, {}, "1.2646"), price(Band::valley, {}, "0.2842")},
                {{"00:00", "08:15", Band::valley}, {"08:15", "24:00", Band::peak}}, {});
        publish(3, "tiers", {price({}, 1, "0.538"), price({}, 2, "0.588")}, {},
                {Quantity::parse("20").value()});
        install(1, "flat", RestoreMode::direct, "30.00");
        install(2, "tou", RestoreMode::permit, "12.00");
        install(3, "tiers", RestoreMode::direct, "9.00");
        install(4, "flat", RestoreMode::staff, "8.00");
        batch({ContactChanged{{MeterId{1}, MeterId{2}, MeterId{3}, MeterId{4}}, true}});
    }
    void install(std::int64_t id, const char* code, RestoreMode mode, const char* balance) {
        Meter meter;
        meter.id = MeterId{id};
        meter.service_point = ServicePointId{id};
        meter.link.address = "00000000000" + std::to_string(id);
        meter.ratio = id == 2 ? 2 : 1;
        meter.from = now_.business;
        batch({ServicePointSet{{ServicePointId{id}, Commodity::electricity, "A", "1",
                                std::to_string(100 + id), mode},
                               nobody},
               AccountSet{{AccountId{id}, "payer", "139"}, nobody},
               AgreementStarted{{AgreementId{id},
                                 ServicePointId{id},
                                 AccountId{id},
                                 code,
                                 PaymentMode::prepaid,
                                 now_.business,
                                 {}},
                                nobody},
               MeterInstalled{meter, reading(id).registers, nobody},
               OpeningBalance{AccountId{id}, yuan(balance), "open" + std::to_string(id), nobody}});
    }

    /// All four at once, as one batch; a cut supply draws nothing.
    void poll(int round) {
        std::vector<Event> events;
        for (std::int64_t id = 1; id <= meters; ++id) {
            const auto i = static_cast<std::size_t>(id);
            if (!open_[i]) energy_[i] += 4'000 * id + 137 * (round % 7);
            events.emplace_back(reading(id));
            if (round % 4 == 0) {
                events.emplace_back(SampleTaken{MeterId{id}, now_.business,
                                                open_[i] ? 0 : 8'000 * id,
                                                id == 4 && round > 100 ? 700 : 3});
                events.emplace_back(
                    StatusRead{MeterId{id}, now_.business, open_[i], false, false, {}});
            }
        }
        batch(std::move(events));
    }
    void people(int round) {
        const Actor staff{ActorKind::staff, LoginId{7}, "staff"};
        const std::string key = "key" + std::to_string(round);
        const auto relay = [&](std::int64_t point, RequestedAction action, bool override = false) {
            batch({RelayRequested{ServicePointId{point}, action, "script", override, "", key,
                                  staff}});
        };
        switch (round) {
            case 10: relay(1, RequestedAction::trip); break;
            case 12: relay(1, RequestedAction::close); break;
            case 13: relay(1, RequestedAction::read); break;
            case 14: relay(1, RequestedAction::close); break;  // refused: closed already
            case 20:
                batch({ProtectionSet{ServicePointId{1}, {}, true, true, "fire desk", key, staff},
                       ProtectionSet{ServicePointId{1}, {}, true, true, "fire desk", key, staff}});
                break;
            case 21: relay(1, RequestedAction::trip); break;  // refused: protected
            case 30:
                batch({ProtectionSet{ServicePointId{1}, {}, false, false, "over", key, staff}});
                break;
            case 40: batch({EmergencyCreditTaken{AccountId{2}, key, staff}}); break;
            case 60: relay(2, RequestedAction::close, true); break;
            case 70: batch({ContactChanged{{MeterId{3}}, false}}); break;
            case 76: batch({ContactChanged{{MeterId{3}}, true}}); break;
            case 80:
                batch({ProtectionSet{ServicePointId{3}, true, {}, {}, "guests", key, staff}});
                break;
            case 90:
                batch({ProtectionSet{ServicePointId{3}, false, {}, {}, "gone", key, staff}});
                break;
            default: break;
        }
    }
    /// Of meter 4, whose tenant leaves in the end.
    void past(int round) {
        const Actor staff{ActorKind::staff, LoginId{7}, "staff"};
        const std::string key = "past" + std::to_string(round);
        ReadingTaken now = reading(4);
        switch (round) {
            case 22:
                now.registers.value[0] = now.registers.value[0] + Quantity{-20'000};
                batch({ReadingEntered{now.meter, now_.business + Duration::minutes(-20),
                                      now.registers, false, "misread", key, staff},
                       ReadingEntered{now.meter, now.at, now.registers, false, "", key, staff}});
                break;
            case 23:
                batch({RatioSet{now.meter, now_.business + Duration::hours(-3), 2, "wrong", key,
                                staff}});
                break;
            case 24:
                batch(
                    {TermsSet{AgreementId{4}, {}, Quantity{600'000}, {}, "measured", key, staff}});
                break;
            case rounds - 3: {
                MeterExchanged exchange;
                exchange.old_final = now.registers;
                exchange.next = engine_.state().meters.find(MeterId{4})->config;
                exchange.next.id = MeterId{5};
                exchange.next.link.address = "000000000005";
                exchange.next.from = now_.business;
                exchange.new_first = now.registers;
                exchange.reason = "broken";
                exchange.idempotency = key;
                exchange.actor = staff;
                batch({exchange});
                break;
            }
            case rounds - 2:
                batch({AgreementEnded{AgreementId{4}, now_.business + Duration::minutes(-5),
                                      "moved out", key, staff}});
                break;
            default: break;
        }
    }
    void payments(int round) {
        const auto order = [&](const char* no, std::int64_t point, const char* amount) {
            batch({OrderCreated{no, ServicePointId{point}, AccountId{point}, yuan(amount),
                                "sandbox", "tenant", no, nobody}});
        };
        const auto pay = [&](const char* no, const char* transaction, const char* amount) {
            batch({PaymentReceived{"sandbox", 1, transaction, no, yuan(amount), now_.wall,
                                   InboxId{round}}});
        };
        switch (round) {
            case 25:
                order("1XPAIDTWICE00001", 1, "10.00");
                pay("1XPAIDTWICE00001", "T1", "10.00");
                pay("1XPAIDTWICE00001", "T1", "10.00");
                pay("1XPAIDTWICE00001", "T2", "10.00");
                break;
            case 35: pay("1XNOBODYKNOWS01", "T3", "5.00"); break;
            case 50: order("1XNEVERPAID00001", 1, "6.66"); break;
            case 100:
                order("1XPOWERAGAIN0002", 2, "25.00");
                pay("1XPOWERAGAIN0002", "T4", "24.00");
                break;
            case 102:
                order("1XPOWERAGAIN0003", 3, "40.00");
                pay("1XPOWERAGAIN0003", "T5", "40.00");
                break;
            case 130: pay("1XNEVERPAID00001", "T6", "6.66"); break;  // closed long ago
            default: break;
        }
    }
    void strange_readings(int round) {
        if (round == 15) batch({reading(1), reading(1)});  // twice the same
        if (round == 16) {
            ReadingTaken zero = reading(1);
            zero.registers.value[0] = Quantity{};
            ReadingTaken huge = reading(2);
            huge.registers.value[0] = Quantity{modulus - 1};
            ReadingTaken ahead = reading(3);
            ahead.at = ahead.at + Duration::hours(3);
            batch({zero, huge, ahead});
        }
        if (round == 60) {  // rated anew in the night, which fails
            ReadingTaken late = reading(2);
            late.at = late.at + Duration::minutes(-45);
            batch({late});
        }
        if (round == 17) {
            ReadingTaken late = reading(4);
            late.at = late.at + Duration::minutes(-75);
            late.registers.value[0] = late.registers.value[0] + Quantity{-2'000};
            batch({late, ReadingTaken{MeterId{99}, now_.business, late.registers, late.source}});
        }
    }

    static constexpr std::int64_t modulus = 10'000'000'000;
    const Instant start = at("2026-11-20T09:00:00+08:00");
    Engine engine_{ProjectId{1}};
    Now now_{start, at("2026-11-20T01:00:00Z"), 60};
    std::vector<LogRow> rows_;
    std::vector<OutboxRow> tasks_;
    std::vector<std::int64_t> energy_{0, 1'000'000, 2'000'000, 9'999'900'000, 500'000};
    std::vector<bool> open_ = std::vector<bool>(meters + 1);
};

// ---- the fixture: a line a row
// -------------------------------------------------------------------

struct Fixture {
    std::vector<LogRow> rows;
    Hash state{};  // of the engine's image behind the last row
};

std::filesystem::path fixture_path() {
    return test::source_dir() / "tests/fixtures/engine_log/site.log";
}

void record(const ScriptedSite& site, const std::filesystem::path& path) {
    std::ofstream out(path);
    out << "# An event log and what the engine made of it; see docs/development.md.\n"
        << "# row: seq, engine version, business us, wall us, speed, events, their bytes, "
           "effects\n";
    for (const LogRow& row : site.rows()) {
        out << "row " << row.seq << ' ' << row.engine_version << ' ' << row.now.business.us << ' '
            << row.now.wall.us << ' ' << row.now.speed << ' ' << row.event_count << ' '
            << hex(row.events) << ' ' << hex(row.effects) << '\n';
    }
    out << "state " << hex(site.state()) << '\n';
}

Hash hash_of(const std::string& text) {
    Hash out{};
    const Bytes bytes = parse_hex(text).value();
    CHECK(bytes.size() == out.size());
    std::copy(bytes.begin(), bytes.end(), out.begin());
    return out;
}

Fixture load(const std::filesystem::path& path) {
    Fixture out;
    std::ifstream in(path);
    std::string line;
    while (std::getline(in, line)) {
        std::istringstream words(line);
        std::string kind;
        std::string bytes;
        std::string hash;
        words >> kind;
        if (kind == "row") {
            LogRow row;
            row.project = ProjectId{1};
            words >> row.seq >> row.engine_version >> row.now.business.us >> row.now.wall.us >>
                row.now.speed >> row.event_count >> bytes >> hash;
            row.events = parse_hex(bytes).value();
            row.effects = hash_of(hash);
            out.rows.push_back(std::move(row));
        } else if (kind == "state") {
            words >> hash;
            out.state = hash_of(hash);
        }
    }
    return out;
}

/// "" when the engine gives what was recorded.
std::string first_difference(const Fixture& fixture) {
    Engine engine(ProjectId{1});
    Effects effects;
    for (const LogRow& row : fixture.rows) {
        const std::string place = "row " + std::to_string(row.seq);
        if (row.engine_version != engine_version) {
            return place + " is of engine version " + std::to_string(row.engine_version);
        }
        effects.clear();
        try {
            engine.apply(decode_events(row), row.now, effects);
        } catch (const StoreCorrupt& broken) {
            return broken.what();  // an event has other members than it had
        }
        if (crypto::sha256(effects.canonical()) != row.effects) return place + ": other effects";
    }
    return crypto::sha256(engine.image()) == fixture.state ? "" : "another state at the end";
}

class EngineLog : public testing::Test {
protected:
    static void SetUpTestSuite() {
        if (std::getenv("METERBOOK_RECORD_ENGINE_LOG") != nullptr) {
            record(ScriptedSite(), fixture_path());
        }
    }
    Fixture fixture_ = load(fixture_path());
};

TEST_F(EngineLog, RecordedLogGivesWhatWasRecorded) {
    ASSERT_GT(fixture_.rows.size(), 200U) << fixture_path();
    EXPECT_EQ(first_difference(fixture_), "") << advice;
}

TEST_F(EngineLog, ScriptStillMakesTheRecordedLog) {
    const ScriptedSite site;
    ASSERT_EQ(site.rows().size(), fixture_.rows.size()) << advice;
    EXPECT_EQ(site.state(), fixture_.state) << advice;
}

TEST_F(EngineLog, OtherEventsOrTimesGiveOtherEffects) {
    Fixture paid = fixture_;
    for (LogRow& row : paid.rows) {
        auto events = decode_events(row);
        auto* payment = std::get_if<PaymentReceived>(&events.front());
        if (payment == nullptr) continue;
        payment->amount = payment->amount + Money{1};
        row.events = to_binary(events.front());
        break;
    }
    EXPECT_NE(first_difference(paid), "");
    Fixture shortened = fixture_;
    shortened.rows.pop_back();
    EXPECT_EQ(first_difference(shortened), "another state at the end");
    Fixture older = fixture_;
    older.rows.front().engine_version = engine_version - 1;
    EXPECT_NE(first_difference(older), "");
    Fixture broken = fixture_;
    broken.rows[5].events.pop_back();
    EXPECT_NE(first_difference(broken), "");
}

TEST_F(EngineLog, LogHoldsEveryKindOfEventAndOfRow) {
    Engine engine(ProjectId{1});
    Effects effects;
    std::set<std::size_t> events;
    std::set<std::size_t> rows;
    std::set<std::string> told;
    for (const LogRow& row : fixture_.rows) {
        effects.clear();
        const auto decoded = decode_events(row);
        for (const Event& event : decoded) events.insert(event.index());
        engine.apply(decoded, row.now, effects);
        for (const Row& effect : effects.rows()) {
            rows.insert(effect.index());
            if (const auto* line = std::get_if<TimelineRow>(&effect)) told.insert(line->kind);
        }
    }
    EXPECT_EQ(events.size(), std::variant_size_v<Event>);
    EXPECT_EQ(rows.size(), std::variant_size_v<Row>);
    for (const char* kind :
         {"notice.pretrip", "relay.opened", "relay.closed", "order.completed", "order.load_seen",
          "order.closed", "order.paid_late", "command.failed"}) {
        EXPECT_TRUE(told.count(kind) == 1) << kind;
    }
    if (HasFailure()) {
        for (const std::string& kind : told) std::printf("told: %s\n", kind.c_str());
    }
}

}  // namespace
}  // namespace mb::writer
