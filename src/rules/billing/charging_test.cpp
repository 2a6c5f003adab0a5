#include "rules/billing/charging.hpp"

#include "base/binary.hpp"
#include "rules/billing/test_tariffs.hpp"
#include "rules/tariff/test_document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace mb::rules::billing {
namespace {

using namespace test;
using tariff::Band;
using tariff::band_count;
using tariff::test::document;
using testing::ElementsAre;

// ---- by share --------------------------------------------------------------------------------

ShareBlock block_of(std::array<std::int64_t, band_count> by_band, std::int64_t before = 0) {
    ShareBlock out;
    out.before = {before};
    for (std::size_t i = 0; i < band_count; ++i) {
        out.by_band[i] = {by_band[i]};
    }
    return out;
}

tariff::Limits limits_of(const std::vector<std::int64_t>& units) {
    tariff::Limits out;
    out.fill({INT64_MAX});
    for (std::size_t i = 0; i < units.size(); ++i) {
        out[i] = {units[i]};
    }
    return out;
}

using Tier = std::array<std::int64_t, band_count>;
std::vector<Tier> divide(const ShareBlock& block, const std::vector<std::int64_t>& limits) {
    const std::size_t tiers = limits.size() + 1;
    const TierParts parts = divide_by_share(block, limits_of(limits), tiers);
    std::vector<Tier> out(tiers);
    for (std::size_t tier = 0; tier < tiers; ++tier) {
        for (std::size_t band = 0; band < band_count; ++band) {
            out[tier][band] = parts[tier][band].units;
        }
    }
    return out;
}

TEST(DivideByShare, InProportionToWhatEachBandUsed) {
    EXPECT_THAT(divide(block_of({0, 300, 0, 100, 0}), {200}),
                ElementsAre(Tier{0, 150, 0, 50, 0}, Tier{0, 150, 0, 50, 0}));
    EXPECT_THAT(divide(block_of({0, 300, 0, 100, 0}), {400}),
                ElementsAre(Tier{0, 300, 0, 100, 0}, Tier{}));
    EXPECT_THAT(divide(block_of({0, 300, 0, 100, 0}, 150), {200, 300}),
                ElementsAre(Tier{0, 38, 0, 12, 0}, Tier{0, 75, 0, 25, 0}, Tier{0, 187, 0, 63, 0}))
        << "37.5 and 12.5: equal rests in the order of the bands";
}

TEST(DivideByShare, TiersThatWereFullBeforeGetNothing) {
    EXPECT_THAT(divide(block_of({0, 30, 0, 10, 0}, 500), {200, 300}),
                ElementsAre(Tier{}, Tier{}, Tier{0, 30, 0, 10, 0}));
    EXPECT_THAT(divide(block_of({0, 30, 0, 10, 0}, 200), {200, 220}),
                ElementsAre(Tier{}, Tier{0, 15, 0, 5, 0}, Tier{0, 15, 0, 5, 0}));
    EXPECT_THAT(divide(block_of({0, 0, 0, 0, 0}), {200}), ElementsAre(Tier{}, Tier{}));
}

TEST(DivideByShare, EqualRestsInTheOrderOfTheBands) {
    EXPECT_THAT(divide(block_of({1, 1, 1, 1, 1}), {2}),
                ElementsAre(Tier{1, 1, 0, 0, 0}, Tier{0, 0, 1, 1, 1}));
    // 1 × 2/4, 1 × 1/4, 1 × 1/4: the largest rest wins, not the first band.
    EXPECT_THAT(divide(block_of({1, 1, 0, 2, 0}), {1}),
                ElementsAre(Tier{0, 0, 0, 1, 0}, Tier{1, 1, 0, 1, 0}));
}

TEST(DivideByShare, SumsAreKeptByBandAndByTier) {
    std::mt19937_64 random(11);
    const auto in = [&](std::int64_t from, std::int64_t to) {
        return std::uniform_int_distribution<std::int64_t>(from, to)(random);
    };
    for (int round = 0; round < 2000; ++round) {
        const ShareBlock block =
            block_of({in(0, 9), in(0, 1'000'000), in(0, 3), in(0, 50'000), in(0, 1) * in(0, 10)},
                     in(0, 500'000));
        std::vector<std::int64_t> limits;
        for (std::int64_t limit = in(1, 300'000); limits.size() < 7; limit += in(1, 300'000)) {
            limits.push_back(limit);
        }
        const auto parts = divide(block, limits);
        std::int64_t left = 0;
        for (std::size_t band = 0; band < band_count; ++band) {
            std::int64_t sum = 0;
            for (const Tier& tier : parts) {
                ASSERT_GE(tier[band], 0);
                sum += tier[band];
            }
            ASSERT_EQ(sum, block.by_band[band].units);
            left += sum;
        }
        std::int64_t used = block.before.units;
        for (std::size_t tier = 0; tier < parts.size(); ++tier) {
            std::int64_t sum = 0;
            for (const std::int64_t part : parts[tier]) {
                sum += part;
            }
            const std::int64_t room =
                tier < limits.size() ? std::max<std::int64_t>(0, limits[tier] - used) : left;
            ASSERT_EQ(sum, std::min(room, left));
            used += sum;
            left -= sum;
        }
    }
}

tariff::TariffDocument shared_tiers() {
    tariff::TariffDocument out = chongqing();
    out.tier_cycle = tariff::TierCycle::month;
    out.tier_limits = {kwh("10")};
    out.prices = {{{}, 1, price("0.5")}, {{}, 2, price("0.8")}};
    return out;
}

TEST(Charging, ByShareWhatWasUsedEarlierMovesBetweenTiers) {
    Rig rig(shared_tiers());
    ASSERT_TRUE(rig.use("2026-05-04T12:00:00+08:00", "2026-05-04T13:00:00+08:00", "10"));
    EXPECT_THAT(rig.lines(), ElementsAre("202605 peak 1 v1: 10.0000 5.00"));
    ASSERT_EQ(post(rig.accrual).size(), 1U);
    ASSERT_TRUE(rig.use("2026-05-05T00:00:00+08:00", "2026-05-05T01:00:00+08:00", "10"));
    EXPECT_THAT(rig.lines(),
                ElementsAre("202605 peak 1 v1: 5.0000 2.50", "202605 valley 1 v1: 5.0000 2.50",
                            "202605 peak 2 v1: 5.0000 4.00", "202605 valley 2 v1: 5.0000 4.00"));
    EXPECT_EQ(due(rig.accrual).text(), "8.00");
    const auto lines = post(rig.accrual);
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_EQ(lines[0].amount.text(), "-2.50");
    EXPECT_EQ(lines[0].quantity, kwh("-5"));
    // The order of delivery does not matter.
    Rig other(shared_tiers());
    ASSERT_TRUE(other.use("2026-05-05T00:00:00+08:00", "2026-05-05T01:00:00+08:00", "10"));
    ASSERT_TRUE(other.use("2026-05-04T12:00:00+08:00", "2026-05-04T13:00:00+08:00", "10"));
    EXPECT_THAT(other.lines(), testing::UnorderedElementsAreArray(rig.lines()));
}

TEST(Charging, EachBillingStretchHasItsOwnShares) {
    Rig rig(shared_tiers());
    tariff::TariffDocument next = shared_tiers();
    next.version = 2;
    next.effective_from = day("2026-05-05");
    rig.publish(next);
    ASSERT_TRUE(rig.use("2026-05-04T12:00:00+08:00", "2026-05-04T13:00:00+08:00", "8"));
    ASSERT_TRUE(rig.use("2026-05-05T00:00:00+08:00", "2026-05-05T01:00:00+08:00", "3"));
    ASSERT_TRUE(rig.use("2026-05-05T12:00:00+08:00", "2026-05-05T13:00:00+08:00", "1"));
    EXPECT_THAT(rig.lines(),
                ElementsAre("202605 peak 1 v1: 8.0000 4.00", "202605 valley 1 v2: 1.5000 0.75",
                            "202605 valley 2 v2: 1.5000 1.20", "202605 peak 1 v2: 0.5000 0.25",
                            "202605 peak 2 v2: 0.5000 0.40"));
}

TEST(Charging, LateUseMovesTheStretchesBehindItUpTheTiers) {
    tariff::TariffDocument document = shared_tiers();
    document.tier_cycle = tariff::TierCycle::year;
    const auto use = [](Rig& rig, std::string_view on, std::string_view total) {
        const std::string hour = std::string(on) + "T12:";
        EXPECT_TRUE(rig.use(hour + "00:00+08:00", hour + "30:00+08:00", total));
    };
    Rig in_order(document);
    use(in_order, "2026-05-04", "8");
    use(in_order, "2026-05-31", "2");
    use(in_order, "2026-06-01", "2");
    Rig late(document);
    use(late, "2026-05-04", "8");
    use(late, "2026-06-01", "2");
    EXPECT_THAT(late.lines(),
                ElementsAre("202605 peak 1 v1: 8.0000 4.00", "202606 peak 1 v1: 2.0000 1.00"));
    use(late, "2026-05-31", "2");
    EXPECT_THAT(late.lines(),
                ElementsAre("202605 peak 1 v1: 10.0000 5.00", "202606 peak 1 v1: 0.0000 0.00",
                            "202606 peak 2 v1: 2.0000 1.60"));
    EXPECT_EQ(due(late.accrual), due(in_order.accrual));
    Rig first_comes_last(document);
    use(first_comes_last, "2026-06-01", "2");
    use(first_comes_last, "2026-05-31", "10");
    EXPECT_EQ(due(first_comes_last.accrual), due(in_order.accrual));
}

// ---- allowances ------------------------------------------------------------------------------

Quantity sum_of(const Rig& rig, CycleId cycle, LineItem item) {
    Quantity out;
    for (const BillLine& line : rig.accrual.lines) {
        if (line.key.cycle == cycle && line.key.item == item) {
            out += line.quantity;
        }
    }
    return out;
}

/// "free 5.0000, paid 3.0000" of a month, after a use at noon of its 15th.
std::string use_in(Rig& rig, std::string_view month, std::string_view total) {
    const std::string date = std::string(month) + "-15T12:";
    EXPECT_TRUE(rig.use(date + "00:00+08:00", date + "15:00+08:00", total));
    const CycleId cycle = cycle_of(day(std::string(month) + "-15"));
    return "free " + sum_of(rig, cycle, LineItem::free).text() + ", paid " +
           sum_of(rig, cycle, LineItem::energy).text();
}

std::string monthly(std::string_view more, std::string_view name = "a") {
    return R"("prices": [{"price": "1"}], "allowances": [{"name": ")" + std::string(name) +
           R"(", "kind": "quantity", "amount": "8", )" + std::string(more) + "}]";
}

TEST(Allowances, TheFirstUnitsOfAMonthAreFree) {
    Rig rig(document(monthly(R"("expires_after_months": 1)")));
    EXPECT_EQ(use_in(rig, "2026-05", "5"), "free 5.0000, paid 0.0000");
    EXPECT_EQ(use_in(rig, "2026-05", "5"), "free 8.0000, paid 2.0000");
    EXPECT_EQ(use_in(rig, "2026-06", "10"), "free 8.0000, paid 2.0000");
    EXPECT_EQ(due(rig.accrual).text(), "4.00");
    Rig other(document(monthly(R"("expires_after_months": 1)")));
    EXPECT_EQ(use_in(other, "2026-05", "5"), "free 5.0000, paid 0.0000");
    EXPECT_EQ(use_in(other, "2026-06", "10"), "free 8.0000, paid 2.0000") << "nothing carried over";
}

TEST(Allowances, CarryOverUntilTheyExpireTheOldestFirst) {
    Rig rig(document(monthly(R"("expires_after_months": 2)")));
    EXPECT_EQ(use_in(rig, "2026-05", "5"), "free 5.0000, paid 0.0000");
    EXPECT_EQ(use_in(rig, "2026-06", "4"), "free 4.0000, paid 0.0000");    // 3 of May, 1 of June
    EXPECT_EQ(use_in(rig, "2026-07", "20"), "free 15.0000, paid 5.0000");  // 7 of June, 8 of July
    // Months without use grant as well: of August nothing is left in October.
    EXPECT_EQ(use_in(rig, "2026-10", "20"), "free 16.0000, paid 4.0000");
}

TEST(Allowances, LateUseTakesFromTheGrantOfItsOwnMonth) {
    Rig rig(document(monthly(R"("expires_after_months": 1)")));
    EXPECT_EQ(use_in(rig, "2026-05", "5"), "free 5.0000, paid 0.0000");
    EXPECT_EQ(use_in(rig, "2026-06", "2"), "free 2.0000, paid 0.0000");
    EXPECT_EQ(use_in(rig, "2026-05", "4"), "free 8.0000, paid 1.0000");
    EXPECT_EQ(use_in(rig, "2026-06", "7"), "free 8.0000, paid 1.0000") << "June's own grant";
}

TEST(Allowances, FromTheBeginningOfServiceOn) {
    Rig rig(document(monthly(R"("expires_after_months": 3)")));
    rig.terms.in_service_from = day("2026-03-31");
    EXPECT_EQ(use_in(rig, "2026-05", "30"), "free 24.0000, paid 6.0000");
    Rig gone(document(monthly(R"("expires_after_months": 3)")));
    gone.terms.in_service_from = day("2026-04-01");
    gone.terms.in_service_to = day("2026-05-01");
    EXPECT_EQ(use_in(gone, "2026-06", "30"), "free 8.0000, paid 22.0000") << "granted in April";
}

TEST(Allowances, GoOnUnderTheirNameInTheNextVersion) {
    for (const bool renamed : {false, true}) {
        Rig rig(document(monthly(R"("expires_after_months": 3)")));
        rig.publish(document(monthly(R"("expires_after_months": 3)", renamed ? "b" : "a"),
                             "2026-06-01", 2));
        EXPECT_EQ(use_in(rig, "2026-05", "5"), "free 5.0000, paid 0.0000");
        EXPECT_EQ(use_in(rig, "2026-06", "20"),
                  renamed ? "free 8.0000, paid 12.0000" : "free 11.0000, paid 9.0000");
    }
}

TEST(Allowances, ANameThatWasLeftOutOnceIsLost) {
    Rig rig(document(monthly(R"("expires_after_months": 6)")));
    rig.publish(document(R"("prices": [{"price": "1"}])", "2026-06-01", 2));
    rig.publish(document(monthly(R"("expires_after_months": 6)"), "2026-07-01", 3));
    EXPECT_EQ(use_in(rig, "2026-05", "5"), "free 5.0000, paid 0.0000");
    EXPECT_EQ(use_in(rig, "2026-06", "5"), "free 0.0000, paid 5.0000");
    EXPECT_EQ(use_in(rig, "2026-07", "20"), "free 8.0000, paid 12.0000");
}

TEST(Allowances, AreUsedInTheOrderOfTheList) {
    Rig rig(document(R"("prices": [{"price": "1"}], "allowances": [
            {"name": "b", "kind": "quantity", "amount": "2", "expires_after_months": 2},
            {"name": "a", "kind": "quantity", "amount": "5"}])"));
    EXPECT_EQ(use_in(rig, "2026-05", "3"), "free 3.0000, paid 0.0000");
    ASSERT_EQ(rig.accrual.grants.size(), 2U);
    EXPECT_EQ(rig.accrual.grants[0].name, "b");
    EXPECT_EQ(rig.accrual.grants[0].left, 0);
    EXPECT_EQ(rig.accrual.grants[1].left, 40'000);
}

TEST(Allowances, CountInTiersOnlyWhenTheySaySo) {
    for (const bool counts : {false, true}) {
        Rig rig(document(std::string(R"("tier_cycle": "month", "tier_limits": ["10"],
            "prices": [{"tier": 1, "price": "1"}, {"tier": 2, "price": "2"}], "allowances": [
            {"name": "a", "kind": "quantity", "amount": "8", "counts_in_tiers": )") +
                         (counts ? "true" : "false") + "}]"));
        EXPECT_EQ(use_in(rig, "2026-05", "20"), "free 8.0000, paid 12.0000");
        EXPECT_EQ(due(rig.accrual).text(), counts ? "22.00" : "14.00");
        EXPECT_EQ(rig.accrual.uses[0].quantity, kwh(counts ? "20" : "12"));
    }
}

// ---- per unit --------------------------------------------------------------------------------

TEST(PerUnit, ChargesTheWholeUseAtPriceTimesShareButNoFreeUnits) {
    Rig rig(document(R"("prices": [{"price": "3"}], "per_unit": [
            {"item": "sewage", "price": "1.10", "share": "0.9"}, {"item": "fund", "price": "0.02"}],
            "allowances": [{"name": "a", "kind": "quantity", "amount": "2"}])"));
    EXPECT_EQ(use_in(rig, "2026-05", "12"), "free 2.0000, paid 10.0000");
    ASSERT_EQ(rig.accrual.lines.size(), 4U);
    const BillLine& sewage = rig.accrual.lines[1];
    EXPECT_EQ(sewage.key.item, LineItem::per_unit);
    EXPECT_EQ(sewage.key.index, 0);
    EXPECT_EQ(sewage.quantity, kwh("10"));
    EXPECT_EQ(sewage.exact.text(), "9.90");
    EXPECT_EQ(unit_price(*rig.book.all()[0], sewage.key).text(), "0.99");
    EXPECT_EQ(rig.accrual.lines[2].exact.text(), "0.20");
    EXPECT_EQ(due(rig.accrual).text(), "40.10");
}

// ---- the window ------------------------------------------------------------------------------

/// With funds, free units, shares and a total: emptying the window each time changes no bit.
TEST(Charging, TheWindowChangesNothing) {
    for (const char* split : {"share", "time_order"}) {
        for (const char* rounding : {"line", "total"}) {
            for (const char* more : {"", R"(, "per_unit": [{"item": "fund", "price": "0.0273"}])",
                                     R"(, "allowances": [{"name": "a", "kind": "quantity",
                                          "amount": "1.5", "expires_after_months": 2}])"}) {
                const tariff::TariffDocument made = document(
                    std::string(R"("tier_split": ")") + split + R"(", "rounding": ")" + rounding +
                    R"(", "periods": [{"from": "00:00", "to": "08:00", "band": "valley"},
                                      {"from": "08:00", "to": "24:00", "band": "peak"}],
                        "tier_cycle": "month", "tier_start": "10", "tier_limits": ["3", "6.5"],
                        "prices": [{"band": "peak", "price": "0.56825"},
                                   {"band": "valley", "price": "0.28833"}],
                        "tier_add": ["0", "0.05", "0.3"])" +
                    more);
                Rig warm(made);
                Rig cold(made);
                Instant from = at("2026-05-08T00:05:00+08:00");
                for (int i = 0; i < 26 * 24; ++i) {
                    const Interval interval{
                        from, from + Duration::hours(1), {i * 7919 % 401}, {}, 1, false};
                    cold.accrual.window = {};
                    ASSERT_EQ(warm.use(interval)->pending_change,
                              cold.use(interval)->pending_change);
                    ASSERT_EQ(to_binary(warm.accrual), to_binary(cold.accrual)) << i << made.name;
                    from = interval.to;
                }
            }
        }
    }
}

}  // namespace
}  // namespace mb::rules::billing
