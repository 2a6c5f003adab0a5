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

// Beyond the examples.

Frame answer(DataId id, std::string_view plain) {
    Bytes data;
    for (const std::uint8_t byte : id.wire()) {
        data.push_back(byte);
    }
    const Bytes value = parse_hex(plain).value();
    data.insert(data.end(), value.begin(), value.end());
    return Frame::make(meter, 0x91, data);
}

template <class Read>
auto read(Read function, DataId id, std::string_view plain) {
    const Frame frame = answer(id, plain);
    return function(reply_of<ReadReply>(frame));
}

TEST(Dlt645, RegistersKeepAbsentApartFromZero) {
    const auto block =
        read(read_energy, data_id::forward_energy_block, "00000000 FFFFFFFF 01000000");
    EXPECT_EQ(block->total(), Quantity{0});
    EXPECT_EQ(block->at(1), std::nullopt);
    EXPECT_EQ(block->at(2), Quantity{100});
    EXPECT_EQ(block->at(3), std::nullopt);
    const auto tariff = read(read_energy, {0x00010200}, "34120000");
    EXPECT_EQ(tariff->size(), 3U);
    EXPECT_EQ(tariff->at(2), Quantity{123400});
    EXPECT_EQ(tariff->total(), std::nullopt);
    EXPECT_EQ(read(read_energy, data_id::combined_energy, "34120080")->total(), Quantity{-123400});
    const auto frozen = read(read_energy, data_id::last_daily_freeze_forward, "34120000 10010000");
    EXPECT_EQ(frozen->at(1), Quantity{11000});
}

TEST(Dlt645, TypedValuesRefuseWithACode) {
    EXPECT_EQ(read(read_energy, data_id::forward_energy, "3412").error().code, "dlt645.bad_length");
    EXPECT_EQ(read(read_energy, data_id::forward_energy, "3412000000000000").error().code,
              "dlt645.bad_length");
    EXPECT_EQ(read(read_energy, data_id::forward_energy, "3A120000").error().code,
              "dlt645.not_bcd");
    EXPECT_EQ(read(read_energy, data_id::active_power, "341200").error().code, "dlt645.other_data");
    EXPECT_EQ(read(read_energy, {0x000100FF}, "34120000").error().code, "dlt645.other_data");
    EXPECT_EQ(read(read_active_power, data_id::clock, "341200").error().code, "dlt645.other_data");
    EXPECT_EQ(read(read_active_power, data_id::active_power, "FFFFFF").value(), std::nullopt);
    EXPECT_EQ(read(read_amount, data_id::overdraft_amount, "75480300").value(), Money{34875});
    EXPECT_EQ(read(read_amount, data_id::remaining_energy, "75480300").error().code,
              "dlt645.other_data");
    EXPECT_EQ(read(read_status_word_3, data_id::status_word_3, "FFFF").error().code,
              "dlt645.absent");
    EXPECT_EQ(
        read(read_status_word_3, data_id::status_words, "0000 0000 5010 0000 0000 0000 0000")->raw,
        0x1050);
    EXPECT_EQ(read(read_number, data_id::trip_count, "120000").value(), (Number{12, 0}));
    EXPECT_EQ(read(read_number, {0x02800007}, "2581").value()->text(), "-12.5");
    EXPECT_EQ(read(read_number, data_id::clock, "00").error().code, "dlt645.other_data");
}

TEST(Dlt645, ClockIsCivilLocalTime) {
    const LocalTime at = read(read_clock, data_id::clock, "30 09 15 00 22 11 26").value();
    EXPECT_EQ(iso_text(at), "2026-11-22T15:09:30");
    EXPECT_EQ(read(read_date, data_id::date, "00221126")->text(), "2026-11-22");
    EXPECT_EQ(read(read_time_of_day, data_id::time_of_day, "300915").value(), 54'570'000'000);
    EXPECT_EQ(read(read_clock, data_id::clock, "00000000000000").error().code, "dlt645.bad_time");
    EXPECT_EQ(read(read_clock, data_id::clock, "30091500221326").error().code, "dlt645.bad_time");
}

TEST(Dlt645, RepliesThatAreNone) {
    const auto code = [](std::uint8_t control, const Bytes& data) {
        const Frame frame = Frame::make(meter, control, data);
        return decode_reply(frame).error().code;
    };
    EXPECT_EQ(code(0x11, {0, 0, 1, 0}), "dlt645.not_a_reply");
    EXPECT_EQ(code(0x91, {0, 0, 1}), "dlt645.reply_length");
    EXPECT_EQ(code(0x92, {0, 0, 1, 0}), "dlt645.reply_length");
    EXPECT_EQ(code(0x93, {1, 2, 3}), "dlt645.reply_length");
    EXPECT_EQ(code(0xD1, {}), "dlt645.reply_length");
    EXPECT_EQ(code(0x9F, {}), "dlt645.reply_code");
    EXPECT_EQ(reply_of<OtherAck>(Frame::make(meter, 0x96, {})).function, Function::freeze);
    reply_of<WriteAck>(Frame::make(meter, 0x94, {}));
}

TEST(Dlt645, FollowOnRefusesAnotherOrderOrIdentifier) {
    FollowOn join;
    const Bytes bytes{1, 2};
    EXPECT_EQ(join.add({data_id::clock, bytes, true, 1}).error().code, "dlt645.follow_on_order");
    EXPECT_FALSE(join.add({data_id::clock, bytes, true, 0}).value());
    EXPECT_EQ(join.add({data_id::date, bytes, true, 1}).error().code, "dlt645.follow_on_id");
    for (int sequence = 1; sequence < 255; ++sequence) {
        EXPECT_FALSE(
            join.add({data_id::clock, bytes, true, static_cast<std::uint8_t>(sequence)}).value());
    }
    EXPECT_EQ(join.add({data_id::clock, bytes, true, 255}).error().code,
              "dlt645.follow_on_too_long");
    EXPECT_TRUE(join.add({data_id::clock, bytes, false, 255}).value());
    EXPECT_EQ(join.whole().value.size(), 512U);
    EXPECT_EQ(join.add({data_id::clock, bytes, false, 255}).error().code, "dlt645.follow_on_order");
}

TEST(Dlt645, AddressesMatchByTheirKnownDigits) {
    const Address other = Address::parse("002611150043").value();
    EXPECT_TRUE(meter.matches(meter));
    EXPECT_FALSE(meter.matches(other));
    EXPECT_TRUE(Address::wildcard().matches(other));
    EXPECT_TRUE(Address::abbreviated("0042").value().matches(meter));
    EXPECT_FALSE(Address::abbreviated("0042").value().matches(other));
    EXPECT_FALSE(Address::broadcast().matches(meter));
    EXPECT_EQ(Address::abbreviated("0042")->text(), "AAAAAAAA0042");
    EXPECT_EQ(Address::parse("A0B0C0D0E0F0")->text(), "A0B0C0D0E0F0");
    for (const char* bad :
         {"", "1", "00261115004", "0026111500420", "00261115004G", "00 26 11 15 "}) {
        EXPECT_EQ(Address::parse(bad).error().code, "dlt645.address") << bad;
    }
}

TEST(Dlt645, CredentialsAreReadAsWritten) {
    EXPECT_EQ(Credentials::parse("02", "123456", "12345678").value(), clerk);
    EXPECT_EQ(Credentials::parse("2", "123456", "12345678").error().code, "dlt645.credentials");
    EXPECT_EQ(Credentials::parse("02", "12345", "12345678").error().code, "dlt645.credentials");
    EXPECT_EQ(Credentials::parse("02", "123456", "1234567x").error().code, "dlt645.credentials");
}

}  // namespace
}  // namespace mb::codec::dlt645
