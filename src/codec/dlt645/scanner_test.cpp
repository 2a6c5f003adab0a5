#include "codec/dlt645/scanner.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>

namespace mb::codec::dlt645 {
namespace {

const std::string good = "68 42 00 15 11 26 00 68 91 08 33 35 C3 33 A8 7B 36 33 E1 16";

/// One line per event: "frame 4", "checksum 0+20", "garbage 3+2".
std::vector<std::string> drain(Scanner& scanner) {
    std::vector<std::string> out;
    while (const auto event = scanner.next()) {
        if (const auto* frame = std::get_if<FoundFrame>(&*event)) {
            out.push_back("frame " + std::to_string(frame->position));
        } else if (const auto* bad = std::get_if<BadFrame>(&*event)) {
            out.push_back(std::string(fault_code(bad->fault)) + ' ' +
                          std::to_string(bad->position) + '+' + std::to_string(bad->length));
        } else {
            const auto& garbage = std::get<Garbage>(*event);
            out.push_back("garbage " + std::to_string(garbage.position) + '+' +
                          std::to_string(garbage.length));
        }
    }
    return out;
}

std::vector<std::string> scan(std::string_view text) {
    Scanner scanner;
    scanner.feed(parse_hex(text).value());
    scanner.flush();
    return drain(scanner);
}

using Lines = std::vector<std::string>;

TEST(Dlt645Scanner, PreambleOfAnyLengthIsNeitherFrameNorError) {
    EXPECT_EQ(scan(good), Lines{"frame 0"});
    EXPECT_EQ(scan("FE " + good), Lines{"frame 1"});
    std::string many;
    for (int i = 0; i < 300; ++i) {
        many += "FE";
    }
    EXPECT_EQ(scan(many + good), Lines{"frame 300"});
    EXPECT_EQ(scan(good + "FEFEFEFE"), Lines{"frame 0"});
    EXPECT_EQ(scan("FEFEFE"), Lines{});
    EXPECT_EQ(scan(""), Lines{});
}

TEST(Dlt645Scanner, FaultsHaveCodeAndPosition) {
    const std::string wrong_sum = "68 42 00 15 11 26 00 68 91 08 33 35 C3 33 A8 7B 36 33 E2 16";
    const std::string wrong_end = "68 42 00 15 11 26 00 68 91 08 33 35 C3 33 A8 7B 36 33 E1 17";
    EXPECT_EQ(scan(wrong_sum), Lines{"dlt645.checksum 0+20"});
    EXPECT_EQ(scan(wrong_end), Lines{"dlt645.end_mark 0+20"});
    EXPECT_EQ(scan(good.substr(0, 56)), Lines{"dlt645.truncated 0+19"});
    EXPECT_EQ(scan("68 42"), Lines{"dlt645.truncated 0+2"});
    EXPECT_EQ(scan("FEFE" + wrong_sum + good + "68"),
              (Lines{"dlt645.checksum 2+20", "frame 22", "dlt645.truncated 42+1"}));
    EXPECT_EQ(scan("0102" + good + "03 FE 04"),
              (Lines{"garbage 0+2", "frame 2", "garbage 22+1", "garbage 24+1"}));
    // The head of one frame swallows nothing of the next.
    EXPECT_EQ(scan("68 42 00 15 11 26 00 68 91 08 33" + good),
              (Lines{"dlt645.end_mark 0+20", "frame 11"}));
    EXPECT_EQ(scan("68 68 68" + good), (Lines{"garbage 0+3", "frame 3"}));
}

TEST(Dlt645Scanner, MarksInsideAFrameDoNotDisturb) {
    Bytes data;
    for (int i = 0; i < 40; ++i) {
        data.push_back(static_cast<std::uint8_t>((i % 2 == 0 ? 0x68 : 0x16) - 0x33));
    }
    const Address odd{{0x68, 0x16, 0x68, 0x68, 0x16, 0x68}};
    const Frame frame = Frame::make(odd, 0x91, data);
    Scanner scanner;
    for (const std::uint8_t byte : frame.encode(2)) {
        scanner.feed(ByteView(&byte, 1));
    }
    const auto found = scanner.next_frame();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->frame, frame);
    EXPECT_EQ(found->position, 2U);
}

TEST(Dlt645Scanner, EverySingleChangedByteIsNoticed) {
    const Bytes frame = parse_hex(good).value();
    for (std::size_t at = 0; at < frame.size(); ++at) {
        for (int flip = 1; flip < 256; ++flip) {
            Bytes changed = frame;
            changed[at] ^= static_cast<std::uint8_t>(flip);
            Scanner scanner;
            scanner.feed(changed);
            scanner.flush();
            EXPECT_FALSE(scanner.next_frame()) << at << ' ' << flip;
        }
    }
}

TEST(Dlt645Scanner, FlushGivesUpAHalfFrameAndGoesOn) {
    const Bytes bytes = parse_hex(good).value();
    Scanner scanner;
    scanner.feed(ByteView(bytes).first(15));
    EXPECT_EQ(drain(scanner), Lines{});
    EXPECT_EQ(scanner.pending(), 15U);
    scanner.flush();
    EXPECT_EQ(drain(scanner), Lines{"dlt645.truncated 0+15"});
    EXPECT_EQ(scanner.pending(), 0U);
    scanner.feed(bytes);
    EXPECT_EQ(drain(scanner), Lines{"frame 15"});
}

// ---- properties: the slow, obvious scanner over the whole line is the measure.

struct Seen {
    std::uint64_t position;
    Bytes bytes;
    friend bool operator==(const Seen&, const Seen&) = default;
};

std::vector<Seen> slow_scan(const Bytes& line) {
    std::vector<Seen> out;
    for (std::size_t i = 0; i + 12 <= line.size();) {
        const std::size_t size = 12U + line[i + 9];
        const bool fits = line[i] == 0x68 && line[i + 7] == 0x68 && i + size <= line.size();
        if (fits && line[i + size - 1] == 0x16) {
            const auto from = line.begin() + static_cast<std::ptrdiff_t>(i);
            const auto sum_at = from + static_cast<std::ptrdiff_t>(size) - 2;
            if (static_cast<std::uint8_t>(std::accumulate(from, sum_at, 0)) == *sum_at) {
                out.push_back({i, Bytes(from, sum_at + 2)});
                i += size;
                continue;
            }
        }
        ++i;
    }
    return out;
}

rc::Gen<Bytes> any_frame() {
    return rc::gen::map(
        rc::gen::tuple(rc::gen::container<Bytes>(6, rc::gen::arbitrary<std::uint8_t>()),
                       rc::gen::arbitrary<std::uint8_t>(), rc::gen::arbitrary<Bytes>()),
        [](const std::tuple<Bytes, std::uint8_t, Bytes>& parts) {
            Address address;
            std::copy_n(std::get<0>(parts).begin(), 6, address.bytes.begin());
            const ByteView data = std::get<2>(parts);
            return Frame::make(address, std::get<1>(parts),
                               data.first(std::min<std::size_t>(data.size(), 255)))
                .encode();
        });
}

/// Frames, halves of frames, and noise made of the marks themselves.
rc::Gen<Bytes> any_piece() {
    const auto mark = rc::gen::element<std::uint8_t>(0x68, 0x16, 0xFE, 0x00, 0x33);
    const auto half = rc::gen::map(any_frame(), [](Bytes frame) {
        frame.resize(frame.size() * 2 / 3);
        return frame;
    });
    return rc::gen::oneOf(any_frame(), half, rc::gen::container<Bytes>(mark),
                          rc::gen::arbitrary<Bytes>());
}

Bytes join(const std::vector<Bytes>& pieces) {
    Bytes line;
    for (const Bytes& piece : pieces) {
        line.insert(line.end(), piece.begin(), piece.end());
    }
    return line;
}

RC_GTEST_PROP(Dlt645Scanner, FindsWhatTheSlowScannerFindsInAnySegmentation, ()) {
    const Bytes line = join(*rc::gen::container<std::vector<Bytes>>(any_piece()));
    Scanner scanner;
    std::vector<Seen> found;
    const auto take = [&] {
        while (const auto event = scanner.next_frame()) {
            found.push_back({event->position, event->frame.encode()});
        }
    };
    for (std::size_t at = 0; at < line.size();) {
        const auto size = *rc::gen::inRange<std::size_t>(1, 40);
        const ByteView rest = ByteView(line).subspan(at);
        scanner.feed(rest.first(std::min(size, rest.size())));
        at += std::min(size, rest.size());
        take();
        RC_ASSERT(scanner.pending() < 267U);
    }
    scanner.flush();
    take();
    RC_ASSERT(found == slow_scan(line));
    const ScanCounts& counts = scanner.counts();
    RC_ASSERT(scanner.pending() == 0U);
    RC_ASSERT(counts.frames == found.size());
    RC_ASSERT(counts.frame_bytes + counts.bad_bytes + counts.garbage_bytes + counts.filler_bytes ==
              line.size());
}

RC_GTEST_PROP(Dlt645Scanner, EventsDoNotDependOnTheSegmentation, ()) {
    const Bytes line = join(*rc::gen::container<std::vector<Bytes>>(any_piece()));
    Scanner whole;
    whole.feed(line);
    whole.flush();
    const Lines expected = drain(whole);
    Scanner bytewise;
    Lines events;
    for (const std::uint8_t byte : line) {
        bytewise.feed(ByteView(&byte, 1));
        for (std::string& event : drain(bytewise)) {
            events.push_back(std::move(event));
        }
    }
    bytewise.flush();
    for (std::string& event : drain(bytewise)) {
        events.push_back(std::move(event));
    }
    RC_ASSERT(events == expected);
}

RC_GTEST_PROP(Dlt645Scanner, EveryFrameBetweenHarmlessNoiseIsFound, ()) {
    const auto frames = *rc::gen::container<std::vector<Bytes>>(any_frame());
    Bytes line;
    std::vector<Seen> expected;
    for (const Bytes& frame : frames) {
        const auto noise = *rc::gen::container<Bytes>(
            rc::gen::suchThat<std::uint8_t>([](std::uint8_t byte) { return byte != 0x68; }));
        line.insert(line.end(), noise.begin(), noise.end());
        expected.push_back({line.size(), frame});
        line.insert(line.end(), frame.begin(), frame.end());
    }
    Scanner scanner;
    scanner.feed(line);
    std::vector<Seen> found;
    while (const auto event = scanner.next_frame()) {
        found.push_back({event->position, event->frame.encode()});
    }
    RC_ASSERT(found == expected);
}

}  // namespace
}  // namespace mb::codec::dlt645
