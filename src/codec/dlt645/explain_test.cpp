#include "codec/dlt645/explain.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "codec/dlt645/request.hpp"
#include "codec/dlt645/scanner.hpp"

namespace mb::codec::dlt645 {
namespace {

const Address meter = Address::parse("002611150042").value();

Frame only_frame(const Bytes& bytes) {
    Scanner scanner;
    scanner.feed(bytes);
    const auto found = scanner.next_frame();
    EXPECT_TRUE(found) << hex(bytes);
    return found ? found->frame : Frame{};
}

/// "name=text …"
std::string told(const Explanation& meaning) {
    std::string out;
    for (const Item& item : meaning.items) {
        out += item.id.text() + ' ';
    }
    for (const Attribute& one : meaning.attributes) {
        out += std::string(one.name) + '=';
        if (const auto* text = std::get_if<std::string>(&one.fact)) {
            out += *text;
        } else if (const auto* number = std::get_if<std::int64_t>(&one.fact)) {
            out += std::to_string(*number);
        } else if (const auto* flag = std::get_if<bool>(&one.fact)) {
            out += *flag ? "true" : "false";
        } else {
            out += "null";
        }
        out += ' ';
    }
    for (const std::string_view error : meaning.errors) {
        out += "refused:" + std::string(error) + ' ';
    }
    for (const Problem problem : meaning.problems) {
        out += "!" + std::string(problem_name(problem)) + ' ';
    }
    if (!out.empty()) {
        out.pop_back();
    }
    return out;
}

std::string told(std::uint8_t control, std::string_view plain) {
    const Frame frame = Frame::make(meter, control, parse_hex(plain).value());
    return told(Explainer{}.explain(only_frame(frame.encode(4))));
}

TEST(Dlt645Explain, Requests) {
    EXPECT_EQ(told(0x11, "00FF0100"), "0001FF00");
    EXPECT_EQ(told(0x11, "01000006 05"), "06000001 block_count=5");
    EXPECT_EQ(told(0x11, "01000006 05 0915221126"),
              "06000001 block_count=5 from_time=2026-11-22T15:09:00");
    EXPECT_EQ(told(0x12, "00FF0100 02"), "0001FF00 sequence=2");
    EXPECT_EQ(told(0x13, ""), "");
    EXPECT_EQ(told(0x08, "300915221126"), "time=2026-11-22T15:09:30");
    EXPECT_EQ(told(0x08, "300915221326"), "time=null !bad_time");
    EXPECT_EQ(told(0x15, "420015112600"), "meter_address=002611150042");
    EXPECT_EQ(told(0x17, "08"), "baud=2400");
    EXPECT_EQ(told(0x17, "40"), "baud=19200");
    EXPECT_EQ(told(0x17, "03"), "baud=null raw=03 !unknown_code");
    EXPECT_EQ(told(0x1F, "0102"), "raw=0102 !unknown_code");
    EXPECT_EQ(told(0x31, "00FF0100"), "raw=00FF0100 !unknown_code");
}

TEST(Dlt645Explain, Freeze) {
    EXPECT_EQ(told(0x16, "99999999"), "freeze=now freeze_at=99999999");
    EXPECT_EQ(told(0x16, "30999999"), "freeze=hourly freeze_at=99999930");
    EXPECT_EQ(told(0x16, "00009999"), "freeze=daily freeze_at=99990000");
    EXPECT_EQ(told(0x16, "00000199"), "freeze=monthly freeze_at=99010000");
    EXPECT_EQ(told(0x16, "00000112"), "freeze=at freeze_at=12010000");
    EXPECT_EQ(told(0x16, "000001"), "raw=000001 !bad_length");
}

TEST(Dlt645Explain, WritesTellLevelAndOperatorButNoPassword) {
    const std::string who = "02563412 78563412";
    EXPECT_EQ(told(0x14, "02010004" + who + "300915"),
              "04000102 password_level=02 operator=12345678 time=15:09:30");
    EXPECT_EQ(told(0x19, who), "password_level=02 operator=12345678");
    EXPECT_EQ(told(0x1A, who), "password_level=02 operator=12345678");
    EXPECT_EQ(told(0x1B, who + "FFFFFFFF"), "password_level=02 operator=12345678 event=FFFFFFFF");
    EXPECT_EQ(told(0x18, "020C0004 02563412 04214365"),
              "04000C02 password_level=02 new_password_level=04");
    EXPECT_EQ(told(0x03, "FF000007 78563412 0102"), "070000FF operator=12345678");
    EXPECT_EQ(told(0x14, "0201"), "raw=0201 !bad_length");
}

TEST(Dlt645Explain, RelayCommands) {
    const std::string who = "02563412 78563412";
    const std::string told_who = " password_level=02 operator=12345678 ";
    EXPECT_EQ(told(0x1C, who + "1B00 000018311226"),
              "command=close_permit command_code=1B" + told_who + "deadline=2026-12-31T18:00:00");
    EXPECT_EQ(told(0x1C, who + "1D05 595923311299"), "command=trip_auto_restore command_code=1D" +
                                                         told_who +
                                                         "command_parameter=05 deadline=null");
    EXPECT_EQ(told(0x1C, who + "3A00 000000000000"),
              "command=keep_power command_code=3A" + told_who + "deadline=null");
    EXPECT_EQ(told(0x1C, who + "7700 000000000000"),
              "command=null command_code=77" + told_who + "deadline=null !unknown_code");
    EXPECT_EQ(told(0x1C, who + "1A00 00001831AA26"),
              "command=trip command_code=1A" + told_who + "deadline=null !not_bcd");
    EXPECT_EQ(told(0x1C, who + "1A00"), "raw=02563412785634121A00 !bad_length");
    const std::string sealed = "000102030405060708090A0B0C0D0E0F10111213";
    EXPECT_EQ(told(0x1C, "98563412 78563412" + sealed),
              "password_level=98 operator=12345678 ciphertext=" + sealed);
}

TEST(Dlt645Explain, Replies) {
    EXPECT_EQ(told(0x93, "420015112600"), "meter_address=002611150042");
    EXPECT_EQ(told(0x94, ""), "");
    EXPECT_EQ(told(0x97, "08"), "baud=2400");
    EXPECT_EQ(told(0x83, "FF000007 0102"), "070000FF");
    EXPECT_EQ(told(0x91, "03050004 5010"), "04000503 relay_state=open");
    EXPECT_EQ(told(0x91, "03050004 0010"), "04000503 relay_state=closed");
    EXPECT_EQ(told(0x91, "030500"), "raw=030500 !bad_length");
    EXPECT_EQ(told(0x9F, "01"), "raw=01 !unknown_code");
}

TEST(Dlt645Explain, ErrorBitsOfOneByte) {
    const std::array<std::string, 8> names{"other_error",
                                           "no_such_data",
                                           "password_or_authorisation",
                                           "baud_unchangeable",
                                           "too_many_year_zones",
                                           "too_many_day_periods",
                                           "too_many_tariffs",
                                           "reserved"};
    for (std::size_t bit = 0; bit < 8; ++bit) {
        const auto raw = static_cast<std::uint8_t>(1 << bit);
        const std::string text = hex(ByteView(&raw, 1));
        for (const std::uint8_t control : {0xD1, 0xD2, 0xD4, 0xD6, 0xD7, 0xD8, 0xD9, 0xDC}) {
            EXPECT_EQ(told(control, text), "error_raw=" + text + " refused:" + names[bit]);
        }
    }
    EXPECT_EQ(told(0xD1, "06"),
              "error_raw=06 refused:no_such_data refused:password_or_authorisation");
    EXPECT_EQ(told(0xD1, "00"), "error_raw=00");
    EXPECT_EQ(told(0xD1, ""), "raw= !bad_length");
    EXPECT_EQ(told(0xD1, "010203"), "raw=010203 !bad_length");
}

TEST(Dlt645Explain, ErrorWords) {
    EXPECT_EQ(told(0xDC, "1000"), "error_raw=0010 refused:deadline_invalid");
    EXPECT_EQ(told(0xDC, "2000"), "error_raw=0020 refused:trip_failed_keep_power");
    EXPECT_EQ(told(0xDC, "0001"), "error_raw=0100 refused:auto_restore_failed_3");
    EXPECT_EQ(told(0xC3, "0200"), "error_raw=0002 refused:repeated_recharge");
    EXPECT_EQ(told(0xC3, "0001"), "error_raw=0100 refused:remote_channel_locked");
    EXPECT_EQ(told(0xC3, "20"), "error_raw=20 refused:purchase_count_error");
}

std::string values(const Explanation& meaning) {
    std::string out;
    for (const Value& value : meaning.items.at(0).values) {
        out += value.name + '=' + value.text.value_or("null") + ' ';
    }
    return out;
}

TEST(Dlt645Explain, FollowOnPartsGoOnWhereTheLastEnded) {
    const auto frame = [](std::uint8_t control, std::string_view plain) {
        return Frame::make(meter, control, parse_hex(plain).value());
    };
    Explainer line;
    const auto first = line.explain(frame(0xB1, "00FF0100 34120000 1001"));
    EXPECT_EQ(values(first), "total=12.34 ");
    EXPECT_EQ(told(first), "0001FF00 more=true");
    (void)line.explain(frame(0x12, "00FF0100 01"));
    const auto second = line.explain(frame(0xB2, "00FF0100 0000 25050000 01"));
    EXPECT_EQ(values(second), "t1=1.10 t2=5.25 ");
    EXPECT_EQ(told(second), "0001FF00 sequence=1 more=true");
    const auto last = line.explain(frame(0x92, "00FF0100 60040000 02"));
    EXPECT_EQ(values(last), "t3=4.60 ");
    // A part without its beginning: only its bytes can be told.
    const auto lone = Explainer{}.explain(frame(0x92, "00FF0100 60040000 02"));
    EXPECT_TRUE(lone.items.at(0).values.empty());
    EXPECT_EQ(std::get<std::string>(lone.items.at(0).find("raw")->fact), "60040000");
}

// ---- what is encoded is what is told ----

rc::Gen<LocalTime> any_time() {
    return rc::gen::apply(
        [](int day, std::int64_t second) {
            return LocalTime{CivilDate::from_ymd(2000, 1, 1) + day, second * 1'000'000};
        },
        rc::gen::inRange(0, 99 * 365), rc::gen::inRange<std::int64_t>(0, 86400));
}

RC_GTEST_PROP(Dlt645Explain, RelayCommandsComeBack, ()) {
    const auto action = *rc::gen::element(
        RelayAction::trip, RelayAction::close_permit, RelayAction::close,
        RelayAction::trip_auto_restore, RelayAction::trip_auto_restore_long, RelayAction::alarm,
        RelayAction::alarm_cancel, RelayAction::keep_power, RelayAction::keep_power_cancel);
    const auto deadline = *any_time();
    const bool has_deadline = *rc::gen::arbitrary<bool>();
    const Credentials who{*rc::gen::arbitrary<std::uint8_t>(),
                          *rc::gen::inRange<std::uint32_t>(0, 0x1000000),
                          *rc::gen::arbitrary<std::uint32_t>()};
    const RelayCommand command{action, has_deadline ? std::optional(deadline) : std::nullopt, 0};
    const Frame frame = only_frame(encode_relay(meter, command, who));
    RC_ASSERT(Credentials::from_wire(frame.data()) == who);
    const Explanation meaning = Explainer{}.explain(frame);
    RC_ASSERT(meaning.problems.empty());
    RC_ASSERT(std::get<std::string>(meaning.find("command")->fact) == relay_action_name(action));
    const Attribute::Fact& told_deadline = meaning.find("deadline")->fact;
    RC_ASSERT(told_deadline ==
              (has_deadline ? Attribute::Fact(iso_text(deadline)) : Attribute::Fact()));
}

RC_GTEST_PROP(Dlt645Explain, WrittenTimesComeBack, ()) {
    const auto at = *any_time();
    const Credentials who{0x04, 0x000000, 0x00000001};
    const auto text = [](const Explanation& meaning) {
        return std::get<std::string>(meaning.find("time")->fact);
    };
    const auto told_time = [&](const Bytes& bytes) {
        const Explanation meaning = Explainer{}.explain(only_frame(bytes));
        RC_ASSERT(meaning.problems.empty());
        return text(meaning);
    };
    RC_ASSERT(told_time(encode_write_clock(meter, at, who)) == iso_text(at));
    RC_ASSERT(told_time(encode_broadcast_time(at)) == iso_text(at));
    RC_ASSERT(told_time(encode_write_date(meter, at.date, who)) == at.date.text());
    RC_ASSERT(told_time(encode_write_time_of_day(meter, at.us_of_day, who)) ==
              time_of_day_text(at.us_of_day));
}

RC_GTEST_PROP(Dlt645Explain, FramesComeBack, ()) {
    const auto bytes = *rc::gen::container<Bytes>(6, rc::gen::arbitrary<std::uint8_t>());
    Address address;
    std::copy_n(bytes.begin(), 6, address.bytes.begin());
    RC_ASSERT(Address::parse(address.text()).value() == address);
    const auto data = *rc::gen::suchThat<Bytes>([](const Bytes& b) { return b.size() < 256; });
    const Frame frame = Frame::make(address, *rc::gen::arbitrary<std::uint8_t>(), data);
    RC_ASSERT(only_frame(frame.encode()) == frame);
    (void)Explainer{}.explain(frame);
}

}  // namespace
}  // namespace mb::codec::dlt645
