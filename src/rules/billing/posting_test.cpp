#include "rules/billing/accrual.hpp"

#include "base/binary.hpp"
#include "rules/billing/test_tariffs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace mb::rules::billing {
namespace {

using namespace test;
using tariff::Band;
using tariff::TierCycle;

/// Peak and valley at awkward prices, rounded at the total.
tariff::TariffDocument total_rounded() {
    tariff::TariffDocument out = chongqing();
    out.rounding = tariff::RoundingPlace::total;
    out.prices = {{Band::peak, {}, price("0.335")},
                  {Band::flat, {}, price("0.333")},
                  {Band::valley, {}, price("0.334")}};
    return out;
}

TEST(Posting, PostsTheRoundedRunningTotal) {
    Rig rig(flat("0.5"));
    // 0.4 fen a quarter hour: nothing, 0.8 → 1, then 1.2 → 0 more, 1.6 → 1 more.
    const char* expected[] = {"0.00", "0.01", "0.00", "0.01", "0.00"};
    Instant from = at("2026-05-04T10:00:00+08:00");
    for (const char* text : expected) {
        Interval interval{from, from + Duration::minutes(15), kwh("0.008"), {}, 1, false};
        const Money change = rig.use(interval)->pending_change;
        EXPECT_EQ(change.text(), text);
        EXPECT_EQ(due(rig.accrual), change);
        const auto lines = post(rig.accrual);
        EXPECT_EQ(lines.size(), change.fen == 0 ? 0U : 1U);
        EXPECT_EQ(due(rig.accrual), Money{});
        from = interval.to;
    }
    EXPECT_EQ(rig.accrual.lines[0].posted.text(), "0.02");
    EXPECT_EQ(rig.accrual.lines[0].posted_quantity.text(), "0.0320");
}

TEST(Posting, LineSaysWhatItIsAbout) {
    Rig rig(flat("0.5"));
    ASSERT_TRUE(rig.use("2026-05-04T10:00:00+08:00", "2026-05-04T10:15:00+08:00", "2"));
    ASSERT_EQ(post(rig.accrual).size(), 1U);
    ASSERT_TRUE(rig.use("2026-05-04T10:15:00+08:00", "2026-05-04T10:30:00+08:00", "3"));
    const auto lines = post(rig.accrual);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].line_id, 1);
    EXPECT_EQ(lines[0].key, (LineKey{202605, LineItem::energy, 0, {1}, 0, 1, Band::flat}));
    EXPECT_EQ(lines[0].amount.text(), "1.50");
    EXPECT_EQ(lines[0].quantity, kwh("3"));
    EXPECT_EQ(lines[0].line_quantity, kwh("5"));
    EXPECT_EQ(lines[0].line_exact.text(), "2.50");
    EXPECT_EQ(lines[0].line_posted.text(), "2.50");
    EXPECT_TRUE(post(rig.accrual).empty());
}

/// verify asks for the price of rows as they lie in the store.
TEST(Posting, ADamagedKeyHasNoPriceAndReadsNothingElse) {
    Rig rig(flat("0.5"));
    LineKey key{202605, LineItem::energy, 0, {1}, 0, 1, Band::flat};
    const tariff::TariffVersion& version = *rig.book.find({1});
    EXPECT_EQ(unit_price(version, key), price("0.5"));
    for (const std::uint8_t tier : {std::uint8_t{0}, std::uint8_t{2}, std::uint8_t{233}}) {
        key.tier = tier;
        EXPECT_EQ(unit_price(version, key), Price{});
    }
    key.tier = 1;
    key.band = static_cast<Band>(200);
    EXPECT_EQ(unit_price(version, key), Price{});
    key.band = Band::flat;
    key.price_set = 7;
    EXPECT_EQ(unit_price(version, key), Price{});
    key.item = static_cast<LineItem>(99);
    EXPECT_EQ(unit_price(version, key), Price{});
}

TEST(Posting, ThirtyDailyPostingsEqualOneMonthly) {
    for (const tariff::TariffDocument& document : {chongqing(), total_rounded()}) {
        Rig daily(document);
        Rig monthly(document);
        std::map<std::int32_t, Money> by_line;
        Instant from = at("2026-06-01T00:00:00+08:00");
        for (int quarter = 0; quarter < 30 * 96; ++quarter) {
            const Interval interval{
                from, from + Duration::minutes(15), {37 + quarter * 7919 % 4001}, {}, 1, false};
            ASSERT_TRUE(daily.use(interval));
            ASSERT_TRUE(monthly.use(interval));
            from = interval.to;
            if (quarter % 96 == 95) {
                for (const PostingLine& line : post(daily.accrual)) {
                    by_line[line.line_id] += line.amount;
                }
            }
        }
        const auto once = post(monthly.accrual);
        ASSERT_EQ(once.size(), 3U);
        for (const PostingLine& line : once) {
            EXPECT_EQ(by_line[line.line_id], line.amount);
        }
    }
}

TEST(Posting, WithRoundingAtTheTotalLinesAreShares) {
    Rig rig(total_rounded());
    ASSERT_TRUE(
        rig.use("2026-05-04T06:00:00+08:00", "2026-05-04T07:00:00+08:00", "1"));  // 33.4 fen
    ASSERT_TRUE(rig.use("2026-05-04T09:00:00+08:00", "2026-05-04T10:00:00+08:00", "1"));  // 33.3
    ASSERT_TRUE(rig.use("2026-05-04T12:00:00+08:00", "2026-05-04T13:00:00+08:00", "1"));  // 33.5
    // 100.2 → 100: 33 each and one more to the largest rest. By line it would have been 33 + 33
    // + 34.
    EXPECT_EQ(due(rig.accrual).text(), "1.00");
    const auto lines = post(rig.accrual);
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[0].amount.text(), "0.33");
    EXPECT_EQ(lines[1].amount.text(), "0.33");
    EXPECT_EQ(lines[2].amount.text(), "0.34");
    // A second of each: 66.8, 66.6, 67.0 of 200.4 → 200; both spare fen go to the largest rests.
    ASSERT_TRUE(rig.use("2026-05-05T06:00:00+08:00", "2026-05-05T07:00:00+08:00", "1"));
    ASSERT_TRUE(rig.use("2026-05-05T09:00:00+08:00", "2026-05-05T10:00:00+08:00", "1"));
    ASSERT_TRUE(rig.use("2026-05-05T12:00:00+08:00", "2026-05-05T13:00:00+08:00", "1"));
    EXPECT_EQ(due(rig.accrual).text(), "1.00");
    const auto next = post(rig.accrual);
    ASSERT_EQ(next.size(), 3U);
    EXPECT_EQ(next[0].line_posted.text(), "0.67");
    EXPECT_EQ(next[1].line_posted.text(), "0.66");
    EXPECT_EQ(next[2].line_posted.text(), "0.67");
}

TEST(Posting, EqualRestsGoToTheLowerKey) {
    tariff::TariffDocument document = total_rounded();
    document.prices = {{{}, {}, price("0.335")}};
    Rig rig(document);
    // Flat is used before peak, but comes behind it on the bill.
    ASSERT_TRUE(rig.use("2026-05-04T10:00:00+08:00", "2026-05-04T11:00:00+08:00", "1"));
    ASSERT_TRUE(rig.use("2026-05-04T12:00:00+08:00", "2026-05-04T13:00:00+08:00", "1"));
    const auto lines = post(rig.accrual);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].key.band, Band::flat);
    EXPECT_EQ(lines[0].amount.text(), "0.33");
    EXPECT_EQ(lines[1].amount.text(), "0.34");
}

TEST(Posting, AFenMayMoveBetweenLinesButNeverInTheSum) {
    tariff::TariffDocument document = total_rounded();
    document.prices = {{Band::peak, {}, price("0.006")},
                       {Band::flat, {}, price("0.008")},
                       {Band::valley, {}, price("0")}};
    Rig rig(document);
    ASSERT_TRUE(rig.use("2026-05-04T12:00:00+08:00", "2026-05-04T13:00:00+08:00", "1"));  // 0.6 fen
    EXPECT_EQ(post(rig.accrual)[0].amount.text(), "0.01");
    ASSERT_TRUE(rig.use("2026-05-04T18:00:00+08:00", "2026-05-04T19:00:00+08:00", "1"));  // 0.8
    EXPECT_EQ(due(rig.accrual).text(), "0.00");                                           // 1.4 → 1
    const auto moved = post(rig.accrual);
    ASSERT_EQ(moved.size(), 2U);
    EXPECT_EQ(moved[0].amount.text(), "-0.01");
    EXPECT_EQ(moved[1].amount.text(), "0.01");
}

TEST(CloseCycles, DropsWhatIsPostedAndOver) {
    Rig rig(tiered(TierCycle::month, {"10"}, {"0.5", "1"}));
    ASSERT_TRUE(rig.use("2026-05-30T10:00:00+08:00", "2026-05-30T11:00:00+08:00", "12"));
    EXPECT_EQ(close_cycles(rig.accrual, day("2026-06-30")), 0U) << "not posted";
    post(rig.accrual);
    EXPECT_EQ(close_cycles(rig.accrual, day("2026-06-30")), 0U) << "the meter may speak of May yet";
    ASSERT_TRUE(rig.use("2026-05-31T23:30:00+08:00", "2026-06-01T00:30:00+08:00", "2"));
    EXPECT_EQ(rig.accrual.lines[1].quantity, kwh("3")) << "the second tier of May went on";
    post(rig.accrual);
    EXPECT_EQ(close_cycles(rig.accrual, day("2026-05-31")), 0U) << "May is not over";
    EXPECT_EQ(close_cycles(rig.accrual, day("2026-06-01")), 2U);
    EXPECT_EQ(rig.lines(), std::vector<std::string>{"202606 flat 1 v1: 1.0000 0.50"});
    EXPECT_EQ(rig.accrual.uses.size(), 1U);
    ASSERT_TRUE(rig.use("2026-06-01T00:30:00+08:00", "2026-06-01T00:45:00+08:00", "10"));
    EXPECT_EQ(rig.accrual.lines.back().id, 4) << "ids are never used twice";
    EXPECT_EQ(due(rig.accrual).text(), "5.50");
}

TEST(CloseCycles, TotalsGoWithTheirLines) {
    Rig rig(total_rounded());
    ASSERT_TRUE(rig.use("2026-05-30T12:00:00+08:00", "2026-05-30T13:00:00+08:00", "12"));
    ASSERT_TRUE(rig.use("2026-06-01T12:00:00+08:00", "2026-06-01T13:00:00+08:00", "2"));
    EXPECT_EQ(close_cycles(rig.accrual, day("2026-06-02")), 0U);
    post(rig.accrual);
    EXPECT_EQ(close_cycles(rig.accrual, day("2026-06-02")), 1U);
    ASSERT_EQ(rig.accrual.totals.size(), 1U);
    EXPECT_EQ(rig.accrual.totals[0].cycle, 202606);
    EXPECT_TRUE(post(rig.accrual).empty());
}

TEST(CloseCycles, AYearsTierCounterStaysUntilTheYearIsOver) {
    Rig rig(tiered(TierCycle::year, {"10"}, {"0.5", "1"}));
    ASSERT_TRUE(rig.use("2026-05-30T10:00:00+08:00", "2026-05-30T11:00:00+08:00", "12"));
    ASSERT_TRUE(rig.use("2026-06-01T10:00:00+08:00", "2026-06-01T11:00:00+08:00", "1"));
    post(rig.accrual);
    EXPECT_EQ(close_cycles(rig.accrual, day("2026-06-02")), 2U);
    ASSERT_EQ(rig.accrual.uses.size(), 1U);
    EXPECT_EQ(rig.accrual.uses[0].quantity, kwh("13"));
    ASSERT_TRUE(rig.use("2027-01-01T10:00:00+08:00", "2027-01-01T11:00:00+08:00", "1"));
    post(rig.accrual);
    EXPECT_EQ(close_cycles(rig.accrual, day("2027-01-02")), 1U);
    EXPECT_EQ(rig.accrual.uses.size(), 1U);
    EXPECT_EQ(rig.lines(), std::vector<std::string>{"202701 flat 1 v1: 1.0000 0.50"});
}

TEST(Cycle, BoundsOfMonths) {
    EXPECT_EQ(cycle_of(day("2026-12-31")), 202612);
    EXPECT_EQ(cycle_of(day("2027-01-01")), 202701);
    EXPECT_EQ(cycle_to(202612), day("2027-01-01"));
    EXPECT_EQ(cycle_to(202602), day("2026-03-01"));
    EXPECT_EQ(cycle_to(202802), day("2028-03-01"));
    EXPECT_EQ(cycle_from(202602), day("2026-02-01"));
    EXPECT_EQ(next_cycle(202612), 202701);
    EXPECT_EQ(later_cycle(202611, 14), 202801);
    EXPECT_EQ(later_cycle(202601, -1), 202512);
}

}  // namespace
}  // namespace mb::rules::billing
