// accrue() against the slow rating, and the laws that every rating must keep, on random tariffs and
// histories. A failing case prints its seed: run it again with MB_RATING_SEED.

#include "base/binary.hpp"
#include "base/json.hpp"
#include "rules/billing/accrual.hpp"
#include "rules/billing/shares.hpp"
#include "rules/billing/slow_rating.hpp"
#include "rules/billing/stretch.hpp"
#include "rules/billing/test_tariffs.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <map>
#include <numeric>
#include <random>
#include <set>

namespace mb::rules::billing {
namespace {

using namespace test;
using tariff::Band;
using tariff::TierCycle;

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t histories = 400;
#else
constexpr std::uint64_t histories = 3000;
#endif

class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    /// [from, to]
    std::int64_t in(std::int64_t from, std::int64_t to) {
        return std::uniform_int_distribution<std::int64_t>(from, to)(engine_);
    }
    bool one_in(int n) { return in(1, n) == 1; }

private:
    std::mt19937_64 engine_;
};

std::string clock(std::int64_t minute) {
    char text[16];
    std::snprintf(text, sizeof text, "%02d:%02d", static_cast<int>(minute / 60 % 100),
                  static_cast<int>(minute % 60));
    return text;
}

std::vector<tariff::TariffPeriod> random_periods(Random& random) {
    std::vector<tariff::TariffPeriod> out;
    if (random.one_in(5)) {
        return out;
    }
    std::set<std::int64_t> bounds{0, 1440};
    const std::int64_t grid = random.one_in(4) ? 1 : 30;
    for (std::int64_t n = random.in(0, 7); n > 0; --n) {
        bounds.insert(random.in(1, 1440 / grid - 1) * grid);
    }
    for (auto from = bounds.begin(), to = std::next(from); to != bounds.end(); ++from, ++to) {
        out.push_back({clock(*from), clock(*to), static_cast<Band>(random.in(0, 4))});
    }
    return out;
}

Price random_price(Random& random) {
    switch (random.in(0, 3)) {
        case 0: return {random.in(0, 40) * 500'000'000'000};  // 0.05 steps: half-fen ties
        case 1: return {random.in(0, 20'000'000'000'000)};
        case 2: return {random.in(1, 9'999) * 1'000'000'000};  // four decimals
        default: return {};
    }
}

tariff::TariffDocument random_document(Random& random) {
    tariff::TariffDocument out;
    out.code = "t";
    out.periods = random_periods(random);
    out.rounding = random.one_in(3) ? tariff::RoundingPlace::total : tariff::RoundingPlace::line;
    out.tier_cycle = static_cast<TierCycle>(random.in(0, 2));
    if (out.tier_cycle != TierCycle::none) {
        std::int64_t limit = 0;
        for (std::int64_t n = random.in(0, 3); n > 0; --n) {
            limit += random.in(1, random.one_in(2) ? 500'000 : 50'000);
            out.tier_limits.push_back({limit});
        }
    }
    std::set<Band> bands;
    for (const auto& period : out.periods) {
        bands.insert(period.band);
    }
    if (bands.empty()) {
        bands.insert(Band::flat);
    }
    for (const Band band : bands) {
        for (std::size_t tier = 0; tier <= out.tier_limits.size(); ++tier) {
            out.prices.push_back({band, static_cast<std::int32_t>(tier + 1), random_price(random)});
        }
    }
    return out;
}

/// A tariff with its versions, and a series of intervals that begin where the last one ended.
struct History {
    Zone zone;
    std::vector<SlowVersion> versions;  // by effective_from
    std::vector<Interval> intervals;
};

Duration random_step(Random& random) {
    switch (random.in(0, 11)) {
        case 0: return {random.in(1, 7'200'000'000)};
        case 1: return Duration::hours(random.in(1, 30));
        case 2: return random.one_in(4) ? Duration::days(random.in(2, 40)) : Duration::minutes(60);
        default: return Duration::minutes(15);
    }
}

/// Registers as a meter of that table would show them, sometimes with a fault.
void add_registers(Random& random, const History& history, Interval& interval) {
    interval.register_count = static_cast<std::uint8_t>(random.in(2, 6));
    interval.registers_match_table = !random.one_in(4);
    std::int64_t left = interval.total.units;
    std::vector<std::size_t> shown;
    for (const SlowVersion& version : history.versions) {
        for (const auto& period : version.document.periods) {
            shown.push_back(static_cast<std::size_t>(period.band) + 1);
        }
    }
    for (int i = 0; i < 3 && !shown.empty(); ++i) {
        const auto pick =
            static_cast<std::size_t>(random.in(0, static_cast<std::int64_t>(shown.size()) - 1));
        const std::int64_t part = i == 2 ? left : random.in(0, left);
        interval.by_register[shown[pick]].units += part;
        left -= part;
        interval.register_count =
            std::max(interval.register_count, static_cast<std::uint8_t>(shown[pick] + 1));
    }
    if (random.one_in(8)) {
        interval.by_register[1].units += random.in(-2, 2);
    }
    if (random.one_in(30)) {
        interval.by_register[static_cast<std::size_t>(random.in(1, 5))].units = random.in(0, 5);
    }
}

History random_history(std::uint64_t seed) {
    Random random(seed);
    static const Zone zones[] = {shanghai(), shanghai(), Zone::find("America/New_York").value(),
                                 Zone::find("Australia/Lord_Howe").value()};
    static const char* const starts[] = {"2026-12-20", "2026-02-25", "2026-03-06", "2026-10-30",
                                         "2026-04-03", "2026-09-30", "2027-01-31"};
    History out{zones[random.in(0, 3)], {}, {}};
    const CivilDate start = day(starts[random.in(0, 6)]);
    const std::int64_t version_count = random.in(1, 4);
    CivilDate from = start + static_cast<int>(-random.in(0, 20));
    for (std::int32_t n = 1; n <= version_count; ++n) {
        out.versions.push_back({{100 + n}, random_document(random)});
        out.versions.back().document.version = n;
        out.versions.back().document.effective_from = from;
        from = from + static_cast<int>(random.in(1, 15));
    }
    Interval interval;
    interval.to = out.zone.instant(start, static_cast<int>(random.in(0, 1439)));
    if (random.one_in(3)) {
        interval.to = interval.to + Duration{random.in(0, 60'000'000)};
    }
    const bool has_registers = random.one_in(2);
    for (std::int64_t n = random.in(5, 60); n > 0; --n) {
        const Instant begin = interval.to;
        interval = {};
        interval.from = begin;
        interval.to = begin + random_step(random);
        interval.total.units =
            random.one_in(6) ? 0 : random.in(1, random.one_in(4) ? 200'000 : 900);
        if (has_registers) {
            add_registers(random, out, interval);
        }
        out.intervals.push_back(interval);
    }
    return out;
}

/// The fast side, with everything the engine does meanwhile: publishing just in time, posting,
/// closing cycles, checkpoints.
struct FastRun {
    tariff::TariffBook book;
    AgreementAccrual accrual;
    std::map<LineKey, Money> posted;
    std::vector<Interval> charged;
    std::map<std::string, int> refused;

    void publish_until(const History& history, Instant to) {
        for (const SlowVersion& version : history.versions) {
            if (book.find(version.id) == nullptr &&
                (book.all().empty() ||
                 history.zone.instant(version.document.effective_from) <= to)) {
                accrual.tariff_code_index = book.publish(version.id, version.document).value();
            }
        }
    }
    void post_now() {
        Money sum;
        const Money expected = due(accrual);
        for (const PostingLine& line : post(accrual)) {
            posted[line.key] += line.amount;
            sum += line.amount;
            ASSERT_NE(line.amount, Money{});
            ASSERT_EQ(line.line_posted, posted[line.key]);
        }
        ASSERT_EQ(sum, expected);
        ASSERT_EQ(due(accrual), Money{});
    }
    void charge(const History& history, const Interval& interval) {
        publish_until(history, interval.to);
        const Money before = due(accrual);
        const Bytes state = to_binary(accrual);
        const auto result = accrue(accrual, book, history.zone, interval);
        if (result) {
            charged.push_back(interval);
            ASSERT_EQ(due(accrual) - before, result->pending_change);
        } else {
            ++refused[result.error().code];
            ASSERT_EQ(to_binary(accrual), state) << "a refused interval left a trace";
        }
    }
    void run(const History& history, std::uint64_t seed) {
        Random random(seed ^ 0x5DEECE66D);
        for (const Interval& interval : history.intervals) {
            ASSERT_NO_FATAL_FAILURE(charge(history, interval));
            if (random.one_in(10)) {
                ASSERT_NO_FATAL_FAILURE(post_now());
                close_cycles(accrual, history.zone.date(interval.to));
            }
            if (random.one_in(10)) {
                accrual = from_binary<AgreementAccrual>(to_binary(accrual)).value();
            }
        }
        ASSERT_NO_FATAL_FAILURE(post_now());
    }
};

void compare(const FastRun& fast, const SlowBill& slow, const std::vector<Interval>& charged) {
    Money total;
    for (const auto& [key, amount] : fast.posted) {
        total += amount;
    }
    ASSERT_EQ(total, slow.total);
    Quantity used;
    for (const Interval& interval : charged) {
        used += interval.total;
    }
    ASSERT_EQ(slow.quantity, used) << "parts do not sum to the whole";
    std::map<LineKey, SlowLine> expected;
    for (const SlowLine& line : slow.lines) {
        expected[line.key] = line;
        const auto it = fast.posted.find(line.key);
        ASSERT_EQ(it == fast.posted.end() ? Money{} : it->second, line.amount) << to_json(line.key);
    }
    for (const BillLine& line : fast.accrual.lines) {
        ASSERT_EQ(line.quantity, expected[line.key].quantity) << to_json(line.key);
        ASSERT_EQ(line.exact, expected[line.key].exact) << to_json(line.key);
    }
}

TEST(RatingProperties, FastEqualsSlowOnRandomTariffsAndHistories) {
    const char* only = std::getenv("MB_RATING_SEED");
    const std::uint64_t first = only == nullptr ? 1 : std::strtoull(only, nullptr, 10);
    const std::uint64_t last = only == nullptr ? histories : first;
    std::map<std::string, int> refused;
    std::size_t charged = 0;
    std::size_t lines = 0;
    std::size_t closed = 0;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        SCOPED_TRACE("MB_RATING_SEED=" + std::to_string(seed));
        const History history = random_history(seed);
        FastRun fast;
        ASSERT_NO_FATAL_FAILURE(fast.run(history, seed));
        const auto slow = rate_slowly(history.versions, history.zone, fast.charged);
        ASSERT_TRUE(slow);
        ASSERT_NO_FATAL_FAILURE(compare(fast, *slow, fast.charged));
        charged += fast.charged.size();
        lines += slow->lines.size();
        closed += slow->lines.size() - fast.accrual.lines.size();
        for (const auto& [code, count] : fast.refused) {
            refused[code] += count;
        }
    }
    if (only == nullptr) {  // the histories have to reach what they are for
        EXPECT_GT(charged, histories * 20);
        EXPECT_GT(lines, histories * 5);
        EXPECT_GT(closed, histories / 10);
        EXPECT_GT(refused["tariff.no_price"], 0);
    }
}

/// Both sides refuse the same intervals for the same reason.
TEST(RatingProperties, FastAndSlowRefuseAlike) {
    int both = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        History history = random_history(seed);
        for (SlowVersion& version : history.versions) {
            version.document.effective_from = version.document.effective_from + 20;
        }
        tariff::TariffBook book;
        AgreementAccrual accrual;
        for (const SlowVersion& version : history.versions) {
            accrual.tariff_code_index = book.publish(version.id, version.document).value();
        }
        for (const Interval& interval : history.intervals) {
            const auto fast = accrue(accrual, book, history.zone, interval);
            const auto slow = rate_slowly(history.versions, history.zone, {interval});
            ASSERT_EQ(fast.has_value(), slow.has_value()) << seed;
            if (!fast) {
                ASSERT_EQ(fast.error().code, slow.error().code) << seed;
                ++both;
            }
        }
    }
    EXPECT_GT(both, 100);
}

/// Any grouping of a series inside one band, version and cycle costs the same, tiers included.
RC_GTEST_PROP(RatingProperties, AnyGroupingInOneBandCostsTheSame, (std::uint64_t seed)) {
    Random random(seed);
    const tariff::TariffDocument document =
        tiered(TierCycle::month, {"3", "7.5"}, {"0.53825", "0.58825", "0.83825"});
    Rig fine(document);
    Rig coarse(document);
    const Instant start = at("2026-05-04T08:00:00+08:00");
    Interval group{start, start, {}, {}, 1, false};
    for (int i = 1; i <= 48; ++i) {
        Interval quarter{start + Duration::minutes(15 * (i - 1)),
                         start + Duration::minutes(15 * i),
                         {random.in(0, 5000)},
                         {},
                         1,
                         false};
        RC_ASSERT(accrue(fine.accrual, fine.book, fine.zone, quarter));
        if (random.one_in(5)) {
            post(fine.accrual);
        }
        group.to = quarter.to;
        group.total += quarter.total;
        if (random.one_in(4) || i == 48) {
            RC_ASSERT(accrue(coarse.accrual, coarse.book, coarse.zone, group));
            group = {group.to, group.to, {}, {}, 1, false};
        }
    }
    post(fine.accrual);
    post(coarse.accrual);
    RC_ASSERT(fine.lines() == coarse.lines());
    for (std::size_t i = 0; i < fine.accrual.lines.size(); ++i) {
        RC_ASSERT(fine.accrual.lines[i].posted == coarse.accrual.lines[i].posted);
    }
}

/// Stretches tile the time between, and no instant inside one has another price.
RC_GTEST_PROP(RatingProperties, StretchesTileTime, (std::uint64_t seed)) {
    const History history = random_history(seed);
    Random random(seed);
    tariff::TariffBook book;
    std::int32_t code = 0;
    for (const SlowVersion& version : history.versions) {
        code = book.publish(version.id, version.document).value();
    }
    const Instant from = history.intervals.front().from;
    const Instant to = from + Duration::hours(random.in(1, 200));
    const auto all = stretches_between(book, code, history.zone, from, to).value();
    Instant next = from;
    for (const Stretch& stretch : all) {
        RC_ASSERT(stretch.from == next);
        RC_ASSERT(stretch.to > stretch.from);
        next = stretch.to;
        for (int i = 0; i < 5; ++i) {
            const Instant inside{random.in(stretch.from.us, stretch.to.us - 1)};
            RC_ASSERT(stretch_at(book, code, history.zone, inside)->same_price(stretch));
        }
    }
    RC_ASSERT(next == to);
}

RC_GTEST_PROP(Shares, SumToTheWholeAndStayWithinOne, ()) {
    const auto weights = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::int64_t>>(
        rc::gen::inRange<std::int64_t>(0, 100'000'000'000)));
    const std::int64_t sum = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
    RC_PRE(sum > 0);
    const auto total = *rc::gen::inRange<std::int64_t>(0, 100'000'000'000'000);
    const auto shares = shares_of(total, weights);
    RC_ASSERT(std::accumulate(shares.begin(), shares.end(), std::int64_t{0}) == total);
    for (std::size_t i = 0; i < shares.size(); ++i) {
        const int128 exact = static_cast<int128>(total) * weights[i];
        RC_ASSERT(static_cast<int128>(shares[i]) * sum > exact - sum);
        RC_ASSERT(static_cast<int128>(shares[i]) * sum < exact + sum);
        RC_ASSERT(weights[i] > 0 || shares[i] == 0);
        for (std::size_t k = 0; k < i; ++k) {
            RC_ASSERT(weights[k] != weights[i] || shares[k] >= shares[i]);  // stable
        }
    }
}

/// I6 end to end: readings with rollovers → intervals → bills; both ways of making intervals agree.
TEST(RatingProperties, ReadingsGiveTheSameBillBothWays) {
    const metering::MeterSpec spec{1'000 * 10'000, 20, 60'000};
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        Random random(seed);
        std::vector<SlowReading> readings;
        std::int64_t through[5] = {0, random.in(9'900'000, 9'999'999), 7, random.in(0, 9'999'999),
                                   3};
        through[0] = random.in(9'000'000, 9'999'999);
        Instant now = at("2026-05-04T09:40:00+08:00");
        std::int64_t use = 0;
        for (int i = 0; i < 120; ++i) {
            metering::Registers registers;
            registers.count = 5;
            for (std::size_t r = 0; r < 5; ++r) {
                registers.value[r].units = through[r] % spec.modulus_units;
            }
            readings.push_back({now, registers});
            const std::int64_t part = random.in(0, 90'000);
            use += i < 119 ? part : 0;  // what comes after the last reading nobody has seen
            through[static_cast<std::size_t>(random.in(2, 4))] += part;
            through[0] += part;
            now = now + Duration::minutes(15);
        }
        Rig rig(chongqing());
        for (std::size_t i = 1; i < readings.size(); ++i) {
            const auto difference =
                register_difference(spec, readings[i - 1].at, readings[i - 1].registers,
                                    readings[i].at, readings[i].registers, readings[i].at);
            ASSERT_TRUE(metering::is_charged(difference.verdict)) << seed;
            ASSERT_TRUE(accrue(rig.accrual, rig.book, rig.zone,
                               {readings[i - 1].at, readings[i].at, difference.total,
                                difference.by_register, 5, true}));
        }
        const auto intervals = slow_intervals(spec, readings, true).value();
        const SlowBill slow = rate_slowly({{{1}, chongqing()}}, rig.zone, intervals).value();
        EXPECT_EQ(slow.total, due(rig.accrual)) << seed;
        EXPECT_EQ(slow.quantity.units, use * spec.ratio) << "not the register difference";
    }
    EXPECT_EQ(slow_intervals(spec, {{{5}, {}}, {{5}, {}}}, true).error().code,
              "rating.readings_out_of_order");
}

}  // namespace
}  // namespace mb::rules::billing
