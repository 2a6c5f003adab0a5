#include "rules/metering/register.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mb::rules::metering {
namespace {

constexpr std::int64_t unit = 10'000;  // a kWh
constexpr MeterSpec spec{1'000'000 * unit, 1, 60'000};
constexpr Instant t0{1'700'000'000'000'000};
constexpr Instant business_now = t0 + Duration::hours(1000);

Registers total(std::int64_t units) {
    Registers out;
    out.value[0].units = units;
    return out;
}

Registers four(std::array<std::int64_t, 5> units) {
    Registers out;
    out.count = 5;
    for (std::size_t i = 0; i < units.size(); ++i) {
        out.value[i].units = units[i];
    }
    return out;
}

Difference step(const Registers& prev, const Registers& now,
                Duration elapsed = Duration::minutes(15), const MeterSpec& meter = spec) {
    return register_difference(meter, t0, prev, t0 + elapsed, now, business_now);
}

TEST(RegisterDifference, ChargesTheDifferenceTimesTheRatio) {
    const MeterSpec ct{1'000'000 * unit, 40, 60'000};
    const Difference difference = step(four({10 * unit, 1, 2, 3, 4}),
                                       four({22 * unit + unit / 2, 1, 2, 3 + unit, 4}),  // +12.5
                                       Duration::hours(1), ct);
    EXPECT_EQ(difference.verdict, ReadingVerdict::charge);
    EXPECT_EQ(difference.total.text(), "500.0000");
    EXPECT_EQ(difference.by_register[0], difference.total);
    EXPECT_EQ(difference.by_register[3].text(), "40.0000");
    EXPECT_EQ(difference.by_register[4].units, 0);
}

TEST(RegisterDifference, FirstReadingIsTheBase) {
    const Difference first =
        register_difference(spec, {}, {}, t0, total(345'678 * unit), business_now);
    EXPECT_EQ(first.verdict, ReadingVerdict::charge);
    EXPECT_EQ(first.total.units, 0);
}

TEST(RegisterDifference, SameTimeIsDuplicateOrConflict) {
    EXPECT_EQ(step(total(5), total(5), {}).verdict, ReadingVerdict::duplicate);
    EXPECT_EQ(step(total(5), total(6), {}).verdict, ReadingVerdict::conflict);
    EXPECT_EQ(step(total(5), total(6), Duration::minutes(-1)).verdict, ReadingVerdict::late);
}

TEST(RegisterDifference, FutureStartsFiveMinutesAhead) {
    const auto verdict = [](Duration ahead) {
        return register_difference(spec, t0, total(0), business_now + ahead, total(1), business_now)
            .verdict;
    };
    EXPECT_EQ(verdict(Duration::minutes(5)), ReadingVerdict::charge);
    EXPECT_EQ(verdict(Duration::minutes(5) + Duration{1}), ReadingVerdict::future);
}

TEST(RegisterDifference, MomentaryZeroNeverReBases) {
    // evcc 30592: 0 for a moment on a 5 kW site must not make the way back up a use.
    const MeterSpec site{1'000'000 * unit, 1, 5'000};
    const Registers good = total(53'700 * unit);
    EXPECT_EQ(step(good, total(0), Duration::minutes(15), site).verdict, ReadingVerdict::backward);
    const Difference after = step(good, total(53'701 * unit), Duration::minutes(30), site);
    EXPECT_EQ(after.verdict, ReadingVerdict::charge);
    EXPECT_EQ(after.total.text(), "1.0000");
    // Had zero become the base, the power check would still hold the recovery.
    EXPECT_EQ(step(total(0), good, Duration::minutes(15), site).verdict,
              ReadingVerdict::implausible);
}

TEST(RegisterDifference, RolloverCountsOnce) {
    const Difference wrapped = step(total(999'999 * unit), total(2 * unit));
    EXPECT_EQ(wrapped.verdict, ReadingVerdict::rollover);
    EXPECT_EQ(wrapped.total.text(), "3.0000");
}

TEST(RegisterDifference, RolloverNeedsStartNearTheModulusAndPlausibleUse) {
    EXPECT_EQ(step(total(500'000 * unit), total(2 * unit)).verdict, ReadingVerdict::backward);
    EXPECT_EQ(step(total(999'999 * unit), total(500'000 * unit)).verdict, ReadingVerdict::backward);
    // 90 000 kWh in a quarter hour: a zero in place of a high total, no rollover.
    EXPECT_EQ(step(total(910'000 * unit), total(0)).verdict, ReadingVerdict::backward);
    const MeterSpec no_power{1'000'000 * unit, 1, 0};
    EXPECT_EQ(
        step(total(999'999 * unit), total(500'000 * unit), Duration::minutes(15), no_power).verdict,
        ReadingVerdict::backward);
    const MeterSpec no_modulus{0, 1, 60'000};
    EXPECT_EQ(
        step(total(999'999 * unit), total(2 * unit), Duration::minutes(15), no_modulus).verdict,
        ReadingVerdict::backward);
}

// Found by `simulate --seed 4`: within a plausible step of the modulus a zero was taken for a
// rollover.
TEST(RegisterDifference, AMomentaryZeroJustBelowTheModulusIsNoRollover) {
    EXPECT_EQ(step(total(999'999 * unit), total(0)).verdict, ReadingVerdict::backward);
    const Difference after = step(total(999'999 * unit), total(1 * unit), Duration::minutes(30));
    EXPECT_EQ(after.verdict, ReadingVerdict::rollover);
    EXPECT_EQ(after.total.text(), "2.0000");
}

TEST(RegisterDifference, TariffRegisterWrapsByItself) {
    const Difference wrapped =
        step(four({100 * unit, 999'999 * unit, 0, 0, 0}), four({103 * unit, 2 * unit, 0, 0, 0}));
    EXPECT_EQ(wrapped.verdict, ReadingVerdict::rollover);
    EXPECT_EQ(wrapped.total.text(), "3.0000");
    EXPECT_EQ(wrapped.by_register[1].text(), "3.0000");
    const Difference fell =
        step(four({100 * unit, 500 * unit, 0, 0, 0}), four({103 * unit, 2 * unit, 0, 0, 0}));
    EXPECT_EQ(fell.verdict, ReadingVerdict::charge) << "the total decides";
    EXPECT_LT(fell.by_register[1].units, 0);
}

TEST(RegisterDifference, PowerBoundIsExact) {
    // 60 kW × 1.2 × 15 min = 18 kWh, and one register step of 0.01.
    EXPECT_EQ(step(total(0), total(18 * unit + 100)).verdict, ReadingVerdict::charge);
    EXPECT_EQ(step(total(0), total(18 * unit + 101)).verdict, ReadingVerdict::implausible);
    const MeterSpec unknown{1'000'000 * unit, 1, 0};
    EXPECT_EQ(step(total(0), total(9'000 * unit), Duration::minutes(15), unknown).verdict,
              ReadingVerdict::charge);
    EXPECT_EQ(step(total(0), total(0xFFFF'FFFF)).verdict, ReadingVerdict::implausible);
}

TEST(RegisterDifference, TheTotalAloneIsComparedWhenTheSetsDiffer) {
    const Difference first = step(total(5), four({6, 6, 0, 0, 0}));
    EXPECT_EQ(first.verdict, ReadingVerdict::charge)
        << "installed with the total, polled as a block";
    EXPECT_EQ(first.total.units, 1);
    EXPECT_EQ(first.register_count, 1);
    EXPECT_EQ(step(four({6, 6, 0, 0, 0}), total(7)).register_count, 1);
    EXPECT_EQ(step(four({6, 6, 0, 0, 0}), four({7, 7, 0, 0, 0})).register_count, 5);
}

TEST(RegisterDifference, MalformedRegisters) {
    EXPECT_EQ(step(total(5), total(-1)).verdict, ReadingVerdict::malformed);
    EXPECT_EQ(step(total(5), total(1'000'000 * unit)).verdict, ReadingVerdict::malformed);
    Registers none = total(6);
    none.count = 0;
    EXPECT_EQ(step(total(5), none).verdict, ReadingVerdict::malformed);
    none.count = 7;
    EXPECT_EQ(step(total(5), none).verdict, ReadingVerdict::malformed);
    // Tariff registers that do not sum to the total are no error: the total decides.
    EXPECT_EQ(step(four({10, 1, 1, 1, 1}), four({20, 1, 1, 1, 2})).verdict, ReadingVerdict::charge);
}

// However a register runs, charged differences sum to what went through it, wraps included.
RC_GTEST_PROP(RegisterDifference, DifferencesSumToTheUse, ()) {
    const MeterSpec small{1'000 * unit, 3, 60'000};
    std::int64_t true_units = *rc::gen::inRange<std::int64_t>(0, small.modulus_units);
    const auto steps = *rc::gen::container<std::vector<std::int64_t>>(
        rc::gen::inRange<std::int64_t>(0, 17 * unit));
    const auto shown = [&] { return total(true_units % small.modulus_units); };
    Registers prev = shown();
    Instant prev_at = t0;
    std::int64_t expected = 0;
    std::int64_t charged = 0;
    for (const std::int64_t use : steps) {
        true_units += use;
        const Instant now_at = prev_at + Duration::minutes(15);
        const Difference difference =
            register_difference(small, prev_at, prev, now_at, shown(), now_at);
        RC_ASSERT(is_charged(difference.verdict));
        charged += difference.total.units;
        expected += use * 3;
        prev = shown();
        prev_at = now_at;
    }
    RC_ASSERT(charged == expected);
}

TEST(Registers, BinaryFormKeepsOnlyWhatIsThere) {
    const Registers registers = four({10, 1, 2, 3, 4});
    const Bytes bytes = to_binary(registers);
    EXPECT_EQ(bytes.size(), 6U);
    EXPECT_EQ(from_binary<Registers>(bytes).value(), registers);
    EXPECT_FALSE(from_binary<Registers>(Bytes{9, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
    std::string json;
    append_json(json, registers);
    EXPECT_EQ(json, R"(["0.0010","0.0001","0.0002","0.0003","0.0004"])");
}

}  // namespace
}  // namespace mb::rules::metering
