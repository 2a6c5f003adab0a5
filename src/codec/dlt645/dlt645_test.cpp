#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "codec/dlt645/reply.hpp"
#include "codec/dlt645/request.hpp"
#include "codec/dlt645/scanner.hpp"

namespace mb::codec::dlt645 {
namespace {

const Address meter = Address::parse("002611150042").value();
const Credentials clerk{0x02, 0x123456, 0x12345678};

LocalTime local(int year, int month, int day, int hour, int minute, int second) {
    return {CivilDate::from_ymd(year, month, day),
            ((hour * 60 + minute) * 60 + second) * std::int64_t{1'000'000}};
}

/// The only good frame of the hex text.
Frame frame_of(std::string_view text) {
    Scanner scanner;
    scanner.feed(parse_hex(text).value());
    const auto found = scanner.next_frame();
    EXPECT_TRUE(found) << text;
    EXPECT_EQ(scanner.pending(), 0U);
    return found ? found->frame : Frame{};
}

template <class T>
T reply_of(const Frame& frame) {
    const Result<Reply> reply = decode_reply(frame);
    EXPECT_TRUE(reply) << reply.error().text();
    const T* out = std::get_if<T>(&*reply);
    EXPECT_NE(out, nullptr);
    return *out;
}

// The computed examples of the protocol notes, §1.7.

TEST(Dlt645, ReadRequestIsTheExample) {
    EXPECT_EQ(hex(encode_read(meter, data_id::forward_energy_block, 4), " "),
              "FE FE FE FE 68 42 00 15 11 26 00 68 11 04 33 32 34 33 3F 16");
    EXPECT_EQ(hex(encode_read(Address::abbreviated("0042").value(), {0x02010100}), " "),
              "68 42 00 AA AA AA AA 68 11 04 33 34 34 35 9F 16");
    EXPECT_EQ(hex(encode_read_next(meter, data_id::forward_energy_block, 1), " "),
              "68 42 00 15 11 26 00 68 12 05 33 32 34 33 34 75 16");
}

TEST(Dlt645, RegistersOfTheExample) {
    const Frame frame = frame_of(
        "68 42 00 15 11 26 00 68 91 18 33 32 34 33 67 45 33 33 43 34 33 33 58 38 33 33 93 37 33 33 "
        "6C 34 33 33 EE 16");
    const EnergyRegisters registers = read_energy(reply_of<ReadReply>(frame)).value();
    ASSERT_EQ(registers.size(), 5U);
    const std::array<std::int64_t, 5> units{123400, 11000, 52500, 46000, 13900};
    for (std::size_t i = 0; i < units.size(); ++i) {
        EXPECT_EQ(registers.at(i), Quantity{units[i]});
    }
}

TEST(Dlt645, PowerOfTheExampleIsNegative) {
    const Frame frame = frame_of("68 42 00 15 11 26 00 68 91 07 33 33 36 35 83 54 B3 51 16");
    EXPECT_EQ(read_active_power(reply_of<ReadReply>(frame)).value(), -2150);
}

TEST(Dlt645, TripIsTheExample) {
    const RelayCommand trip{RelayAction::trip, local(2026, 12, 31, 18, 0, 0)};
    EXPECT_EQ(
        hex(encode_relay(meter, trip, clerk), " "),
        "68 42 00 15 11 26 00 68 1C 10 35 89 67 45 AB 89 67 45 4D 33 33 33 4B 64 45 59 07 16");
}

TEST(Dlt645, RelayAnswersOfTheExample) {
    reply_of<RelayAck>(frame_of("68 42 00 15 11 26 00 68 9C 00 FA 16"));
    const auto refused = reply_of<ErrorReply>(frame_of("68 42 00 15 11 26 00 68 DC 01 37 72 16"));
    EXPECT_TRUE(refused.not_authorised());
    EXPECT_EQ(error_names(refused), std::vector<std::string_view>{"password_or_authorisation"});
}

TEST(Dlt645, StatusWordOfTheExample) {
    const Frame frame = frame_of("68 42 00 15 11 26 00 68 91 06 36 38 33 37 83 43 93 16");
    const StatusWord3 word = read_status_word_3(reply_of<ReadReply>(frame)).value();
    EXPECT_EQ(word.raw, 0x1050);
    EXPECT_TRUE(word.relay_open());
    EXPECT_TRUE(word.commanded_open());
    EXPECT_TRUE(word.keep_power());
    EXPECT_FALSE(word.pretrip_alarm());
}

TEST(Dlt645, AmountOfTheExample) {
    const Frame frame = frame_of("68 42 00 15 11 26 00 68 91 08 33 35 C3 33 A8 7B 36 33 E1 16");
    EXPECT_EQ(read_amount(reply_of<ReadReply>(frame)).value(), Money{34875});
}

TEST(Dlt645, FollowOnOfTheExample) {
    const Frame first = frame_of("68 42 00 15 11 26 00 68 B1 08 33 32 34 33 67 45 33 33 F5 16");
    FollowOn join;
    EXPECT_FALSE(join.add(reply_of<ReadReply>(first)).value());
    EXPECT_EQ(join.next_sequence(), 1);
    EXPECT_EQ(join.add(reply_of<ReadReply>(first)).error().code, "dlt645.follow_on_order");
    const Bytes rest{0x00, 0xFF, 0x01, 0x00, 0x10, 0x01, 0x00, 0x00, 0x01};
    const Frame second = Frame::make(meter, 0x92, rest);
    EXPECT_TRUE(join.add(reply_of<ReadReply>(second)).value());
    const EnergyRegisters registers = read_energy(join.whole()).value();
    EXPECT_EQ(registers.size(), 2U);
    EXPECT_EQ(registers.at(0), Quantity{123400});
    EXPECT_EQ(registers.at(1), Quantity{11000});
}

TEST(Dlt645, BroadcastTimeIsTheExample) {
    EXPECT_EQ(hex(encode_broadcast_time(local(2026, 11, 22, 15, 9, 30)), " "),
              "68 99 99 99 99 99 99 68 08 06 63 3C 48 55 44 59 4D 16");
}

}  // namespace
}  // namespace mb::codec::dlt645
