#include "codec/dlt645/bcd.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

namespace mb::codec::dlt645 {
namespace {

using Wire = std::vector<std::uint8_t>;

TEST(Dlt645Bcd, AllFfIsAbsentNeverANumber) {
    for (std::size_t size = 1; size <= 8; ++size) {
        for (const Sign sign : {Sign::none, Sign::top_bit}) {
            const Field<std::int64_t> field = decode_bcd(Wire(size, 0xFF), sign);
            EXPECT_FALSE(field.value);
            EXPECT_TRUE(field.ok());
        }
    }
}

TEST(Dlt645Bcd, SignIsTheTopBitAndIsMaskedFirst) {
    EXPECT_EQ(decode_bcd(Wire{0x50, 0x21, 0x80}, Sign::top_bit).value, -2150);
    EXPECT_EQ(decode_bcd(Wire{0x50, 0x21, 0x00}, Sign::top_bit).value, 2150);
    EXPECT_EQ(decode_bcd(Wire{0x99, 0x99, 0xF9}, Sign::top_bit).value, -799999);
    EXPECT_EQ(decode_bcd(Wire{0x00, 0x80}, Sign::top_bit).value, 0);
    EXPECT_EQ(decode_bcd(Wire{0x34, 0x92}).value, 9234);
}

TEST(Dlt645Bcd, EveryDigitAboveNineIsNamed) {
    for (std::size_t at = 0; at < 4; ++at) {
        for (int digit = 0xA; digit <= 0xF; ++digit) {
            for (const int shift : {0, 4}) {
                Wire bytes{0x11, 0x22, 0x33, 0x44};
                bytes[at] = static_cast<std::uint8_t>(digit << shift);
                const Field<std::int64_t> field = decode_bcd(bytes);
                EXPECT_FALSE(field.value);
                EXPECT_EQ(problem_name(field.problem), "not_bcd");
            }
        }
    }
}

RC_GTEST_PROP(Dlt645Bcd, DecodeUndoesEncode, ()) {
    const auto size = *rc::gen::inRange<std::size_t>(1, 9);
    const auto value = *rc::gen::inRange<std::int64_t>(0, pow10(static_cast<int>(size) * 2));
    Wire bytes(size);
    encode_bcd(bytes, value);
    RC_ASSERT(decode_bcd(bytes).value == value);
    if (bytes.back() < 0x80) {
        bytes.back() |= 0x80;
        RC_ASSERT(decode_bcd(bytes, Sign::top_bit).value == -value);
    }
}

TEST(Dlt645Bcd, EveryDayOfTheCenturyComesBack) {
    const CivilDate first = CivilDate::from_ymd(2000, 1, 1);
    const CivilDate end = CivilDate::from_ymd(2100, 1, 1);
    std::int64_t second = 0;
    for (CivilDate day = first; day < end; day = day + 1) {
        second = (second + 7919) % 86400;
        const LocalTime at{day, second * 1'000'000};
        const Field<LocalTime> back = decode_second(encode_second(at));
        ASSERT_TRUE(back.value) << day.text();
        EXPECT_EQ(back.value->date, day);
        EXPECT_EQ(back.value->us_of_day, at.us_of_day);
    }
}

TEST(Dlt645Bcd, ImpossibleTimesAreNamed) {
    struct Case {
        Wire wire;  // ss mm hh DD MM YY
        std::string_view problem;
    };
    const Case cases[] = {
        {{0x60, 0x00, 0x00, 0x01, 0x01, 0x26}, "bad_time"},
        {{0x00, 0x60, 0x00, 0x01, 0x01, 0x26}, "bad_time"},
        {{0x00, 0x00, 0x24, 0x01, 0x01, 0x26}, "bad_time"},
        {{0x00, 0x00, 0x00, 0x29, 0x02, 0x26}, "bad_time"},
        {{0x00, 0x00, 0x00, 0x31, 0x04, 0x26}, "bad_time"},
        {{0x00, 0x00, 0x00, 0x00, 0x04, 0x26}, "bad_time"},
        {{0x00, 0x00, 0x00, 0x01, 0x13, 0x26}, "bad_time"},
        {{0x00, 0x00, 0x00, 0x01, 0x00, 0x26}, "bad_time"},
        {{0x00, 0x00, 0x01, 0x00, 0x00, 0x00}, "bad_time"},
        {{0x00, 0x00, 0x00, 0x1A, 0x01, 0x26}, "not_bcd"},
        {{0xFF, 0xFF, 0xFF, 0x01, 0x01, 0x26}, "not_bcd"},
        {{0x00, 0x00, 0x00, 0x29, 0x02, 0x24}, ""},  // a leap day
        {{0x00, 0x00, 0x00, 0x00, 0x00, 0x00}, ""},  // nothing yet
        {{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, ""},
        {{0x00, 0x00, 0x00}, "bad_length"},
    };
    for (const Case& each : cases) {
        EXPECT_EQ(problem_name(decode_second(each.wire).problem), each.problem) << hex(each.wire);
    }
}

TEST(Dlt645Bcd, DeadlineOfYear99OrZerosIsNone) {
    EXPECT_FALSE(decode_deadline(Wire{0x59, 0x59, 0x23, 0x31, 0x12, 0x99}).value);
    EXPECT_TRUE(decode_deadline(Wire{0x59, 0x59, 0x23, 0x31, 0x12, 0x99}).ok());
    EXPECT_TRUE(decode_deadline(Wire(6, 0x99)).ok());
    EXPECT_FALSE(decode_deadline(Wire(6, 0)).value);
    EXPECT_TRUE(decode_deadline(Wire(6, 0)).ok());
    const auto last = decode_deadline(Wire{0x59, 0x59, 0x23, 0x31, 0x12, 0x98});
    EXPECT_EQ(iso_text(last.value.value()), "2098-12-31T23:59:59");
}

}  // namespace
}  // namespace mb::codec::dlt645
