#include "rules/metering/day_block.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mb::rules::metering {
namespace {

constexpr Instant t0{1'800'000'000'000'000};

Registers registers(std::vector<std::int64_t> units) {
    Registers out;
    out.count = static_cast<std::uint8_t>(units.size());
    for (std::size_t i = 0; i < units.size(); ++i) {
        out.value[i].units = units[i];
    }
    return out;
}

DayBlock regular_day() {
    DayBlock block;
    for (int i = 0; i < 96; ++i) {
        block.append(t0 + Duration::minutes(15 * i), registers({1'000'000 + i * 2500, i * 1250}),
                     Outcome::charged);
    }
    return block;
}

TEST(DayBlock, ARegularReadingTakesSixBytes) {
    const DayBlock block = regular_day();
    EXPECT_LE(block.bytes().size(), 96U * 6 + 20);
    EXPECT_EQ(block.count(Outcome::charged), 96U);
    EXPECT_EQ(block.latest_at(), t0 + Duration::minutes(15 * 95));
    const std::vector<DayReading> readings = block.readings();
    ASSERT_EQ(readings.size(), 96U);
    EXPECT_EQ(readings[40].registers, registers({1'100'000, 50'000}));
    EXPECT_EQ(readings[40].at, t0 + Duration::minutes(600));
}

TEST(DayBlock, FindsWhatWasReadAtATime) {
    DayBlock block = regular_day();
    const Instant at = t0 + Duration::minutes(30);
    EXPECT_EQ(block.find(at)->registers, registers({1'005'000, 2500}));
    EXPECT_FALSE(block.find(at + Duration{1}));
    EXPECT_EQ(block.match(at, registers({1'005'000, 2500})), DayBlock::Match::same);
    EXPECT_EQ(block.match(at, registers({1'005'001, 2500})), DayBlock::Match::other);
    EXPECT_EQ(block.match(at + Duration{1}, registers({1, 2})), DayBlock::Match::none);
    // A held conflict sent again is a duplicate of itself.
    block.append(at, registers({1'005'001, 2500}), Outcome::held, OutcomeReason::conflict);
    EXPECT_EQ(block.match(at, registers({1'005'001, 2500})), DayBlock::Match::same);
    EXPECT_EQ(block.find(at)->outcome, Outcome::charged);
}

TEST(DayBlock, ExcludedDuplicatesAreCountedAndSmall) {
    DayBlock block = regular_day();
    const std::size_t before = block.bytes().size();
    block.append(t0 + Duration::minutes(30), registers({1'005'000, 2500}), Outcome::excluded,
                 OutcomeReason::duplicate);
    EXPECT_LE(block.bytes().size(), before + 8);
    EXPECT_EQ(block.count(Outcome::excluded), 1U);
    EXPECT_EQ(block.readings().back().registers.count, 0);
    EXPECT_EQ(block.readings().back().at, t0 + Duration::minutes(30));
    // The series goes on as if nothing had been between.
    const std::size_t with = block.bytes().size();
    block.append(t0 + Duration::minutes(15 * 96), registers({1'240'000, 120'000}),
                 Outcome::charged);
    EXPECT_LE(block.bytes().size(), with + 6);
    EXPECT_EQ(block.readings().back().registers, registers({1'240'000, 120'000}));
}

TEST(DayBlock, KeepsMalformedReadingsToo) {
    DayBlock block = regular_day();
    Registers odd = registers({-5, INT64_MIN, INT64_MAX});
    block.append(t0, odd, Outcome::held, OutcomeReason::malformed);
    EXPECT_EQ(block.readings().back().registers, odd);
    odd.count = 0;
    block.append({INT64_MIN}, odd, Outcome::held, OutcomeReason::malformed);
    EXPECT_EQ(block.readings().back().at, Instant{INT64_MIN});
    EXPECT_EQ(block.readings().back().registers.count, 0);
    odd.count = 9;
    block.append(t0, odd, Outcome::held, OutcomeReason::malformed);
    EXPECT_EQ(block.readings().back().registers.count, 6);
    EXPECT_EQ(from_binary<DayBlock>(to_binary(block)).value().count(Outcome::held), 3U);
}

TEST(DayBlock, MalformedBytesAreRefused) {
    const DayBlock block = regular_day();
    for (std::size_t size = 1; size < 40; ++size) {
        const auto part = DayBlock::parse(block.bytes().subspan(0, size));
        if (part) {
            EXPECT_EQ(part->bytes().size(), size);  // the cut fell between two records
        } else {
            EXPECT_EQ(part.error().code, "day_block.malformed");
        }
    }
    EXPECT_FALSE(DayBlock::parse(Bytes{0x03, 0x00}));        // outcome 3
    EXPECT_FALSE(DayBlock::parse(Bytes{0x1C, 0x00}));        // seven registers
    EXPECT_FALSE(DayBlock::parse(Bytes{0x26, 0x00, 0x00}));  // a duplicate with registers
    EXPECT_FALSE(DayBlock::parse(Bytes{0x80, 0x40, 0x00}));  // reason beyond 63
    EXPECT_FALSE(from_binary<DayBlock>(Bytes{0x02, 0x03, 0x00}));
    EXPECT_TRUE(DayBlock::parse({})->empty());
}

/// Any readings at all come back, from the block and from its bytes, and appending goes on alike.
RC_GTEST_PROP(DayBlock, DecodesWhatWasAppended, ()) {
    const auto count = *rc::gen::inRange<std::size_t>(0, 40);
    DayBlock block;
    std::vector<DayReading> expected;
    for (std::size_t i = 0; i < count; ++i) {
        DayReading reading;
        reading.at = {*rc::gen::arbitrary<std::int64_t>()};
        reading.registers.count = *rc::gen::inRange<std::uint8_t>(0, 7);
        for (std::size_t r = 0; r < reading.registers.count; ++r) {
            reading.registers.value[r].units = *rc::gen::arbitrary<std::int64_t>();
        }
        reading.outcome = static_cast<Outcome>(*rc::gen::inRange(0, 3));
        reading.reason = static_cast<OutcomeReason>(*rc::gen::inRange(0, 18));
        block.append(reading.at, reading.registers, reading.outcome, reading.reason);
        if (reading.outcome == Outcome::excluded && reading.reason == OutcomeReason::duplicate) {
            reading.registers = {};
            reading.registers.count = 0;
        }
        expected.push_back(reading);
    }
    RC_ASSERT(block.readings() == expected);
    DayBlock again = from_binary<DayBlock>(to_binary(block)).value();
    RC_ASSERT(again == block);
    RC_ASSERT(again.size() == count);
    RC_ASSERT(again.latest_at() == block.latest_at());
    for (DayBlock* one : {&block, &again}) {
        one->append(t0, registers({7, 7}), Outcome::charged);
    }
    RC_ASSERT(again == block);
    RC_ASSERT(again.readings().back().registers == registers({7, 7}));
}

}  // namespace
}  // namespace mb::rules::metering
