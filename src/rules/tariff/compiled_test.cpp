#include "rules/tariff/compiled.hpp"

#include "base/json.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace mb::rules::tariff {
namespace {

constexpr std::string_view shandong = R"({
  "code": "shandong-home", "name": "居民阶梯分时", "version": 3, "effective_from": "2026-01-01",
  "commodity": "electricity", "rounding": "line",
  "periods": [{"from": "00:00", "to": "08:00", "band": "valley"},
              {"from": "08:00", "to": "22:30", "band": "peak"},
              {"from": "22:30", "to": "24:00", "band": "valley"}],
  "tier_cycle": "year", "tier_limits": ["2520", "4800"],
  "prices": [{"band": "peak", "tier": 1, "price": "0.5769"},
             {"band": "peak", "tier": 2, "price": "0.6269"},
             {"band": "peak", "tier": 3, "price": "0.8769"},
             {"band": "valley", "tier": 1, "price": "0.3769"},
             {"band": "valley", "tier": 2, "price": "0.4269"},
             {"band": "valley", "tier": 3, "price": "0.6769"}]})";

const Calendar no_calendar;

TariffDocument document() { return from_json<TariffDocument>(shandong).value(); }

TEST(CompiledTariff, CompilesATieredTimeOfUseDocument) {
    const CompiledTariff compiled = compile(document(), &no_calendar).value();
    EXPECT_EQ(compiled.tiers.count, 3);
    const CivilDate on = CivilDate::from_ymd(2026, 5, 4);
    const Limits limits = compiled.tiers.limits_of(compiled.tiers.cycle_at(on), {});
    EXPECT_EQ(limits[0].text(), "2520.0000");
    EXPECT_EQ(limits[2].units, INT64_MAX);
    const auto band_at = [&](int minute) {
        return compiled.schedule.period_at(no_calendar, on, minute).value().band;
    };
    EXPECT_EQ(band_at(0), Band::valley);
    EXPECT_EQ(band_at(479), Band::valley);
    EXPECT_EQ(band_at(480), Band::peak);
    EXPECT_EQ(band_at(1349), Band::peak);
    EXPECT_EQ(band_at(1350), Band::valley);
    EXPECT_EQ(band_at(1439), Band::valley);
    EXPECT_EQ(compiled.price_of(0, Band::valley, 2).text(), "0.6769");
    EXPECT_TRUE(compiled.schedule.bands()[static_cast<std::size_t>(Band::peak)]);
    EXPECT_FALSE(compiled.schedule.bands()[static_cast<std::size_t>(Band::flat)]);
}

TEST(CompiledTariff, DocumentRoundTripsThroughJson) {
    const std::string text = to_json(document());
    EXPECT_EQ(to_json(from_json<TariffDocument>(text).value()), text);
}

TEST(CompiledTariff, PriceWithoutBandOrTierHoldsForAll) {
    TariffDocument all = document();
    all.prices = {{{}, {}, Price::parse("0.5").value()}};
    const CompiledTariff compiled = compile(all, &no_calendar).value();
    EXPECT_EQ(compiled.price_of(0, Band::peak, 0), compiled.price_of(0, Band::valley, 2));
    all.periods.clear();
    EXPECT_EQ(compile(all, &no_calendar)
                  .value()
                  .schedule.period_at(no_calendar, all.effective_from, 720)
                  ->band,
              Band::flat);
}

struct Refusal {
    const char* what;
    std::function<void(TariffDocument&)> change;
    const char* code;
    const char* pointer;
};

const Refusal refusals[] = {
    {"empty code", [](auto& d) { d.code = ""; }, "tariff.bad_code", "/code"},
    {"code with blank", [](auto& d) { d.code = "a b"; }, "tariff.bad_code", "/code"},
    {"version 0", [](auto& d) { d.version = 0; }, "tariff.bad_version", "/version"},
    {"hole", [](auto& d) { d.periods[1].from = "08:01"; }, "tariff.hole", "/periods/1/from"},
    {"hole at midnight", [](auto& d) { d.periods[0].from = "00:01"; }, "tariff.hole",
     "/periods/0/from"},
    {"hole at the end", [](auto& d) { d.periods[2].to = "23:59"; }, "tariff.hole", "/periods/2/to"},
    {"overlap", [](auto& d) { d.periods[2].from = "22:00"; }, "tariff.overlap", "/periods/2/from"},
    {"whole day from 0 to 0", [](auto& d) { d.periods = {{"00:00", "00:00", Band::flat}}; },
     "tariff.empty_period", "/periods/0"},
    {"empty", [](auto& d) { d.periods[1].to = "08:00"; }, "tariff.empty_period", "/periods/1"},
    {"over midnight", [](auto& d) { d.periods[2].to = "08:00"; }, "tariff.reversed_period",
     "/periods/2"},
    {"24:00 not last", [](auto& d) { d.periods[1].to = "24:00"; }, "tariff.not_last",
     "/periods/1/to"},
    {"begins at 24:00", [](auto& d) { d.periods[2].from = "24:00"; }, "tariff.not_last",
     "/periods/2/from"},
    {"hour 25", [](auto& d) { d.periods[0].to = "25:00"; }, "tariff.malformed_time",
     "/periods/0/to"},
    {"24:01", [](auto& d) { d.periods[2].to = "24:01"; }, "tariff.malformed_time", "/periods/2/to"},
    {"minute 60", [](auto& d) { d.periods[0].to = "07:60"; }, "tariff.malformed_time",
     "/periods/0/to"},
    {"short time", [](auto& d) { d.periods[0].to = "8:00"; }, "tariff.malformed_time",
     "/periods/0/to"},
    {"band out of range", [](auto& d) { d.periods[1].band = static_cast<Band>(9); },
     "tariff.unknown_band", "/periods/1/band"},
    {"limits without a cycle", [](auto& d) { d.tier_cycle = TierCycle::none; },
     "tariff.limits_without_cycle", "/tier_limits"},
    {"equal limits", [](auto& d) { d.tier_limits[1] = d.tier_limits[0]; }, "tariff.bad_limit",
     "/tier_limits/1"},
    {"zero limit", [](auto& d) { d.tier_limits[0] = {0}; }, "tariff.bad_limit", "/tier_limits/0"},
    {"nine tiers", [](auto& d) { d.tier_limits.resize(8); }, "tariff.too_many_tiers",
     "/tier_limits"},
    {"price of a band not in the table", [](auto& d) { d.prices[0].band = Band::sharp; },
     "tariff.unknown_band", "/prices/0/band"},
    {"tier 0", [](auto& d) { d.prices[0].tier = 0; }, "tariff.unknown_tier", "/prices/0/tier"},
    {"tier 4", [](auto& d) { d.prices[2].tier = 4; }, "tariff.unknown_tier", "/prices/2/tier"},
    {"negative price", [](auto& d) { d.prices[4].price = {-1}; }, "tariff.negative_price",
     "/prices/4/price"},
    {"absurd price", [](auto& d) { d.prices[4].price = max_price + Price{1}; },
     "tariff.price_too_high", "/prices/4/price"},
    {"double price", [](auto& d) { d.prices[5].tier = 2; }, "tariff.double_price", "/prices/5"},
    {"double by an entry for all tiers", [](auto& d) { d.prices[5].tier.reset(); },
     "tariff.double_price", "/prices/5"},
    {"missing price", [](auto& d) { d.prices.pop_back(); }, "tariff.missing_price", "/prices"},
};

TEST(CompiledTariff, RefusesWithCodeAndPlace) {
    for (const Refusal& refusal : refusals) {
        TariffDocument wrong = document();
        refusal.change(wrong);
        const auto compiled = compile(wrong, &no_calendar);
        ASSERT_FALSE(compiled) << refusal.what;
        EXPECT_EQ(compiled.error().code, refusal.code) << refusal.what;
        std::string pointer;
        for (const auto& [name, value] : compiled.error().params) {
            pointer = name == "pointer" ? value : pointer;
        }
        EXPECT_EQ(pointer, refusal.pointer) << refusal.what;
    }
}

TEST(CompiledTariff, MissingPriceNamesBandAndTier) {
    TariffDocument wrong = document();
    wrong.prices.erase(wrong.prices.begin() + 1);
    EXPECT_EQ(compile(wrong, &no_calendar).error().text(),
              "tariff.missing_price pointer=/prices band=peak tier=2");
}

TEST(CompiledTariff, UnknownBandInJsonHasItsPlace) {
    std::string text(shandong);
    text.replace(text.find("\"peak\""), 6, "\"paek\"");
    const auto read = from_json<TariffDocument>(text);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, "json.unknown_value");
    EXPECT_NE(read.error().text().find("/periods/1/band"), std::string::npos);
}

/// F30: whatever two bounds the table has, it is taken exactly when it covers the 1440 minutes
/// once.
TEST(CompiledTariff, PeriodTablesMustCoverTheDayExactly) {
    const auto clock = [](int minute) {
        char text[8];
        std::snprintf(text, sizeof text, "%02d:%02d", minute / 60 % 100, minute % 60);
        return std::string(text);
    };
    int taken = 0;
    for (int end = 0; end <= 1440; end += 15) {
        for (int start = 0; start <= 1440; start += 15) {
            TariffDocument table = document();
            table.periods = {{"00:00", clock(end), Band::valley},
                             {clock(start), "24:00", Band::peak}};
            const bool covers = end == start && end > 0 && start < 1440;
            EXPECT_EQ(compile(table, &no_calendar).has_value(), covers) << end << " " << start;
            taken += covers ? 1 : 0;
        }
    }
    EXPECT_EQ(taken, 95);
}

}  // namespace
}  // namespace mb::rules::tariff
