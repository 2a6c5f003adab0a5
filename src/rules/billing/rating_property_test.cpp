// The laws that every rating must keep, on random tariffs and histories. What a rating comes to is
// judged by the independent oracle in tests/oracle. A failing case prints its seed: run it again
// with MB_RATING_SEED.

#include "base/binary.hpp"
#include "base/test_random.hpp"
#include "rules/billing/accrual.hpp"
#include "rules/billing/shares.hpp"
#include "rules/billing/stretch.hpp"
#include "rules/billing/test_tariffs.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <numeric>
#include <set>

namespace mb::rules::billing {
namespace {

using mb::test::Random;
using namespace test;
using tariff::Band;
using tariff::TierCycle;

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t histories = 300;
#else
constexpr std::uint64_t histories = 2000;
#endif

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

/// Funds and free quantities, now and then.
void add_extras(Random& random, tariff::TariffDocument& out) {
    for (int i = 0; i < 2 && random.one_in(3); ++i) {
        out.per_unit.push_back({"fund" + std::to_string(i), "", random_price(random), {}, false});
        out.per_unit.back().share = {random.in(0, 10) * 1000};
        out.per_unit.back().price = {out.per_unit.back().price.units / 10'000 * 10'000};
    }
    for (const char* name : {"a", "b"}) {
        if (random.one_in(4)) {
            out.allowances.push_back({name,
                                      tariff::AllowanceKind::quantity,
                                      {random.in(0, 20'000)},
                                      static_cast<std::int32_t>(random.in(1, 3)),
                                      random.one_in(2)});
        }
    }
}

tariff::TariffDocument random_document(Random& random) {
    tariff::TariffDocument out;
    out.code = "t";
    out.name = "T";
    out.tier_split = random.one_in(2) ? tariff::TierSplit::share : tariff::TierSplit::time_order;
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
    add_extras(random, out);
    return out;
}

struct Version {
    TariffId id;
    tariff::TariffDocument document;
};

/// A tariff with its versions, and a series of intervals that begin where the last one ended.
struct History {
    Zone zone;
    tariff::Terms terms;
    std::vector<Version> versions;  // by effective_from
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
    for (const Version& version : history.versions) {
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
    History out{zones[random.in(0, 3)], {}, {}, {}};
    const CivilDate start = day(starts[random.in(0, 6)]);
    const std::int64_t version_count = random.in(1, 4);
    CivilDate from = start + static_cast<int>(random.one_in(6) ? 2 : -random.in(0, 20));
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

using Bill = std::map<LineKey, std::pair<Quantity, ExactMoney>>;

Bill bill_of(const AgreementAccrual& accrual) {
    Bill out;
    for (const BillLine& line : accrual.lines) {
        out[line.key] = {line.quantity, line.exact};
    }
    return out;
}

/// An agreement under all versions at once, and nothing but charging.
struct PlainRun {
    tariff::TariffBook book;
    Calendar calendar;
    AgreementAccrual accrual;

    explicit PlainRun(const History& history) {
        for (const Version& version : history.versions) {
            accrual.tariff_code_index =
                book.publish(version.id, version.document, &calendar).value();
        }
    }
    [[nodiscard]] RatingFacts facts(const History& history) const {
        return {book, calendar, history.zone, history.terms};
    }
};

/// With everything the engine does meanwhile: publishing just in time, posting, closing cycles,
/// checkpoints.
struct EngineRun {
    tariff::TariffBook book;
    Calendar calendar;
    AgreementAccrual accrual;
    std::map<LineKey, Money> posted;
    std::vector<Interval> charged;
    std::size_t closed = 0;
    int refused = 0;

    void publish_until(const History& history, Instant to) {
        for (const Version& version : history.versions) {
            if (book.find(version.id) == nullptr &&
                (book.all().empty() ||
                 history.zone.instant(version.document.effective_from) <= to)) {
                accrual.tariff_code_index =
                    book.publish(version.id, version.document, &calendar).value();
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
    void close(const History& history, Instant now) {
        std::map<LineKey, Money> targets;
        const std::vector<Money> all = posting_targets(accrual);
        for (std::size_t i = 0; i < all.size(); ++i) {
            targets[accrual.lines[i].key] = all[i];
        }
        const std::size_t gone = close_cycles(accrual, history.zone.date(now));
        closed += gone;
        for (const BillLine& line : accrual.lines) {
            targets.erase(line.key);
        }
        ASSERT_EQ(targets.size(), gone);
        for (const auto& [key, target] : targets) {
            ASSERT_EQ(posted[key], target) << "closed before it was posted";
        }
    }
    void charge(const History& history, const Interval& interval) {
        publish_until(history, interval.to);
        const Money before = due(accrual);
        const Bytes state = to_binary(accrual);
        const auto result =
            accrue(accrual, {book, calendar, history.zone, history.terms}, interval);
        if (result) {
            charged.push_back(interval);
            ASSERT_EQ(due(accrual) - before, result->pending_change);
        } else {
            ++refused;
            ASSERT_EQ(to_binary(accrual), state) << "a refused interval left a trace";
        }
    }
    void run(const History& history, std::uint64_t seed) {
        Random random(seed ^ 0x5DEECE66D);
        for (const Interval& interval : history.intervals) {
            ASSERT_NO_FATAL_FAILURE(charge(history, interval));
            if (random.one_in(10)) {
                ASSERT_NO_FATAL_FAILURE(post_now());
            }
            if (random.one_in(10)) {
                ASSERT_NO_FATAL_FAILURE(close(history, interval.to));
            }
            if (random.one_in(10)) {
                accrual = from_binary<AgreementAccrual>(to_binary(accrual)).value();
            }
        }
        ASSERT_NO_FATAL_FAILURE(post_now());
    }
};

/// What one posting at the end comes to, by line.
std::map<LineKey, Money> post_once(const AgreementAccrual& accrual) {
    std::map<LineKey, Money> out;
    AgreementAccrual copy = accrual;
    for (const PostingLine& line : post(copy)) {
        out[line.key] = line.amount;
    }
    return out;
}

void compare(EngineRun& engine, const AgreementAccrual& plain) {
    std::erase_if(engine.posted, [](const auto& entry) { return entry.second == Money{}; });
    ASSERT_EQ(engine.posted, post_once(plain));
    const Bill whole = bill_of(plain);
    for (const auto& [key, sums] : bill_of(engine.accrual)) {
        ASSERT_EQ(whole.at(key), sums) << to_json(key);
    }
    Quantity used;
    for (const Interval& interval : engine.charged) {
        used += interval.total;
    }
    Quantity billed;
    for (const BillLine& line : plain.lines) {
        if (line.key.item == LineItem::energy || line.key.item == LineItem::free) {
            billed += line.quantity;
        }
    }
    ASSERT_EQ(billed, used) << "parts do not sum to the whole";
}

TEST(RatingProperties, PostingClosingAndCheckpointsChangeNoSum) {
    const char* only = std::getenv("MB_RATING_SEED");
    const std::uint64_t first = only == nullptr ? 1 : std::strtoull(only, nullptr, 10);
    const std::uint64_t last = only == nullptr ? histories : first;
    std::size_t charged = 0;
    std::size_t lines = 0;
    std::size_t closed = 0;
    std::size_t blocks = 0;
    int refused = 0;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        SCOPED_TRACE("MB_RATING_SEED=" + std::to_string(seed));
        const History history = random_history(seed);
        EngineRun engine;
        ASSERT_NO_FATAL_FAILURE(engine.run(history, seed));
        PlainRun plain(history);
        for (const Interval& interval : engine.charged) {
            ASSERT_TRUE(accrue(plain.accrual, plain.facts(history), interval));
        }
        ASSERT_NO_FATAL_FAILURE(compare(engine, plain.accrual));
        charged += engine.charged.size();
        lines += plain.accrual.lines.size();
        blocks += plain.accrual.blocks.size();
        closed += engine.closed;
        refused += engine.refused;
    }
    if (only == nullptr) {  // the histories have to reach what they are for
        EXPECT_GT(charged, histories * 20);
        EXPECT_GT(lines, histories * 5);
        EXPECT_GT(blocks, histories / 5);
        EXPECT_GT(closed, histories / 10);
        EXPECT_GT(refused, 0);
    }
}

/// The window is a cache: a run that empties it each time has the same state after each interval.
TEST(RatingProperties, TheWindowNeverChangesAResult) {
    std::size_t with_extras = 0;
    for (std::uint64_t seed = 1; seed <= histories / 4; ++seed) {
        const History history = random_history(seed);
        PlainRun warm(history);
        PlainRun cold(history);
        for (const Interval& interval : history.intervals) {
            cold.accrual.window = {};
            const auto fast = accrue(warm.accrual, warm.facts(history), interval);
            const auto slow = accrue(cold.accrual, cold.facts(history), interval);
            ASSERT_EQ(fast.has_value(), slow.has_value()) << seed;
            if (fast) {
                ASSERT_EQ(fast->pending_change, slow->pending_change) << seed;
                ASSERT_EQ(fast->slices, slow->slices) << seed;
            }
            ASSERT_EQ(to_binary(warm.accrual), to_binary(cold.accrual)) << seed;
        }
        with_extras += warm.accrual.blocks.size() + warm.accrual.grants.size();
    }
    EXPECT_GT(with_extras, histories / 10);
}

/// Inside one stretch the order in which use is delivered does not matter.
TEST(RatingProperties, AnyOrderInsideAStretchCostsTheSame) {
    std::size_t tiers_crossed = 0;
    for (std::uint64_t seed = 1; seed <= histories; ++seed) {
        Random random(seed);
        const History history = random_history(seed);
        PlainRun ordered(history);
        PlainRun shuffled(history);
        const auto in = stretch_at(ordered.facts(history), ordered.accrual.tariff_code_index,
                                   history.intervals.front().from);
        if (!in) {
            continue;
        }
        std::vector<Interval> parts;
        const std::int64_t length = (in->to - in->from).us;
        constexpr std::int64_t count = 12;
        for (std::int64_t i = 0; i < std::min(count, length); ++i) {
            Interval part;
            part.from = in->from + Duration{length / count * i};
            part.to = i + 1 == count ? in->to : in->from + Duration{length / count * (i + 1)};
            part.total.units = random.in(0, 40'000);
            parts.push_back(part);
        }
        for (const Interval& part : parts) {
            ASSERT_TRUE(accrue(ordered.accrual, ordered.facts(history), part)) << seed;
        }
        random.shuffle(parts);
        for (const Interval& part : parts) {
            ASSERT_TRUE(accrue(shuffled.accrual, shuffled.facts(history), part)) << seed;
        }
        ASSERT_EQ(bill_of(ordered.accrual), bill_of(shuffled.accrual)) << seed;
        ASSERT_EQ(due(ordered.accrual), due(shuffled.accrual)) << seed;
        ASSERT_EQ(ordered.accrual.uses, shuffled.accrual.uses) << seed;
        tiers_crossed += ordered.accrual.lines.size() > 1 ? 1 : 0;
    }
    EXPECT_GT(tiers_crossed, histories / 10);
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
        RC_ASSERT(fine.use(quarter));
        if (random.one_in(5)) {
            post(fine.accrual);
        }
        group.to = quarter.to;
        group.total += quarter.total;
        if (random.one_in(4) || i == 48) {
            RC_ASSERT(coarse.use(group));
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
    PlainRun run(history);
    const RatingFacts facts = run.facts(history);
    const std::int32_t code = run.accrual.tariff_code_index;
    const Instant from =
        std::max(history.intervals.front().from,
                 history.zone.instant(history.versions.front().document.effective_from));
    const Instant to = from + Duration::hours(random.in(1, 200));
    const auto all = stretches_between(facts, code, from, to).value();
    Instant next = from;
    for (const Stretch& stretch : all) {
        RC_ASSERT(stretch.from == next);
        RC_ASSERT(stretch.to > stretch.from);
        next = stretch.to;
        for (int i = 0; i < 5; ++i) {
            const Instant inside{random.in(stretch.from.us, stretch.to.us - 1)};
            RC_ASSERT(stretch_at(facts, code, inside)->same_price(stretch));
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

/// I6 end to end: whatever meters show, rollovers included, is billed.
TEST(RatingProperties, BillsSumToTheRegisterDifferences) {
    const metering::MeterSpec spec{1'000 * 10'000, 20, 60'000};
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        Random random(seed);
        Rig rig(chongqing());
        std::array<std::int64_t, 5> through = {random.in(9'000'000, 9'999'999),
                                               random.in(9'900'000, 9'999'999), 7,
                                               random.in(0, 9'999'999), 3};
        metering::Registers last;
        Instant last_at;
        Instant now = at("2026-05-04T09:40:00+08:00");
        const std::int64_t begin = through[0];
        for (int i = 0; i < 120; ++i) {
            metering::Registers registers;
            registers.count = 5;
            for (std::size_t r = 0; r < 5; ++r) {
                registers.value[r].units = through[r] % spec.modulus_units;
            }
            if (i > 0) {
                const auto step = register_difference(spec, last_at, last, now, registers, now);
                ASSERT_TRUE(metering::is_charged(step.verdict)) << seed;
                ASSERT_TRUE(rig.use({last_at, now, step.total, step.by_register, 5, true}));
            }
            last = registers;
            last_at = now;
            if (i < 119) {
                const std::int64_t part = random.in(0, 90'000);
                through[static_cast<std::size_t>(random.in(2, 4))] += part;
                through[0] += part;
            }
            now = now + Duration::minutes(15);
        }
        Quantity billed;
        for (const BillLine& line : rig.accrual.lines) {
            billed += line.quantity;
        }
        EXPECT_EQ(billed.units, (through[0] - begin) * spec.ratio) << seed;
    }
}

}  // namespace
}  // namespace mb::rules::billing
