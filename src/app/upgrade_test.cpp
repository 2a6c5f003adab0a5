// A store that an older version left behind, its checkpoint in another shape, and this version
// starting on it.
#include "app/verify_command.hpp"
#include "app/verify_steps.hpp"
#include "engine/image.hpp"
#include "store/sql_store.hpp"
#include "store/test_engines.hpp"
#include "store/test_failing.hpp"
#include "writer/replay.hpp"
#include "writer/writer.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace mb::app {

namespace older {

/// What version 1 might have kept of a meter: it knew neither power nor clock, and had a colour.
struct MeterState {
    std::string colour = "grey";
    rules::metering::Registers last;
    Instant last_at;
    std::vector<engine::OpenDay> days;
    CivilDate closed_to;
    bool online = false;
    std::int32_t version = 0;  // narrower than today
    engine::Meter config;
};
MB_DESCRIBE(MeterState, (colour, last, last_at, days, closed_to, online, version, config))

struct State {
    engine::Counters counters;
    std::vector<std::map<std::string, std::int64_t>> forgotten;
    engine::ProjectConfig config;
    rules::tariff::TariffBook tariffs;
    engine::Table<MeterId, MeterState> meters;
    engine::Table<ServicePointId, engine::ServicePointState> service_points;
    engine::Table<AccountId, engine::AccountState> accounts;
    engine::Table<AgreementId, engine::AgreementState> agreements;
    std::map<engine::TimerKey, Instant> timers;
    std::map<CivilDate, engine::DailyProofRow> proofs;
    std::set<std::string> addresses;
    CivilDate closed_to;
};
MB_DESCRIBE(State, (counters, forgotten, config, tariffs, meters, service_points, accounts,
                    agreements, timers, proofs, addresses, closed_to))

Bytes image(ByteView of_today) {
    engine::State now;
    EXPECT_TRUE(engine::read_image(of_today, now));
    State out;
    out.counters = now.counters;
    out.forgotten = {{{"a", 1}}, {}};
    out.config = now.config;
    out.tariffs = now.tariffs;
    now.meters.each([&](MeterId id, engine::MeterState& meter) {
        MeterState& old = out.meters.get(id);
        old.last = meter.last;
        old.last_at = meter.last_at;
        old.days = meter.days;
        old.closed_to = meter.closed_to;
        old.online = meter.online;
        old.version = static_cast<std::int32_t>(meter.version);
        old.config = meter.config;
    });
    out.service_points = std::move(now.service_points);
    out.accounts = std::move(now.accounts);
    out.agreements = std::move(now.agreements);
    out.timers = now.timers;
    out.proofs = now.proofs;
    out.addresses = now.addresses;
    out.closed_to = now.closed_to;
    return engine::write_image(shape_of<State>(), to_binary(out));
}

}  // namespace older

namespace {

using namespace store::test;
using engine::engine_version;

constexpr int version_before = engine_version - 1;

engine::Now at(std::int64_t minutes) {
    const Instant when = morning + Duration::minutes(minutes);
    return {when, when, 1};
}

engine::ReadingTaken reading(std::int64_t minutes, std::int64_t units) {
    engine::ReadingTaken out;
    out.meter = MeterId{1};
    out.at = at(minutes).business;
    out.registers.value[0] = Quantity{units};
    return out;
}

/// A campus of one meter; the log is that of version `version`.
class Campus {
public:
    Campus(writer::Store& store, int version) : store_(store), version_(version) {
        engine::TariffPublished published{tariff().id, tariff().document, {}};
        engine::Agreement agreement;
        agreement.id = AgreementId{1};
        agreement.service_point = ServicePointId{1};
        agreement.account = AccountId{1};
        agreement.tariff_code = "flat";
        agreement.from = meter(1).from;
        batch({engine::ProjectConfigured{config(), {}}, published,
               engine::ServicePointSet{service_point(1), {}},
               engine::AccountSet{{AccountId{1}, "王", ""}, {}},
               engine::AgreementStarted{agreement, {}},
               engine::MeterInstalled{meter(1), reading(0, 1'000'000).registers, {}},
               engine::OpeningBalance{AccountId{1}, Money{10'000}, "opening", {}}},
              0);
        batch({reading(1, 1'000'000)}, 1);
        batch({reading(15, 1'010'000)}, 15);  // 1 kWh
        writer::Flush flush{campus, {}, {}};
        engine_.take_dirty(1000, flush.meters, flush.days);
        store_.flush(flush);
    }
    void batch(const std::vector<engine::Event>& events, std::int64_t minutes) {
        engine::Effects effects;
        engine_.apply(events, at(minutes), effects);
        for (const engine::EventOutcome& outcome : effects.outcomes) {
            EXPECT_FALSE(outcome.refused) << outcome.error.text();
        }
        writer::LogRow row;
        row.project = campus;
        row.seq = ++seq_;
        row.engine_version = version_;
        row.now = at(minutes);
        row.event_count = static_cast<std::int32_t>(events.size());
        ByteWriter out(row.events);
        for (const engine::Event& event : events) {
            write_binary(out, event);
        }
        row.previous = log_hash_;
        row.effects = crypto::sha256(effects.canonical());
        row.hash = writer::log_row_hash(row);
        log_hash_ = row.hash;
        now_ = row.now;
        store_.commit({{row, &effects}}, {}, {});
    }
    void checkpoint(ByteView image) {
        store_.write_checkpoint_slice(campus, seq_, 0, image);
        store_.finish_checkpoint({campus, seq_, version_, now_,
                                  static_cast<std::int64_t>(image.size()), log_hash_,
                                  crypto::sha256(image)});
    }
    [[nodiscard]] Bytes image() const { return engine_.image(); }
    [[nodiscard]] std::int64_t seq() const { return seq_; }

private:
    writer::Store& store_;
    int version_;
    engine::Engine engine_{campus};
    std::int64_t seq_ = 0;
    writer::Hash log_hash_{};
    engine::Now now_;
};

class Upgrade : public EngineTest {
protected:
    /// What the start says when it refuses.
    std::string refusal() {
        writer::Writer writer(store(), {}, {});
        try {
            writer.load();
        } catch (const writer::ReplayRefused& why) {
            return why.what();
        }
        return "";
    }
    std::string verified() {
        std::ostringstream out;
        verify_database(database(), false, out, engine_steps());
        return out.str();
    }
};

MB_ON_EVERY_ENGINE(Upgrade);

void expect_taken_over(const writer::Writer& writer) {
    const engine::State& state = writer.engine(campus)->state();
    const engine::MeterState* taken = state.meters.find(MeterId{1});
    ASSERT_NE(taken, nullptr);
    EXPECT_EQ(taken->last.total(), Quantity{1'010'000});
    EXPECT_EQ(taken->config.link.address, "000000000001");
    EXPECT_GT(taken->version, 0);
    EXPECT_FALSE(taken->power_dw.has_value());
    EXPECT_FALSE(taken->days.empty());
    EXPECT_EQ(state.accounts.find(AccountId{1})->balance(), Money{10'000 - 60});
    EXPECT_EQ(state.tariffs.all().size(), 1U);
}

TEST_P(Upgrade, a_checkpoint_of_an_older_version_is_taken_over_and_the_books_go_on) {
    Campus before(store(), version_before);
    before.checkpoint(older::image(before.image()));
    {
        writer::Writer writer(store(), {}, {});
        writer.load();
        expect_taken_over(writer);
        const auto kept = store().checkpoints(campus);
        ASSERT_EQ(kept.size(), 2U) << "one of its own, before anything else";
        EXPECT_EQ(kept[0].engine_version, engine_version);
        EXPECT_EQ(kept[0].seq, before.seq() + 1);
        EXPECT_EQ(kept[1].engine_version, version_before);
        const std::string report = verified();
        EXPECT_EQ(report.find("project 1: checkpoint 3 was written by another program"), 0U)
            << report;
        EXPECT_NE(report.find("clean: "), std::string::npos) << report;
        engine::EventOutcome answer;
        answer.refused = true;
        const auto done = [&](const engine::EventOutcome& outcome) { answer = outcome; };
        ASSERT_TRUE(writer.submit({campus, reading(30, 1'020'000), {}, done}));
        writer.run_batch(at(30));
        EXPECT_FALSE(answer.refused) << answer.error.text();
        EXPECT_EQ(writer.engine(campus)->state().accounts.find(AccountId{1})->balance(),
                  Money{10'000 - 120});
        // No clean stop: the next start replays behind the checkpoint.
    }
    reopen();
    Bytes image;
    {
        writer::Writer writer(store(), {}, {});
        writer.load();
        EXPECT_EQ(store().checkpoints(campus).front().seq, before.seq() + 1)
            << "it was taken over once";
        EXPECT_EQ(writer.engine(campus)->state().accounts.find(AccountId{1})->balance(),
                  Money{10'000 - 120});
        writer.stop(at(31).wall);
        image = writer.engine(campus)->image();
    }
    EXPECT_EQ(writer::load_newest(store(), campus).engine.image(), image);
    const std::string report = verified();
    EXPECT_EQ(report.find("clean: "), 0U) << "all of it is this version's: " << report;
}

TEST_P(Upgrade, an_older_checkpoint_is_fallen_back_to_when_the_own_one_is_damaged) {
    Campus before(store(), version_before);
    before.checkpoint(older::image(before.image()));
    Bytes image;
    {
        writer::Writer writer(store(), {}, {});
        writer.load();
        ASSERT_TRUE(writer.submit({campus, reading(30, 1'020'000), {}, {}}));
        writer.run_batch(at(30));
        image = writer.engine(campus)->image();
    }
    database().write()->script(
        "UPDATE checkpoint_slice SET bytes = (SELECT hash FROM event_log WHERE seq = 4)"
        " WHERE seq = 4");
    EXPECT_EQ(writer::load_newest(store(), campus).engine.image(), image);
}

TEST_P(Upgrade, a_crash_anywhere_in_it_leaves_a_store_that_starts) {
    for (int call = 1;; call += place_.engine() == Engine::sqlite ? 1 : 7) {
        const Place place(place_.engine());
        const auto opened = place.open();
        FailingDatabase failing(opened->database());
        store::SqlStore broken(failing);
        Campus before(broken, version_before);
        before.checkpoint(older::image(before.image()));
        failing.arm(call, FailingDatabase::When::before);
        try {
            writer::Writer(broken, {}, {}).load();
        } catch (const writer::StoreUnavailable&) {
            EXPECT_TRUE(failing.fired());
        }
        failing.disarm();
        writer::Writer again(broken, {}, {});
        again.load();
        expect_taken_over(again);
        EXPECT_EQ(broken.checkpoints(campus).front().engine_version, engine_version) << call;
        if (!failing.fired()) {
            EXPECT_GT(call, 10);
            return;
        }
    }
}

TEST_P(Upgrade, a_log_behind_it_by_the_older_version_is_refused) {
    Campus before(store(), version_before);
    before.checkpoint(older::image(before.image()));
    before.batch({reading(30, 1'020'000)}, 30);
    EXPECT_NE(refusal().find("log row 4 was written by engine version"), std::string::npos)
        << refusal();
    EXPECT_NE(refusal().find("start that version once and stop it cleanly"), std::string::npos);
    EXPECT_EQ(store().checkpoints(campus).size(), 1U) << "and nothing is changed";
}

TEST_P(Upgrade, a_newer_versions_checkpoint_is_refused) {
    Campus later(store(), engine_version + 1);
    later.checkpoint(later.image());
    EXPECT_NE(refusal().find("start the newer program, or restore the backup"), std::string::npos)
        << refusal();
}

TEST_P(Upgrade, a_form_from_before_the_first_release_is_refused) {
    Campus before(store(), version_before);
    engine::State state;
    ASSERT_TRUE(engine::read_image(before.image(), state));
    before.checkpoint(to_binary(state));
    EXPECT_NE(refusal().find("before the first release"), std::string::npos) << refusal();
}

struct Wide {
    std::int64_t day_close_min = 120;
};
MB_DESCRIBE(Wide, (day_close_min))
struct WideState {
    Wide config{5'000'000'000};
};
MB_DESCRIBE(WideState, (config))

TEST_P(Upgrade, what_cannot_be_taken_over_is_named) {
    Campus before(store(), version_before);
    before.checkpoint(engine::write_image(shape_of<WideState>(), to_binary(WideState{})));
    EXPECT_NE(refusal().find("state.config.day_close_min: 5000000000 does not fit its 32 bits"),
              std::string::npos)
        << refusal();
}

}  // namespace

}  // namespace mb::app
