#include "sim/meter/wire.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mb::sim::meter::wire {
namespace {

Bytes bytes_of(std::string_view text) { return parse_hex(text).value(); }

Frame only_frame(std::string_view text) {
    Scanner scanner;
    scanner.feed(bytes_of(text));
    const auto frame = scanner.next();
    EXPECT_TRUE(frame.has_value()) << text;
    EXPECT_FALSE(scanner.next().has_value());
    EXPECT_EQ(scanner.skipped(), 0U);
    return frame.value_or(Frame{});
}

// The computed examples of reference/protocols.md §1.7: address, control, plain data, wire form.
struct Example {
    const char* address;
    std::uint8_t control;
    const char* data;
    const char* wire;
};
constexpr const char* meter = "002611150042";
const Example examples[] = {
    {meter, 0x11, "00FF0100", "68 42 00 15 11 26 00 68 11 04 33 32 34 33 3F 16"},
    {meter, 0x91, "00FF0100 34120000 10010000 25050000 60040000 39010000",
     "68 42 00 15 11 26 00 68 91 18 33 32 34 33 67 45 33 33 43 34 33 33 58 38 33 33 93 37 33 33 6C "
     "34 33 33 EE 16"},
    {meter, 0x91, "00000302 502180", "68 42 00 15 11 26 00 68 91 07 33 33 36 35 83 54 B3 51 16"},
    {meter, 0x1C, "02563412 78563412 1A00 000018311226",
     "68 42 00 15 11 26 00 68 1C 10 35 89 67 45 AB 89 67 45 4D 33 33 33 4B 64 45 59 07 16"},
    {meter, 0x9C, "", "68 42 00 15 11 26 00 68 9C 00 FA 16"},
    {meter, 0xDC, "04", "68 42 00 15 11 26 00 68 DC 01 37 72 16"},
    {meter, 0x91, "03050004 5010", "68 42 00 15 11 26 00 68 91 06 36 38 33 37 83 43 93 16"},
    {meter, 0x91, "00029000 75480300",
     "68 42 00 15 11 26 00 68 91 08 33 35 C3 33 A8 7B 36 33 E1 16"},
    {meter, 0xB1, "00FF0100 34120000",
     "68 42 00 15 11 26 00 68 B1 08 33 32 34 33 67 45 33 33 F5 16"},
    {meter, 0x12, "00FF0100 01", "68 42 00 15 11 26 00 68 12 05 33 32 34 33 34 75 16"},
    {"999999999999", 0x08, "300915221126", "68 99 99 99 99 99 99 68 08 06 63 3C 48 55 44 59 4D 16"},
    {"AAAAAAAA0042", 0x11, "00010102", "68 42 00 AA AA AA AA 68 11 04 33 34 34 35 9F 16"},
};

TEST(MeterWire, WritesAndReadsTheComputedExamples) {
    for (const Example& e : examples) {
        const Frame frame{parse_address(e.address).value(), e.control, bytes_of(e.data)};
        EXPECT_EQ(hex(encode(frame), " "), e.wire);
        EXPECT_EQ(only_frame(e.wire), frame) << e.wire;
    }
    EXPECT_EQ(hex(encode(only_frame(examples[0].wire), 4), " "),
              std::string("FE FE FE FE ") + examples[0].wire);
}

TEST(MeterWire, FindsFramesInNoiseSplitAnywhere) {
    const Bytes frame = bytes_of(examples[3].wire);
    const Frame wanted = only_frame(examples[3].wire);
    Bytes stream = bytes_of("68 68 16 00 68 01 02 03 04 05 06 68 11 02");
    stream.insert(stream.end(), frame.begin(), frame.end());
    stream.push_back(0x68);
    stream.insert(stream.end(), frame.begin(), frame.end());
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        Scanner scanner;
        int found = 0;
        for (const ByteView part : {ByteView(stream).first(cut), ByteView(stream).subspan(cut)}) {
            scanner.feed(part);
            while (const auto frame_found = scanner.next()) {
                EXPECT_EQ(*frame_found, wanted);
                ++found;
            }
        }
        EXPECT_EQ(found, 2) << cut;
        EXPECT_EQ(scanner.skipped(), 15U) << cut;
    }
}

RC_GTEST_PROP(MeterWire, EncodeThenScanIsIdentity, (Address address, std::uint8_t control)) {
    const Bytes data = *rc::gen::container<Bytes>(*rc::gen::inRange<std::size_t>(0, 256),
                                                  rc::gen::arbitrary<std::uint8_t>());
    const Frame frame{address, control, data};
    Scanner scanner;
    scanner.feed(encode(frame, *rc::gen::inRange(0, 5)));
    RC_ASSERT(scanner.next() == frame);
}

RC_GTEST_PROP(MeterWire, NoBytesBreakTheScanner, (const Bytes& noise)) {
    Scanner scanner;
    scanner.feed(noise);
    while (scanner.next()) {
    }
    RC_ASSERT(scanner.skipped() <= noise.size());
}

TEST(MeterWire, MatchesAbbreviatedAddresses) {
    const Address own = parse_address("002611150042").value();
    EXPECT_TRUE(meant_for(own, own));
    EXPECT_TRUE(meant_for(wildcard, own));
    EXPECT_TRUE(meant_for(parse_address("AAAAAAAA0042").value(), own));
    EXPECT_FALSE(meant_for(parse_address("AAAAAAAA0043").value(), own));
    EXPECT_FALSE(meant_for(broadcast, own));
    EXPECT_FALSE(meant_for(parse_address("002611150043").value(), own));
    EXPECT_EQ(address_text(parse_address("42").value()), "000000000042");
    EXPECT_EQ(parse_address("0026111500423").error().code, "meter.bad_address");
    EXPECT_EQ(parse_address("00261115004G").error().code, "meter.bad_address");
}

TEST(MeterWire, WritesBcdWithSign) {
    Bytes out;
    put_bcd(out, 123456, 4);
    put_signed_bcd(out, -2150, 3);
    EXPECT_EQ(hex(out), "56341200502180");
    EXPECT_EQ(get_bcd(ByteView(out).first(4)), 123456);
    EXPECT_EQ(get_bcd(Bytes{0x1A}), std::nullopt);
}

}  // namespace
}  // namespace mb::sim::meter::wire
