#include "rules/tariff/power_factor.hpp"

#include "base/integer.hpp"
#include "rules/tariff/test_document.hpp"

#include <gtest/gtest.h>

namespace mb::rules::tariff {
namespace {

using namespace test;

PowerFactorTable table_of(std::string standard) {
    return compile_power_factor({std::move(standard), {}}).value();
}

/// Hundredths 100 down to 0 of a standard, as docs/reference/tariff.md says each step.
void expect_surcharges(std::string_view name, int standard, int half_to, int one_to,
                       const std::vector<const char*>& above) {
    SCOPED_TRACE(name);
    const PowerFactorTable table = table_of(std::string(name));
    for (int at = standard + 1; at <= 100; ++at) {
        const auto step = std::min(static_cast<std::size_t>(at - standard), above.size());
        EXPECT_EQ(table[static_cast<std::size_t>(at)].text(2), above[step - 1]) << at;
    }
    EXPECT_EQ(table[static_cast<std::size_t>(standard)].units, 0);
    for (int at = standard - 1; at >= 0; --at) {
        const int halves = standard - std::max(at, half_to);
        const int ones = half_to - std::clamp(at, one_to, half_to);
        const int twos = one_to - std::min(at, one_to);
        EXPECT_EQ(table[static_cast<std::size_t>(at)].units,
                  halves * 5'000 + ones * 10'000 + twos * 20'000)
            << at;
    }
}

TEST(PowerFactor, EveryStepOfTheStandards) {
    expect_surcharges("0.90", 90, 70, 65, {"-0.15", "-0.30", "-0.45", "-0.60", "-0.75"});
    expect_surcharges(
        "0.85", 85, 65, 60,
        {"-0.10", "-0.20", "-0.30", "-0.40", "-0.50", "-0.65", "-0.80", "-0.95", "-1.10"});
    expect_surcharges("0.80", 80, 60, 55,
                      {"-0.10", "-0.20", "-0.30", "-0.40", "-0.50", "-0.60", "-0.70", "-0.80",
                       "-0.90", "-1.00", "-1.15", "-1.30"});
}

/// The corners, written out.
TEST(PowerFactor, CornersOfTheStandards) {
    const auto percent = [](const char* standard, std::size_t at) {
        return table_of(standard)[at].text(2);
    };
    EXPECT_EQ(percent("0.90", 100), "-0.75");
    EXPECT_EQ(percent("0.90", 89), "0.50");
    EXPECT_EQ(percent("0.90", 70), "10.00");
    EXPECT_EQ(percent("0.90", 69), "11.00");
    EXPECT_EQ(percent("0.90", 65), "15.00");
    EXPECT_EQ(percent("0.90", 64), "17.00");
    EXPECT_EQ(percent("0.90", 0), "145.00");
    EXPECT_EQ(percent("0.85", 94), "-1.10");
    EXPECT_EQ(percent("0.85", 100), "-1.10");
    EXPECT_EQ(percent("0.85", 65), "10.00");
    EXPECT_EQ(percent("0.85", 60), "15.00");
    EXPECT_EQ(percent("0.85", 59), "17.00");
    EXPECT_EQ(percent("0.80", 92), "-1.30");
    EXPECT_EQ(percent("0.80", 60), "10.00");
    EXPECT_EQ(percent("0.80", 55), "15.00");
    EXPECT_EQ(percent("0.80", 54), "17.00");
}

TEST(PowerFactor, ATableOfItsOwnNamesEachHundredthOnce) {
    const auto refused = [](std::vector<PowerFactorStep> table) {
        return why(compile_power_factor({"", std::move(table)}));
    };
    const PowerFactorTable table =
        compile_power_factor({"", {{95, 100, {-7500}}, {0, 89, {25'000}}, {90, 94, {}}}}).value();
    EXPECT_EQ(table[0].units, 25'000);
    EXPECT_EQ(table[89].units, 25'000);
    EXPECT_EQ(table[90].units, 0);
    EXPECT_EQ(table[94].units, 0);
    EXPECT_EQ(table[95].units, -7500);
    EXPECT_EQ(table[100].units, -7500);
    EXPECT_EQ(refused({{0, 89, {}}, {91, 100, {}}}),
              "tariff.hole pointer=/power_factor/table hundredths=90");
    EXPECT_EQ(refused({{0, 99, {}}}), "tariff.hole pointer=/power_factor/table hundredths=100");
    EXPECT_EQ(refused({{0, 90, {}}, {90, 100, {}}}),
              "tariff.overlap pointer=/power_factor/table/1 hundredths=90");
    EXPECT_EQ(refused({{0, 101, {}}}), "tariff.reversed_period pointer=/power_factor/table/0");
    EXPECT_EQ(refused({{-1, 100, {}}}), "tariff.reversed_period pointer=/power_factor/table/0");
    EXPECT_EQ(refused({{0, 100, {-1'000'001}}}),
              "tariff.bad_percent pointer=/power_factor/table/0/percent");
    EXPECT_EQ(refused({{0, 100, {-1'000'000}}}), "");
}

TEST(PowerFactor, EitherAStandardOrATable) {
    EXPECT_EQ(why(compile_power_factor({})), "tariff.hole pointer=/power_factor");
    EXPECT_EQ(why(compile_power_factor({"0.90", {{0, 100, {}}}})),
              "tariff.conflicting pointer=/power_factor/table with=standard");
    for (const char* unknown : {"0.9", "0.95", "90"}) {
        EXPECT_EQ(why(compile_power_factor({unknown, {}})),
                  "tariff.unknown_value pointer=/power_factor/standard");
    }
}

// ---- hundredths ------------------------------------------------------------------------------

TEST(PowerFactor, HundredthsOfPlainTriangles) {
    const auto hundredths = [](const char* active, const char* reactive) {
        return power_factor_hundredths(amount(active), amount(reactive));
    };
    EXPECT_EQ(hundredths("3", "4"), 60);
    EXPECT_EQ(hundredths("4", "3"), 80);
    EXPECT_EQ(hundredths("1000", "0"), 100);
    EXPECT_EQ(hundredths("0.0001", "0"), 100);
    EXPECT_EQ(hundredths("0", "1000"), 0);
    EXPECT_EQ(hundredths("0", "0.0001"), 0);
    EXPECT_EQ(hundredths("1", "1"), 71);        // 0.70711
    EXPECT_EQ(hundredths("5", "12"), 38);       // 0.38462
    EXPECT_EQ(hundredths("12", "5"), 92);       // 0.92308
    EXPECT_EQ(hundredths("1000", "100"), 100);  // 0.99504
    EXPECT_EQ(hundredths("1000", "101"), 99);   // 0.99494
}

/// The largest whole root.
std::int64_t root(int128 square) {
    std::int64_t low = 0;
    std::int64_t high = 200'000'000'000'000;
    while (high - low > 1) {
        const std::int64_t middle = low + (high - low) / 2;
        (static_cast<int128>(middle) * middle <= square ? low : high) = middle;
    }
    return low;
}

/// P ÷ S = (2h − 1) ÷ 200 is the tie below h; it cannot be hit by whole numbers, so the two
/// reactive quantities beside it must part, one unit in 10⁻⁴ kvarh apart.
TEST(PowerFactor, NeighboursOfEveryTie) {
    for (const std::int64_t scale :
         {std::int64_t{50}, std::int64_t{1'000'003}, std::int64_t{400'000'000'000}}) {
        for (int h = 1; h <= 100; ++h) {
            const std::int64_t active = (2 * h - 1) * scale;
            const int128 side = static_cast<int128>(200 * scale) * (200 * scale) -
                                static_cast<int128>(active) * active;
            const std::int64_t reactive = root(side);
            ASSERT_NE(static_cast<int128>(reactive) * reactive, side) << "a tie after all";
            EXPECT_EQ(power_factor_hundredths({active}, {reactive}), h) << scale;
            EXPECT_EQ(power_factor_hundredths({active}, {reactive + 1}), h - 1) << scale;
        }
    }
}

TEST(PowerFactor, LargestQuantities) {
    constexpr Quantity most{100'000'000'000'000};
    EXPECT_EQ(power_factor_hundredths(most, most), 71);
    EXPECT_EQ(power_factor_hundredths(most, {1}), 100);
    EXPECT_EQ(power_factor_hundredths({1}, most), 0);
}

}  // namespace
}  // namespace mb::rules::tariff
