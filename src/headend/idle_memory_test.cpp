// Ten thousand idle links: what each costs.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include "headend/switchboard.hpp"

namespace mb::headend {
namespace {

struct Nowhere : Wires, EventSink {
    void send(LinkId, ByteView bytes) override { sent += bytes.size(); }
    void close(LinkId, std::string_view) override { ++closed; }
    bool submit(ProjectId, engine::Event&&) override { return true; }
    std::size_t sent = 0;
    std::size_t closed = 0;
};

#ifndef __SANITIZE_ADDRESS__  // its allocator counts elsewhere
TEST(IdleLinks, CostLessThanTwoKilobytesEach) {
    constexpr std::int64_t count = 10'000;
    constexpr std::size_t bytes_max = 2'048;
    Nowhere nowhere;
    Switchboard board({}, LinkProfiles::built_in(), nowhere, nowhere);
    const Instant start = *parse_rfc3339("2026-11-20T01:30:00Z");
    const engine::Now now{start, start, 1};
    ProjectMeters meters;
    for (std::int64_t i = 0; i < count; ++i) {
        engine::Meter meter;
        meter.id = MeterId{i + 1};
        meter.link.profile = "imei";
        meter.link.address = fmt::format("{:012d}", i + 1);
        meter.link.imei = fmt::format("86{:013d}", i);
        meters.meters.push_back(meter);
    }
    board.configure(ProjectId{1}, meters, now);
    const std::size_t before = mallinfo2().uordblks;
    const Bytes answer = *parse_hex(
        "FEFEFEFE 68420015112600 68 9118 33323433 67453333 43343333 58383333 93373333 6C343333 "
        "EE16");
    for (std::int64_t i = 0; i < count; ++i) {
        const LinkId link{static_cast<std::uint64_t>(i) + 1};
        ASSERT_TRUE(board.opened(link, "imei", "192.0.2.201:51712", now));
        board.bytes(link, as_bytes(fmt::format("86{:013d}\r\n", i)), now);
        for (int k = 0; k < 4; ++k) board.bytes(link, answer, now);
    }
    ASSERT_EQ(board.links_bound(), static_cast<std::size_t>(count));
    EXPECT_EQ(board.counters().links.frames, 4U * count);
    const std::size_t each = (mallinfo2().uordblks - before) / count;
    RecordProperty("bytes_per_link", static_cast<int>(each));
    EXPECT_LE(each, bytes_max);
}
#endif

}  // namespace
}  // namespace mb::headend
