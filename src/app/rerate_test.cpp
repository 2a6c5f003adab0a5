#include "app/rerate_command.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/rerate.hpp"
#include "base/json.hpp"
#include "bench/project.hpp"
#include "bench/rate_tariff.hpp"
#include "store/open_store.hpp"
#include "store/point_history.hpp"
#include "store/postgres/test_cluster.hpp"
#include "store/sql_store.hpp"
#include "store/test_folder.hpp"
#include "writer/writer.hpp"

namespace mb::app {

namespace {

using rules::tariff::TariffDocument;
using rules::tariff::TierCycle;
using store::postgres::test::TestCluster;
using store::test::TestFolder;

constexpr std::int32_t meters = 6;
constexpr int days = 45;
constexpr Duration every = Duration::minutes(30);

TariffDocument tariff(TierCycle cycle) {
    TariffDocument out =
        bench::three_by_five(Quantity::parse("60").value(), Quantity::parse("150").value());
    out.tier_cycle = cycle;
    return out;
}

/// A project from 17 June 2026 on, half hours of six meters, each day closed in its turn.
class Feeding {
public:
    explicit Feeding(store::OpenStore& store) : store_(store) {}

    void all(const TariffDocument& document, bool eventful = false) {
        eventful_ = eventful;
        bench::ProjectShape shape;
        shape.meters = meters;
        shape.start = start_;
        shape.registers = [](std::int32_t) { return rules::metering::Registers(); };
        shape.tariff = document;
        through({bench::set_up(shape)}, start_);
        for (int day = 0; day < days; ++day) {
            through(events_of(day), end_of(day));
        }
    }
    /// What the server's job does for points that wait to be rated anew.
    void rate_waiting() {
        const writer::Loaded now = writer::load_newest(store_.writer_store(), bench::bench_project);
        std::vector<engine::Event> out;
        now.engine.state().service_points.each([&](ServicePointId id, const auto& point) {
            if (point.rerate) {
                out.emplace_back(
                    rerate_point(store_.database(), bench::bench_project, now.engine.snapshot(id))
                        .value());
            }
        });
        through(std::move(out), end_of(days - 1));
    }
    /// Batches in the log, nothing flushed or kept besides: as a kill leaves it.
    void without_flush(int day) {
        writer::Writer writer(store_.writer_store(), {}, {});
        writer.load();
        for (engine::Event& event : events_of(day)) {
            CHECK(writer.submit({bench::bench_project, std::move(event), {}, {}}));
        }
        while (writer.queued() > 0) {
            CHECK(writer.run_batch({end_of(day), end_of(day), 1}));
        }
    }

private:
    void through(std::vector<engine::Event> events, Instant now) {
        writer::Writer writer(store_.writer_store(), {}, {});
        writer.load();
        bench::load(writer, std::move(events), now);
    }
    [[nodiscard]] Instant end_of(int day) const {
        return start_ + Duration::days(day + 1) + Duration::hours(4);
    }
    [[nodiscard]] std::vector<engine::Event> events_of(int day) const {
        std::vector<engine::Event> out;
        for (int half = day * 48 + 1; half <= (day + 1) * 48; ++half) {
            for (std::int32_t id = 1; id <= meters; ++id) {
                if (eventful_ && id == 5 && day > 7 && day < 19) {
                    continue;  // silent over the turn of the month
                }
                rules::metering::Registers registers;
                registers.value[0].units = half * (500L + id * 200) + half % 5;
                out.emplace_back(
                    engine::ReadingTaken{MeterId{id}, start_ + every * half, registers, {}});
            }
        }
        if (eventful_ && day == 30) {
            add_events(out, end_of(day) + Duration::minutes(-5));
        }
        out.emplace_back(engine::Tick{});
        return out;
    }
    /// Another occupant, whose tiers go on, and another transformer: between two readings to come.
    static void add_events(std::vector<engine::Event>& out, Instant at) {
        out.emplace_back(engine::AgreementEnded{AgreementId{3}, at, "moved out", "a", {}});
        engine::Agreement next;
        next.id = AgreementId{7};
        next.service_point = ServicePointId{3};
        next.account = AccountId{4};
        next.tariff_code = "three-by-five";
        next.from = at;
        out.emplace_back(engine::AgreementStarted{next, {}, AgreementId{3}});
        out.emplace_back(engine::RatioSet{MeterId{6}, at, 2, "other transformer", "b", {}});
    }

    store::OpenStore& store_;
    bool eventful_ = false;
    Instant start_ = parse_rfc3339("2026-06-17T00:10:00+08:00").value();
};

struct Outcome {
    int code = 0;
    std::string out;
    std::string err;
};

Outcome run(RerateOptions options) {
    options.project = 1;
    options.from = options.from.empty() ? "2026-07-01" : options.from;
    options.to = options.to.empty() ? "2026-07-31" : options.to;
    std::ostringstream out;
    std::ostringstream err;
    const int code = run_rerate(options, out, err);
    return {code, out.str(), err.str()};
}

class RerateCommand : public testing::Test {
protected:
    void feed(TierCycle cycle, bool eventful = false) {
        const auto opened = open();
        Feeding(*opened).all(tariff(cycle), eventful);
    }
    std::unique_ptr<store::OpenStore> open() {
        return store::open_store({"sqlite", folder_.path().string()}, "test", Instant{1}).value();
    }
    RerateOptions options(bool json = true) {
        RerateOptions out;
        out.data = folder_.path().string();
        out.json = json;
        return out;
    }
    std::string file(const std::string& name, const std::string& text) {
        const std::string path = (folder_.path() / name).string();
        std::ofstream(path) << text;
        return path;
    }

    TestFolder folder_;
};

std::string last_line(const std::string& text) {
    const std::size_t end = text.rfind('\n', text.size() - 2);
    return text.substr(end == std::string::npos ? 0 : end + 1);
}

TEST_F(RerateCommand, says_the_same_on_both_stores_and_any_number_of_threads) {
    feed(TierCycle::month);
    const Outcome sqlite = run(options());
    EXPECT_EQ(0, sqlite.code) << last_line(sqlite.out) << sqlite.err;
    EXPECT_NE(std::string::npos, sqlite.out.find(R"("tier":3)")) << sqlite.out;
    EXPECT_NE(std::string::npos, last_line(sqlite.out).find(R"("agreements":6,)")) << sqlite.out;
    EXPECT_NE(std::string::npos, last_line(sqlite.out).find(R"("differing":0,)")) << sqlite.out;
    EXPECT_EQ(0U, sqlite.err.find("as of log row ")) << sqlite.err;

    RerateOptions other;
    other.store = TestCluster::get().conninfo();
    other.data = folder_.path().string();
    other.json = true;
    {
        const auto opened =
            store::open_store({other.store, other.data}, "test", Instant{1}).value();
        Feeding(*opened).all(tariff(TierCycle::month));
    }
    for (const int threads : {1, 2, 4}) {
        RerateOptions mine = options();
        mine.threads = other.threads = threads;
        EXPECT_EQ(sqlite.out, run(mine).out) << threads;
        const Outcome postgres = run(other);
        EXPECT_EQ(0, postgres.code) << postgres.err;
        EXPECT_EQ(sqlite.out, postgres.out) << threads;
    }
}

TEST_F(RerateCommand, months_and_text_choose_lines_but_not_their_hash) {
    feed(TierCycle::month);
    const Outcome json = run(options());
    const Outcome text = run(options(false));
    EXPECT_EQ(0, text.code) << text.out;
    const std::string hash = json.out.substr(json.out.size() - 2 - 64 - 1, 64);
    EXPECT_NE(std::string::npos, text.out.find("sha256 " + hash)) << text.out << json.out;
    EXPECT_NE(std::string::npos, text.out.find("0 differ from the books")) << text.out;
    RerateOptions both = options();
    both.from = "2026-06-30";
    both.to = "2026-07-01";
    const Outcome two = run(both);
    EXPECT_EQ(0, two.code) << last_line(two.out);
    EXPECT_NE(std::string::npos, two.out.find(R"("month":"2026-06")"));
    EXPECT_NE(std::string::npos, two.out.find(R"("month":"2026-07")"));
    both.from = both.to = "2026-05-05";
    EXPECT_NE(std::string::npos, run(both).out.find(R"("lines":0,)"));
}

TEST_F(RerateCommand, a_tier_year_counts_what_was_used_before_the_months) {
    feed(TierCycle::year);
    const Outcome july = run(options());
    EXPECT_EQ(0, july.code) << july.out;
    // In 14 days of June the last meters left the first tier behind, the first one did not.
    std::istringstream lines(july.out);
    int in_first = 0;
    for (std::string line; std::getline(lines, line);) {
        const bool last = line.find(R"({"agreement":"6",)") == 0;
        const bool first_tier = line.find(R"("tier":1,)") != std::string::npos;
        in_first += first_tier ? 1 : 0;
        EXPECT_FALSE(last && first_tier) << line;
    }
    EXPECT_GT(in_first, 0);
}

TEST_F(RerateCommand, follows_occupants_ratios_and_silence) {
    for (const TierCycle cycle : {TierCycle::month, TierCycle::year}) {
        std::filesystem::remove(folder_.path() / "meterbook.db");
        feed(cycle, true);
        for (const char* month : {"2026-06-20", "2026-07-20"}) {
            RerateOptions one = options();
            one.from = one.to = month;
            const Outcome outcome = run(one);
            EXPECT_EQ(0, outcome.code) << month << outcome.out;
            const bool july = one.from == "2026-07-20";
            const bool seven =
                outcome.out.find(R"({"agreement":"7","account":"4",)") != std::string::npos;
            EXPECT_EQ(july, seven) << month;
            EXPECT_NE(std::string::npos,
                      last_line(outcome.out).find(july ? R"("waiting":3,)" : R"("waiting":2,)"))
                << last_line(outcome.out);
        }
        Feeding(*open()).rate_waiting();
        RerateOptions both = options();
        for (const char* from : {"2026-06-20", "2026-07-20"}) {
            both.from = from;
            const Outcome rated = run(both);
            EXPECT_EQ(0, rated.code) << rated.out;
            EXPECT_NE(std::string::npos, last_line(rated.out).find(R"("waiting":0,)"))
                << last_line(rated.out);
        }
    }
}

TEST_F(RerateCommand, is_as_of_the_log_whatever_was_flushed) {
    feed(TierCycle::month);
    const auto opened = open();
    Feeding(*opened).without_flush(days);
    RerateOptions august = options();
    august.to = "2026-08-31";
    const Outcome lagging = run(august);
    EXPECT_EQ(0, lagging.code) << lagging.out;
    {
        writer::Writer writer(opened->writer_store(), {}, {});
        writer.load();
        bench::load(writer, {engine::Event{engine::Tick{}}},
                    parse_rfc3339("2026-08-02T12:00:00+08:00").value());
    }
    EXPECT_EQ(lagging.out, run(august).out);
}

TEST_F(RerateCommand, names_an_agreement_whose_books_say_something_else) {
    feed(TierCycle::month);
    open()->database().write()->script("DELETE FROM day_row WHERE meter_id = 2 AND day_on = " +
                                       std::to_string(CivilDate::from_ymd(2026, 7, 9).days));
    const Outcome differs = run(options(false));
    EXPECT_EQ(1, differs.code);
    EXPECT_NE(std::string::npos, differs.out.find("agreement 2 differs: the books have "))
        << differs.out;
    EXPECT_NE(std::string::npos, differs.out.find("1 differ from the books")) << differs.out;
    RerateOptions dry = options(false);
    dry.dry_run = true;
    EXPECT_EQ(0, run(dry).code);
}

TEST_F(RerateCommand, previews_a_version) {
    feed(TierCycle::month);
    TariffDocument dearer = tariff(TierCycle::month);
    dearer.version = 2;
    dearer.effective_from = CivilDate::from_ymd(2027, 1, 1);
    for (auto& price : dearer.prices) {
        // The first tier becomes dearer, the third much cheaper.
        price.price.units = *price.tier == 3 ? price.price.units / 2 : price.price.units * 11 / 10;
    }
    RerateOptions wanted = options();
    wanted.tariff = file("dearer.json", to_json(dearer));
    const Outcome preview = run(wanted);
    EXPECT_EQ(0, preview.code) << preview.out << preview.err;
    EXPECT_NE(std::string::npos, preview.out.find(R"("accounts":6,)")) << preview.out;
    EXPECT_NE(std::string::npos, preview.out.find(R"("largest_rise":{"account":"2")"))
        << preview.out;
    EXPECT_NE(std::string::npos, preview.out.find(R"("largest_fall":{"account":"6")"))
        << preview.out;
    wanted.tariff = "three-by-five@1";
    const Outcome same = run(wanted);
    EXPECT_EQ(0, same.code) << same.err;
    EXPECT_NE(std::string::npos, same.out.find(R"("same":6,)")) << same.out;
    wanted.tariff = "1";
    EXPECT_EQ(same.out, run(wanted).out);
    wanted.json = false;
    EXPECT_NE(std::string::npos, run(wanted).out.find("0 pay more, 0 less, 6 the same"));
}

TEST_F(RerateCommand, refuses_by_name_and_place) {
    feed(TierCycle::month);
    RerateOptions wanted = options();
    const auto refused = [&](int code, const std::string& text) {
        const Outcome outcome = run(wanted);
        EXPECT_EQ(code, outcome.code) << text;
        EXPECT_NE(std::string::npos, outcome.err.find(text)) << outcome.err;
    };
    wanted.tariff = "nothing.json";
    refused(1, "nothing.json: rerate.no_tariff");
    wanted.tariff = file("half.json", R"({"code": "three-by-five", "versoin": 2})");
    refused(1, "half.json: json.");
    TariffDocument bad = tariff(TierCycle::month);
    bad.prices.pop_back();
    wanted.tariff = file("bad.json", to_json(bad));
    refused(1, "bad.json: tariff.missing_price");
    bad = tariff(TierCycle::month);
    bad.code = "nobody";
    wanted.tariff = file("other.json", to_json(bad));
    refused(1, "rerate.no_agreement tariff=nobody");
    wanted.tariff.clear();
    wanted.from = "2026-07-32";
    refused(2, "date.malformed text=2026-07-32 option=--from");
    wanted.from = "2026-08-01";
    refused(2, "rerate.reversed");
    wanted.data = "/nowhere";
    wanted.from = "2026-07-01";
    refused(2, "/nowhere holds no store");
}

TEST(RatedFrom, goes_back_to_where_the_tiers_begin) {
    const auto from = [](const TariffDocument& document) {
        rules::tariff::TariffBook book;
        const rules::Calendar calendar;
        EXPECT_TRUE(book.publish(TariffId{1}, document, &calendar));
        return rated_from(book, 0, 202607).text();
    };
    TariffDocument document = tariff(TierCycle::month);
    EXPECT_EQ("2026-07-01", from(document));
    document.tier_start = "21";
    EXPECT_EQ("2026-06-01", from(document)) << "the cycle that July begins in, by whole months";
    document.tier_cycle = TierCycle::year;
    document.tier_start = "";
    EXPECT_EQ("2026-01-01", from(document));
    document.tier_start = "07-01";
    EXPECT_EQ("2026-07-01", from(document));
    document.allowances.push_back(
        {"carried", rules::tariff::AllowanceKind::quantity, Quantity{100'000}, 3, false});
    EXPECT_EQ("1970-01-01", from(document)) << "what is left of earlier months may be used";
}

}  // namespace

}  // namespace mb::app
