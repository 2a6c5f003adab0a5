#include "base/binary.hpp"
#include "base/check.hpp"
#include "base/describe.hpp"
#include "base/json.hpp"
#include "base/money.hpp"
#include "base/time.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mb {
namespace {

struct CheckThrown {};

/// CHECK throws inside the scope.
struct ThrowOnCheck {
    CheckHandler before = set_check_handler([](const CheckFailure&) { throw CheckThrown{}; });
    ~ThrowOnCheck() { set_check_handler(before); }
};

enum class Colour { red, green };
MB_ENUM(Colour, red, green)

struct Inner {
    Money money;
    std::optional<Colour> colour;
};
MB_DESCRIBE(Inner, (money, colour))

struct Outer {
    std::string name;
    std::vector<Inner> inner;
    std::map<std::int64_t, Instant> seen;
    std::variant<std::int64_t, std::string> either;
    AccountId account;
    bool flag = false;
};
MB_DESCRIBE(Outer, (name, inner, seen, either, account, flag))

TEST(Decimal, ParsesAndFormatsExactly) {
    EXPECT_EQ(parse_decimal("-12.3", 2).value(), -1230);
    EXPECT_EQ(parse_decimal("+0.100", 2).value(), 10);
    EXPECT_EQ(parse_decimal("1.001", 2).error().code, "decimal.too_many_places");
    for (const char* bad : {"", ".", "-", "1.", ".5", "1e3", " 1", "1,0", "--1", "1.2.3"}) {
        EXPECT_EQ(parse_decimal(bad, 4).error().code, "decimal.malformed") << bad;
    }
    EXPECT_EQ(parse_decimal("92233720368547758.08", 2).error().code, "decimal.overflow");
    EXPECT_EQ(parse_decimal("92233720368547758.07", 2).value(), INT64_MAX);
    EXPECT_EQ(format_decimal(-5, 2), "-0.05");
    EXPECT_EQ(format_decimal(INT64_MIN, 2), "-92233720368547758.08");
    EXPECT_EQ(format_decimal(6850703750000, 13, 2), "0.685070375");
    EXPECT_EQ(format_decimal(5000000000000, 13, 2), "0.50");
}

RC_GTEST_PROP(Decimal, TextAndBackIsIdentity, (std::int64_t value)) {
    if (value != INT64_MIN) {
        RC_ASSERT(parse_decimal(format_decimal(value, 4), 4).value() == value);
        RC_ASSERT(parse_decimal(format_decimal(value, 13, 2), 13).value() == value);
    }
}

TEST(Money, OverflowIsCaughtNeverWraps) {
    const ThrowOnCheck scope;
    EXPECT_THROW((void)(Money{INT64_MAX} + Money{1}), CheckThrown);
    EXPECT_THROW((void)(-Money{INT64_MIN}), CheckThrown);
    EXPECT_THROW((void)(Quantity{INT64_MIN} - Quantity{1}), CheckThrown);
    EXPECT_THROW((void)ExactMoney::from_rests(static_cast<int128>(1) << 120), CheckThrown);
}

TEST(Money, ExactMoneyRoundsTiesAwayFromZero) {
    const std::int64_t half = ExactMoney::rests_per_fen / 2;
    EXPECT_EQ((ExactMoney{0, half}).rounded(), Money{1});
    EXPECT_EQ((ExactMoney{0, half - 1}).rounded(), Money{0});
    EXPECT_EQ(ExactMoney::from_rests(-static_cast<int128>(half)).rounded(), Money{-1});
    EXPECT_EQ(ExactMoney::from_rests(-static_cast<int128>(half) + 1).rounded(), Money{0});
    EXPECT_EQ(ExactMoney::from_rests(-1).text(), "-0.00000000000000001");
    EXPECT_EQ(ExactMoney::product({10000}, {5000000000000}).text(), "0.50");
}

RC_GTEST_PROP(Money, ExactSumsEqualTheSumOfRests, (std::vector<std::int64_t> values)) {
    ExactMoney sum;
    int128 rests = 0;
    for (const std::int64_t v : values) {
        const int128 r = static_cast<int128>(v) * 1000;
        sum += ExactMoney::from_rests(r);
        rests += r;
    }
    RC_ASSERT(sum.rests() == rests);
    RC_ASSERT(sum.rest >= 0 && sum.rest < ExactMoney::rests_per_fen);
    RC_ASSERT(sum.rounded().fen == narrow(round_div<int128>(rests, ExactMoney::rests_per_fen)));
}

TEST(Time, ShanghaiAndClockChanges) {
    const Zone shanghai = Zone::find("Asia/Shanghai").value();
    const Instant at = parse_rfc3339("2026-11-22T09:30:00+08:00").value();
    EXPECT_EQ(shanghai.text(at), "2026-11-22T09:30:00+08:00");
    EXPECT_EQ(utc_text(at), "2026-11-22T01:30:00Z");
    EXPECT_EQ(shanghai.instant(shanghai.date(at), 9 * 60 + 30), at);
    EXPECT_EQ(shanghai.date(at).weekday(), 7);
    EXPECT_EQ(Zone::find("Asia/Shanghia").error().code, "zone.unknown");
    const Zone berlin = Zone::find("Europe/Berlin").value();
    // 02:30 does not exist on this day: it maps to the change at 03:00.
    EXPECT_EQ(berlin.text(berlin.instant(CivilDate::from_ymd(2026, 3, 29), 150)),
              "2026-03-29T03:00:00+02:00");
    EXPECT_EQ(berlin.text(berlin.instant(CivilDate::from_ymd(2026, 10, 25), 150)),
              "2026-10-25T02:30:00+02:00");
    for (const char* bad : {"2026-11-22", "2026-13-22T09:30:00Z", "2026-11-22T24:30:00Z",
                            "2026-11-22T09:30:00.Z", "2026-11-22T09:30:00+8:00"}) {
        EXPECT_FALSE(parse_rfc3339(bad)) << bad;
    }
}

RC_GTEST_PROP(Time, TextAndBackIsIdentity, ()) {
    const Instant at{*rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000'000)};
    const Zone zone = Zone::find("Europe/Berlin").value();
    RC_ASSERT(parse_rfc3339(zone.text(at)).value() == at);
}

TEST(Binary, RoundTripAndMalformedInput) {
    const Outer before{"名", {{Money{-5}, Colour::green}, {Money{7}, {}}}, {{3, {9}}}, "x", {42},
                       true};
    const Bytes bytes = to_binary(before);
    const Outer after = from_binary<Outer>(bytes).value();
    EXPECT_EQ(to_binary(after), bytes);
    EXPECT_EQ(after.inner[0].money, Money{-5});
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
        EXPECT_FALSE(from_binary<Outer>(ByteView(bytes).first(cut))) << cut;
    }
}

struct Form {
    Money amount;
    std::optional<std::string> note;
    std::vector<Colour> colours;
    AccountId account;
};
MB_DESCRIBE(Form, (amount, note, colours, account))

TEST(Json, StrictReadingAndWriting) {
    const Form form =
        from_json<Form>(R"({"amount":"12.3","colours":["red"],"account":"7"})").value();
    EXPECT_EQ(to_json(form), R"({"amount":"12.30","note":null,"colours":["red"],"account":"7"})");
    const Error unknown = from_json<Form>(R"({"amuont":"1"})").error();
    EXPECT_EQ(unknown.text(), "json.unknown_field pointer= field=amuont did_you_mean=amount");
    EXPECT_EQ(from_json<Form>(R"({"amount":"1","colours":[]})").error().code, "json.missing_field");
    EXPECT_EQ(from_json<Form>(R"({"amount":1.5,"colours":[],"account":"1"})").error().code,
              "json.wrong_type");
    EXPECT_EQ(from_json<Form>("{").error().code, "json.malformed");
    EXPECT_EQ(from_json<Form>("{} x").error().code, "json.malformed");
    EXPECT_EQ(to_json(std::string("a\"\n\x01")), R"("a\"\n\u0001")");
}

}  // namespace
}  // namespace mb
