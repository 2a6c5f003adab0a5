#include "rules/tariff/price_sets.hpp"

#include "rules/tariff/compiled.hpp"
#include "rules/tariff/test_document.hpp"

#include <gtest/gtest.h>

namespace mb::rules::tariff {
namespace {

using namespace test;

constexpr std::array<bool, band_count> peak_and_valley = {false, true, false, true, false};

Result<std::vector<PriceSet>> sets_of(std::string_view members, std::size_t tiers = 1) {
    return compile_prices(document(members), peak_and_valley, tiers);
}

Price of(const PriceSet& set, Band band, std::size_t tier = 0) {
    return set.price[static_cast<std::size_t>(band)][tier];
}

std::string ratios(std::string_view bases, std::string_view peak = "1.85",
                   std::string_view more = "") {
    return R"("base_prices": [)" + std::string(bases) +
           R"(], "ratios": [{"band": "valley", "ratio": "0.4"}, {"band": "peak", "ratio": ")" +
           std::string(peak) + "\"}]" + std::string(more);
}

std::string base(std::string_view price, std::string_view from = "2026-01-01",
                 std::string_view to = "") {
    return R"({"from": ")" + std::string(from) + R"(", "price": ")" + std::string(price) + "\"" +
           (to.empty() ? "" : R"(, "to": ")" + std::string(to) + "\"") + "}";
}

// ---- ratios ----------------------------------------------------------------------------------

TEST(PriceSets, AProductOfBaseAndRatioIsExact) {
    const auto sets = sets_of(ratios(base("0.685070375"))).value();
    ASSERT_EQ(sets.size(), 1U);
    EXPECT_EQ(of(sets[0], Band::peak).text(), "1.26738019375");
    EXPECT_EQ(of(sets[0], Band::valley).text(), "0.27402815");
    EXPECT_EQ(of(sets[0], Band::flat).text(), "0.00");
    EXPECT_EQ(of(sets_of(ratios(base("0.685070375"), "2.0501"))->front(), Band::peak).text(),
              "1.4044627757875");
}

TEST(PriceSets, AProductOfMoreThanThirteenDecimalsIsRefusedUnlessRounded) {
    const std::string fine = ratios(base("0.0000000001"), "0.0003");  // 3 × 10⁻¹⁴
    EXPECT_EQ(why(sets_of(fine)), "tariff.inexact_price pointer=/base_prices/0/price");
    EXPECT_EQ(of(sets_of(fine + R"(, "price_decimals": 13)")->front(), Band::peak).units, 0);
    const std::string tie = ratios(base("0.0000000001"), "0.0005", R"(, "price_decimals": 13)");
    EXPECT_EQ(of(sets_of(tie)->front(), Band::peak).units, 1);
}

TEST(PriceSets, PriceDecimalsRoundTiesAwayFromZero) {
    const auto peak = [](const char* price, const char* ratio, int decimals) {
        const auto sets = sets_of(
            ratios(base(price), ratio, R"(, "price_decimals": )" + std::to_string(decimals)));
        return of(sets->front(), Band::peak).text();
    };
    EXPECT_EQ(peak("0.125", "1", 2), "0.13");
    EXPECT_EQ(peak("0.135", "1", 2), "0.14");
    EXPECT_EQ(peak("0.1249999999999", "1", 2), "0.12");
    EXPECT_EQ(peak("0.5", "0.0001", 4), "0.0001");
    EXPECT_EQ(peak("0.4999999999999", "0.0001", 4), "0.00");
    EXPECT_EQ(peak("0.5", "1", 0), "1.00");
    EXPECT_EQ(peak("1.4999", "1", 0), "1.00");
    EXPECT_EQ(peak("0.685070375", "1.85", 4), "1.2674");
    EXPECT_EQ(peak("0.685070375", "1.85", 13), "1.26738019375");
    EXPECT_EQ(peak("9999.9999", "1", 0), "10000.00");
}

TEST(PriceSets, BasePricesFollowOneAnotherByDate) {
    const auto bases = [](const std::string& list) { return why(sets_of(ratios(list))); };
    const auto sets =
        sets_of(ratios(base("0.5", "2025-12-01", "2026-01-31") + "," +
                       base("0.6", "2026-02-01", "2026-02-28") + "," + base("0.7", "2026-03-01")))
            .value();
    ASSERT_EQ(sets.size(), 3U);
    EXPECT_EQ(sets[0].to, on("2026-02-01"));
    EXPECT_EQ(sets[1].to, sets[2].from);
    EXPECT_EQ(sets[2].to, end_of_time);
    EXPECT_EQ(of(sets[1], Band::valley).text(), "0.24");
    EXPECT_EQ(bases(base("0.5", "2026-01-02")), "tariff.hole pointer=/base_prices/0/from");
    EXPECT_EQ(bases(base("0.5", "2026-01-01", "2026-01-30") + "," + base("0.6", "2026-02-01")),
              "tariff.hole pointer=/base_prices/1/from");
    EXPECT_EQ(bases(base("0.5", "2026-01-01", "2026-02-01") + "," + base("0.6", "2026-02-01")),
              "tariff.overlap pointer=/base_prices/1/from");
    EXPECT_EQ(bases(base("0.5") + "," + base("0.6", "2026-02-01")),
              "tariff.overlap pointer=/base_prices/1/from")
        << "only the last may be open";
    EXPECT_EQ(bases(base("0.5", "2026-01-01", "2025-12-31")),
              "tariff.reversed_period pointer=/base_prices/0");
    EXPECT_EQ(bases(base("0.5", "2026-01-01", "2026-01-01")), "");
}

TEST(PriceSets, APriceThatWasNotAnnouncedIsHeld) {
    TariffDocument made = document(R"("periods": [
            {"from": "00:00", "to": "12:00", "band": "valley"},
            {"from": "12:00", "to": "24:00", "band": "peak"}], )" +
                                   ratios(base("0.5", "2026-01-01", "2026-01-31") + "," +
                                          base("0.6", "2026-02-01", "2026-02-28")));
    const CompiledTariff compiled = compile(made, nullptr).value();
    EXPECT_EQ(why(compiled.price_set_on(on("2025-12-31"))), "tariff.no_price on=2025-12-31");
    EXPECT_EQ(compiled.price_set_on(on("2026-01-01")).value(), 0U);
    EXPECT_EQ(compiled.price_set_on(on("2026-01-31")).value(), 0U);
    EXPECT_EQ(compiled.price_set_on(on("2026-02-01")).value(), 1U);
    EXPECT_EQ(compiled.price_set_on(on("2026-02-28")).value(), 1U);
    EXPECT_EQ(why(compiled.price_set_on(on("2026-03-01"))), "tariff.no_price on=2026-03-01");
}

TEST(PriceSets, RefusesBadRatios) {
    const auto refused = [](const std::string& list) {
        return why(sets_of(R"("base_prices": [{"from": "2026-01-01", "price": "0.5"}],
                              "ratios": [)" +
                           list + "]"));
    };
    const std::string peak = R"({"band": "peak", "ratio": "1"})";
    EXPECT_EQ(refused(peak), "tariff.missing_price pointer=/ratios band=valley tier=1");
    EXPECT_EQ(refused(peak + "," + peak), "tariff.double_price pointer=/ratios/1");
    EXPECT_EQ(refused(R"({"band": "flat", "ratio": "1"})"),
              "tariff.unknown_band pointer=/ratios/0/band");
    EXPECT_EQ(refused(R"({"band": "peak", "ratio": "-0.0001"})"),
              "tariff.negative_price pointer=/ratios/0/ratio");
    EXPECT_EQ(why(sets_of(R"("ratios": [{"band": "peak", "ratio": "1"}])")),
              "tariff.missing_price pointer=/base_prices");
    EXPECT_EQ(why(sets_of(ratios(base("-0.1")))),
              "tariff.negative_price pointer=/base_prices/0/price");
    EXPECT_EQ(why(sets_of(ratios(base("6000")))),
              "tariff.price_too_high pointer=/base_prices/0/price")
        << "times the ratio";
    for (const char* decimals : {"", R"(, "price_decimals": 4)"}) {
        EXPECT_EQ(why(sets_of(ratios(base("10000"), "100", decimals))),
                  "tariff.price_too_high pointer=/base_prices/0/price")
            << "more than 64 bits hold";
    }
}

TEST(PriceSets, TheTwoFormsExcludeEachOther) {
    EXPECT_EQ(why(sets_of(ratios(base("0.5"), "1", R"(, "prices": [{"price": "1"}])"))),
              "tariff.conflicting pointer=/base_prices with=prices");
    EXPECT_EQ(why(sets_of(R"("prices": [{"price": "1"}],
                             "ratios": [{"band": "peak", "ratio": "1"}])")),
              "tariff.conflicting pointer=/ratios with=prices");
    EXPECT_EQ(why(sets_of(R"("prices": [{"price": "1"}], "price_decimals": 4)")),
              "tariff.conflicting pointer=/price_decimals with=prices");
    for (const char* decimals : {"-1", "14"}) {
        EXPECT_EQ(why(sets_of(
                      ratios(base("0.5"), "1", R"(, "price_decimals": )" + std::string(decimals)))),
                  "tariff.unknown_value pointer=/price_decimals");
    }
}

// ---- absolute prices -------------------------------------------------------------------------

TEST(PriceSets, EachBandAndTierIsPricedOnce) {
    const auto sets = sets_of(R"("prices": [{"band": "peak", "tier": 1, "price": "0.5"},
                                            {"band": "peak", "tier": 2, "price": "0.6"},
                                            {"band": "valley", "price": "0.3"}])",
                              2)
                          .value();
    EXPECT_EQ(of(sets[0], Band::peak, 0).text(), "0.50");
    EXPECT_EQ(of(sets[0], Band::peak, 1).text(), "0.60");
    EXPECT_EQ(of(sets[0], Band::valley, 1).text(), "0.30");
    EXPECT_EQ(sets[0].from, on("2026-01-01"));
    EXPECT_EQ(sets[0].to, end_of_time);
    EXPECT_EQ(why(sets_of(R"("prices": [{"tier": 1, "price": "0.5"},
                                        {"tier": 2, "band": "valley", "price": "0.5"}])",
                          2)),
              "tariff.missing_price pointer=/prices band=peak tier=2");
    EXPECT_EQ(why(sets_of(R"("prices": [{"price": "0.5"}, {"band": "peak", "price": "1"}])")),
              "tariff.double_price pointer=/prices/1");
    EXPECT_EQ(why(sets_of(R"("prices": [])")),
              "tariff.missing_price pointer=/prices band=peak tier=1");
}

TEST(PriceSets, PricesAreFromZeroToTenThousand) {
    const auto price = [](const char* text) {
        return why(sets_of(R"("prices": [{"price": ")" + std::string(text) + "\"}]"));
    };
    EXPECT_EQ(price("0"), "");
    EXPECT_EQ(price("10000"), "");
    EXPECT_EQ(price("10000.0000000000001"), "tariff.price_too_high pointer=/prices/0/price");
    EXPECT_EQ(price("-0.0000000000001"), "tariff.negative_price pointer=/prices/0/price");
}

// ---- tier_add --------------------------------------------------------------------------------

TEST(PriceSets, TierAddIsAddedInEveryBand) {
    const std::string add = R"(, "tier_add": ["0", "0.05", "0.3"])";
    const auto absolute = sets_of(R"("prices": [{"band": "peak", "price": "0.568"},
                                                {"band": "valley", "price": "0.288"}])" +
                                      add,
                                  3)
                              .value();
    EXPECT_EQ(of(absolute[0], Band::peak, 0).text(), "0.568");
    EXPECT_EQ(of(absolute[0], Band::peak, 2).text(), "0.868");
    EXPECT_EQ(of(absolute[0], Band::valley, 1).text(), "0.338");
    const auto derived =
        sets_of(ratios(base("0.5", "2026-01-01", "2026-01-31") + "," + base("0.6", "2026-02-01"),
                       "2", add),
                3)
            .value();
    EXPECT_EQ(of(derived[0], Band::peak, 1).text(), "1.05");
    EXPECT_EQ(of(derived[1], Band::peak, 2).text(), "1.50");
    EXPECT_EQ(of(derived[1], Band::valley, 2).text(), "0.54");
}

TEST(PriceSets, TierAddMustFit) {
    const auto refused = [](const char* price, const char* add) {
        return why(sets_of(R"("prices": [{)" + std::string(price) + R"(}], "tier_add": [)" +
                               std::string(add) + "]",
                           2));
    };
    EXPECT_EQ(refused(R"("price": "1")", R"("0", "1")"), "");
    EXPECT_EQ(refused(R"("price": "1")", R"("0")"),
              "tariff.missing_price pointer=/tier_add tier=2");
    EXPECT_EQ(refused(R"("price": "1")", R"("0", "1", "2")"),
              "tariff.unknown_tier pointer=/tier_add/2");
    EXPECT_EQ(refused(R"("price": "1", "tier": 1)", R"("0", "1")"),
              "tariff.conflicting pointer=/prices/0/tier with=tier_add");
    EXPECT_EQ(refused(R"("price": "1")", R"("0", "-0.1")"),
              "tariff.negative_price pointer=/tier_add/1");
    EXPECT_EQ(refused(R"("price": "9999")", R"("0", "1.0000000000001")"),
              "tariff.price_too_high pointer=/tier_add/1");
}

TEST(PriceSets, ExactProducts) {
    EXPECT_EQ(exact_product(yuan("1.10"), {9000})->text(), "0.99");
    EXPECT_EQ(exact_product(yuan("0.0000000000001"), {5000}), std::nullopt);
    EXPECT_EQ(exact_product(yuan("0.0000000000002"), {5000})->units, 1);
    EXPECT_EQ(exact_product(yuan("10000"), ratio_one), yuan("10000"));
}

}  // namespace
}  // namespace mb::rules::tariff
