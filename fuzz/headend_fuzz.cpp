// The head-end: any bytes at any moment on links of every profile, with tasks under way. Input: a
// byte of profile, then steps of one byte (what, how much) and their bytes.
#include <cstddef>
#include <cstdint>

#include "base/check.hpp"
#include "headend/switchboard.hpp"

namespace {

using namespace mb;
using namespace mb::headend;

struct Nowhere : Wires, EventSink {
    void send(LinkId, ByteView bytes) override { CHECK(!bytes.empty()); }
    void close(LinkId link, std::string_view reason) override {
        CHECK(!reason.empty());
        closed = link.value == current ? true : closed;
    }
    bool submit(ProjectId project, engine::Event&& event) override {
        CHECK(project == ProjectId{1});
        if (const auto* report = std::get_if<engine::CommandReported>(&event)) {
            if (report->phase == engine::CommandPhase::acked) ++acked;
        }
        if (const auto* reading = std::get_if<engine::ReadingTaken>(&event)) {
            CHECK(reading->registers.count >= 1);
            CHECK(reading->registers.count <= rules::metering::max_registers);
        }
        return true;
    }
    std::uint64_t current = 0;
    bool closed = false;
    int acked = 0;
};

engine::Meter meter(std::int64_t id, const std::string& profile) {
    engine::Meter out;
    out.id = MeterId{id};
    out.link.profile = profile;
    out.link.address = id == 1 ? "002611150042" : "002611150043";
    out.link.imei = "866123045678901";
    out.link.gateway = profile == "gateway_binary" ? "000020260017" : "GW0017";
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<std::string> profiles = LinkProfiles::built_in().names();
    ByteReader in({data, size});
    const std::string& profile = profiles[in.u8() % profiles.size()];
    Nowhere world;
    Switchboard board({}, LinkProfiles::built_in(), world, world);
    const Instant start{1'795'225'800'000'000};
    engine::Now now{start, start, 60};
    board.configure(ProjectId{1}, {"Asia/Shanghai", {meter(1, profile), meter(2, profile)}}, now);
    std::int64_t command = 0;
    const auto advance = [&](Duration wall) {
        now.wall = now.wall + wall;
        now.business = now.business + wall * now.speed;
        for (int turns = 0; board.next_timer() <= now.wall; ++turns) {
            CHECK(turns < 1'000);
            board.timer(now);
        }
    };
    while (!in.at_end()) {
        const std::uint8_t step = in.u8();
        const std::uint8_t amount = step & 0x1F;
        if (world.current == 0 || world.closed) {
            world.closed = false;
            ++world.current;
            if (!board.opened(LinkId{world.current}, profile, "192.0.2.1:1", now)) return 0;
        }
        switch (step >> 5) {
            case 0: advance(Duration::milliseconds(amount * 100)); break;
            case 1: advance(Duration::seconds(amount)); break;
            case 2: {
                engine::OutboxRow row;
                row.command = CommandId{++command};
                row.command_kind = static_cast<engine::CommandKind>(amount & 3);
                row.attempt = 1 + (amount >> 4);
                row.meter = MeterId{1 + (amount >> 2 & 1)};
                row.deadline = now.business + Duration::minutes(30);
                board.submit(ProjectId{1}, row, (amount >> 3 & 1) != 0, now);
                break;
            }
            case 3: board.supersede(ProjectId{1}, CommandId{command}, now); break;
            default:
                board.bytes(LinkId{world.current},
                            in.bytes(std::min<std::size_t>(amount * 4U + 1, in.left())), now);
        }
    }
    for (int i = 0; i < 80; ++i) advance(Duration::seconds(1));
    CHECK(board.tasks() == 0);
    CHECK(board.links() <= 1);
    return 0;
}
