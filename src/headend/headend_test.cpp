// The head-end over loopback sockets: what only sockets can show. Everything else is in
// session_test and task_test.
#include "headend/headend.hpp"

#include <gtest/gtest.h>

#include "headend/scripted_field_test.hpp"

namespace mb::headend {
namespace {

using testing::ScriptedMeter;

struct TestClock : Clock {
    [[nodiscard]] engine::Now now() const override { return at; }
    engine::Now at{*parse_rfc3339("2026-11-20T01:30:00Z"), *parse_rfc3339("2026-11-20T01:30:00Z"),
                   60};
};

struct Collected : EventSink {
    bool submit(ProjectId, engine::Event&& event) override {
        events.push_back(std::move(event));
        return true;
    }
    template <class T>
    [[nodiscard]] int count() const {
        return static_cast<int>(std::ranges::count_if(
            events, [](const engine::Event& e) { return std::holds_alternative<T>(e); }));
    }
    std::vector<engine::Event> events;
};

struct OverSockets : ::testing::Test {
    /// Runs the loop until `done` or ten seconds are over.
    bool until(const std::function<bool()>& done) {
        for (int i = 0; i < 1'000 && !done(); ++i) reactor.run_for(Duration::milliseconds(10));
        return done();
    }
    static engine::Meter meter_at(const std::string& address, const std::string& imei) {
        engine::Meter out;
        out.id = MeterId{7};
        out.link.profile = imei.empty() ? "plain" : "imei";
        out.link.address = address;
        out.link.imei = imei;
        return out;
    }
    /// A meter that dials in, says `hello` and answers frames.
    void dial(std::uint16_t port, const std::string& hello) {
        connecting.push_back(std::make_unique<net::TcpConnecting>(
            reactor, net::TcpConnectOptions{.host = "127.0.0.1", .port = port},
            [this, hello](auto link) {
                ASSERT_TRUE(link) << link.error().text();
                meter_link = std::move(*link);
                meter_link->start(
                    [this](ByteView bytes) {
                        scanner.feed(bytes);
                        while (const auto found = scanner.next_frame()) {
                            if (const auto answer = meter.answer(found->frame, clock.now())) {
                                meter_link->send(*answer);
                            }
                        }
                    },
                    [this](const Error&) { meter_closed = true; });
                meter_link->send(as_bytes(hello));
            }));
    }

    net::Reactor reactor;
    TestClock clock;
    Collected sink;
    Headend headend{reactor, {}, LinkProfiles::built_in(), clock, sink};
    ScriptedMeter meter;
    dlt645::Scanner scanner;
    std::vector<std::unique_ptr<net::TcpConnecting>> connecting;
    net::LinkPtr meter_link;
    bool meter_closed = false;
};

TEST_F(OverSockets, AMeterDialsInIsReadAndSwitched) {
    meter.address = "002611150042";
    const auto port = headend.listen({{}, "plain"});
    ASSERT_TRUE(port) << port.error().text();
    headend.configure(ProjectId{1}, {"Asia/Shanghai", {meter_at(meter.address, "")}});
    dial(*port, "");
    ASSERT_TRUE(until([&] { return sink.count<engine::ReadingTaken>() == 1; }));
    engine::OutboxRow row;
    row.command = CommandId{5};
    row.command_kind = engine::CommandKind::trip;
    row.meter = MeterId{7};
    row.deadline = clock.at.business + Duration::minutes(30);
    headend.submit(ProjectId{1}, row, false);
    ASSERT_TRUE(until([&] { return headend.board().tasks() == 0; }));
    EXPECT_TRUE(meter.relay_open);
    EXPECT_EQ(headend.board().counters().tasks_verified, 1U);
    meter_link.reset();
    ASSERT_TRUE(until([&] { return headend.board().links() == 0; }));
    const auto& last = std::get<engine::ContactChanged>(sink.events.back());
    EXPECT_FALSE(last.online);
}

TEST_F(OverSockets, AnImeiIsKnownAndStopClosesEveryLink) {
    meter.address = "002611150042";
    const auto port = headend.listen({{}, "imei"});
    ASSERT_TRUE(port);
    headend.configure(ProjectId{1},
                      {"Asia/Shanghai", {meter_at(meter.address, "866123045678901")}});
    dial(*port, "866123045678901\r\n");
    ASSERT_TRUE(until([&] { return sink.count<engine::ReadingTaken>() == 1; }));
    EXPECT_EQ(headend.board().link_list(0, 10).at(0).device, "866123045678901");
    headend.stop();
    EXPECT_TRUE(until([&] { return meter_closed; }));
}

TEST_F(OverSockets, AnUnknownProfileIsRefusedWithASuggestion) {
    EXPECT_EQ(headend.listen({{}, "imie"}).error().text(),
              "headend.no_such_profile profile=imie did_you_mean=imei");
}

}  // namespace
}  // namespace mb::headend
