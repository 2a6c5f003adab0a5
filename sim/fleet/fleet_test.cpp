#include "sim/fleet/fleet.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "base/binary.hpp"
#include "net/http_server.hpp"
#include "sim/channel/state_file.hpp"

namespace mb::sim::fleet {
namespace {

using meter::wire::Frame;

std::string example_campus(int port, int speed) {
    const Instant wall = unix_wall_now();
    const auto meter = [](const char* address, const char* gateway, const char* imei,
                          const char* profile) {
        return std::string(R"({"address":")") + address + R"(","password":"123456","gateway":")" +
               gateway + R"(","imei":")" + imei + R"(","profile":")" + profile +
               R"(","load":{"kind":"flat","scale_w_mean":36000},"digits":6,"initial_total":"100.00",)"
               R"("day_table":[{"minute":0,"band":4},{"minute":480,"band":2}]})";
    };
    return R"({"project":"1","seed":7,"head_end":"127.0.0.1:)" + std::to_string(port) +
           R"(","api_base":"","clock":{"business_us":1795397400000000,"wall_us":)" +
           std::to_string(wall.us) + R"(,"speed":)" + std::to_string(speed) +
           R"(},"gateways":[{"id":"GW01"}],"meters":[)" + meter("000000000001", "", "", "plain") +
           "," + meter("000000000002", "", "860000000000002", "imei") + "," +
           meter("000000000011", "GW01", "", "gateway") + "," +
           meter("000000000012", "GW01", "", "gateway") + R"(],"tenants":[]})";
}

/// A head-end of the test's own, on the fleet's reactor.
class FleetTest : public testing::Test {
protected:
    FleetTest() {
        char pattern[] = "/tmp/meterbook-fleet-XXXXXX";
        folder_ = mkdtemp(pattern);
        listen(0);
        port_ = listener_->port();
        replace_file(folder_ / "campus.json", as_bytes(example_campus(port_, 60)), false);
    }
    ~FleetTest() override {
        fleet_.reset();
        links_.clear();
        listener_.reset();
        std::filesystem::remove_all(folder_);
    }

    struct Peer {
        net::LinkPtr link;
        std::string hello;  // until the first whole frame
        meter::wire::Scanner scanner;
        std::vector<Frame> frames;
        bool gone = false;
    };

    void listen(std::uint16_t port) {
        net::TcpListenOptions options;
        options.port = port;
        listener_ = net::TcpListener::open(reactor_, options, [this](net::LinkPtr link) {
                        auto peer = std::make_unique<Peer>();
                        Peer* raw = peer.get();
                        peer->link = std::move(link);
                        links_.push_back(std::move(peer));
                        raw->link->start(
                            [raw](ByteView bytes) {
                                if (raw->frames.empty()) raw->hello += as_text(bytes);
                                raw->scanner.feed(bytes);
                                while (auto frame = raw->scanner.next()) {
                                    raw->frames.push_back(*frame);
                                }
                            },
                            [raw](const Error&) { raw->gone = true; });
                    }).value();
    }
    void start_fleet() {
        FleetOptions options;
        options.campus = load_campus(folder_ / "campus.json").value();
        options.state_file = folder_ / "fleet.state";
        fleet_ = Fleet::open(reactor_, std::move(options)).value();
        fleet_->begin();
    }
    bool until(const std::function<bool()>& condition) {
        for (int i = 0; i < 2000 && !condition(); ++i) reactor_.run_for(Duration::milliseconds(5));
        return condition();
    }
    /// The link that greeted with this text.
    Peer* greeted(const std::string& hello) {
        for (const auto& peer : links_) {
            if (!peer->gone && peer->hello == hello) return peer.get();
        }
        return nullptr;
    }
    std::optional<Frame> ask(Peer* peer, const Frame& request) {
        const std::size_t before = peer->frames.size();
        peer->link->send(meter::wire::encode(request, 4));
        if (!until([&] { return peer->frames.size() > before; })) return std::nullopt;
        return peer->frames.back();
    }
    Frame read_total(const char* address) {
        return {meter::wire::parse_address(address).value(), 0x11, {0, 0, 1, 0}};
    }
    Frame trip(const char* address) {
        return {meter::wire::parse_address(address).value(), 0x1C,
                parse_hex("02563412 00000000 1A00 000000010199").value()};
    }

    std::filesystem::path folder_;
    net::Reactor reactor_;
    std::unique_ptr<net::TcpListener> listener_;
    std::uint16_t port_ = 0;
    std::vector<std::unique_ptr<Peer>> links_;
    std::unique_ptr<Fleet> fleet_;
};

TEST_F(FleetTest, DialsInAndAnswersOnEveryKindOfLink) {
    start_fleet();
    EXPECT_EQ(fleet_->meters(), 4U);
    EXPECT_EQ(fleet_->lines(), 3U);
    ASSERT_TRUE(until([&] {
        return greeted("860000000000002\r\n") && greeted("GW01\r\n") && links_.size() == 3;
    }));
    Peer* plain = greeted("");
    ASSERT_NE(plain, nullptr);
    const auto own = ask(plain, {meter::wire::wildcard, 0x13, {}});
    ASSERT_TRUE(own);
    EXPECT_EQ(meter::wire::address_text(own->address), "000000000001");

    Peer* gateway = greeted("GW01\r\n");
    for (const char* address : {"000000000011", "000000000012"}) {
        const auto reply = ask(gateway, read_total(address));
        ASSERT_TRUE(reply);
        EXPECT_EQ(meter::wire::address_text(reply->address), address);
        EXPECT_EQ(reply->control, 0x91);
    }
    // All answer the wildcard at once on the bus: nothing readable; a stranger is not there.
    const std::size_t before = gateway->frames.size();
    gateway->link->send(meter::wire::encode({meter::wire::wildcard, 0x13, {}}));
    gateway->link->send(meter::wire::encode(read_total("000000000013")));
    const auto next = ask(gateway, read_total("000000000011"));
    ASSERT_TRUE(next);
    EXPECT_EQ(gateway->frames.size(), before + 1);
}

TEST_F(FleetTest, BusinessTimeRunsFromWallTime) {
    start_fleet();
    const Instant wall = unix_wall_now();
    const Instant business = fleet_->business_now();
    ASSERT_TRUE(until([&] { return unix_wall_now() - wall >= Duration::milliseconds(300); }));
    const std::int64_t passed = (fleet_->business_now() - business).us;
    const std::int64_t wall_passed = (unix_wall_now() - wall).us;
    EXPECT_NEAR(static_cast<double>(passed), static_cast<double>(wall_passed) * 60, 60 * 20'000);
    // 36 kW at 60 business seconds a wall second: 6 000 units a wall second.
    meter::MeterModel* m = fleet_->find("000000000001");
    ASSERT_NE(m, nullptr);
    const std::int64_t since_start =
        (m->state().at - Instant{1'795'397'400'000'000}).us;  // the campus's clock
    EXPECT_NEAR(static_cast<double>(m->total().units - 1'000'000),
                static_cast<double>(since_start) / 1e6 * 100, 6'000);
}

TEST_F(FleetTest, KeepsItsStateOverARestart) {
    start_fleet();
    ASSERT_TRUE(until([&] { return greeted("GW01\r\n") != nullptr; }));
    const auto accepted = ask(greeted("GW01\r\n"), trip("000000000012"));
    ASSERT_TRUE(accepted);
    EXPECT_EQ(accepted->control, 0x9C);
    const Instant tripped_at = fleet_->business_now();
    ASSERT_TRUE(until([&] { return fleet_->find("000000000012")->relay().open; }));
    const Energy total = fleet_->find("000000000011")->total();
    fleet_->save(true);
    fleet_.reset();
    EXPECT_GE(*saved_business_time(folder_ / "fleet.state").value(), tripped_at);

    start_fleet();
    EXPECT_TRUE(fleet_->find("000000000012")->relay().open);
    EXPECT_EQ(fleet_->find("000000000012")->relay().commanded_open, true);
    EXPECT_FALSE(fleet_->find("000000000011")->relay().open);
    EXPECT_GE(fleet_->find("000000000011")->total(), total);
}

TEST_F(FleetTest, ATenantWhosePowerIsCutGoesToTheApi) {
    int asked = 0;
    auto api = net::HttpServer::open(reactor_, {},
                                     [&](net::HttpRequest request, net::Responder responder) {
                                         asked += request.path == "/api/v1/auth/code" ? 1 : 0;
                                         responder.send({503, {}, "", nullptr});
                                     })
                   .value();
    Campus campus = load_campus(folder_ / "campus.json").value();
    campus.api_base = "http://127.0.0.1:" + std::to_string(api->port());
    campus.tenants.push_back({"000000000012", "13800000001", 1, 2, {Money{5000}}});
    replace_file(folder_ / "campus.json", as_bytes(to_json(campus)), false);
    start_fleet();
    ASSERT_TRUE(until([&] { return greeted("GW01\r\n") != nullptr; }));
    EXPECT_EQ(asked, 0);
    ASSERT_TRUE(ask(greeted("GW01\r\n"), trip("000000000012")));
    ASSERT_TRUE(until([&] { return asked >= 2; }));  // tries again on 503
    fleet_->save(false);
    fleet_.reset();
    const auto saved = load_state(folder_ / "fleet.state").value();
    ASSERT_TRUE(saved && saved->tenants.size() == 1);
    EXPECT_TRUE(saved->tenants[0].state.pending);
    asked = 0;
    start_fleet();  // goes on where it stood
    EXPECT_TRUE(until([&] { return asked >= 1; }));
    fleet_.reset();
}

TEST_F(FleetTest, WritesItsFileEachSecondWithoutBeingAsked) {
    start_fleet();
    const auto file = folder_ / "fleet.state";
    ASSERT_TRUE(until([&] { return std::filesystem::exists(file); }));
    const Instant first = *saved_business_time(file).value();
    ASSERT_TRUE(until([&] { return *saved_business_time(file).value() > first; }));
}

TEST_F(FleetTest, DialsAgainWhenTheHeadEndComesBack) {
    start_fleet();
    ASSERT_TRUE(until([&] { return links_.size() == 3; }));
    listener_.reset();
    links_.clear();
    ASSERT_TRUE(until([&] { return fleet_->counters().up == 0; }));
    ASSERT_TRUE(until([&] { return fleet_->counters().failures > 3; }));
    listen(port_);
    EXPECT_TRUE(until([&] { return fleet_->counters().up == 3 && greeted("GW01\r\n"); }));
}

TEST_F(FleetTest, RefusesABrokenStateFile) {
    replace_file(folder_ / "fleet.state", Bytes{9, 9, 9}, false);
    FleetOptions options;
    options.campus = load_campus(folder_ / "campus.json").value();
    options.state_file = folder_ / "fleet.state";
    EXPECT_EQ(Fleet::open(reactor_, options).error().code, "fleet.bad_state_file");
    EXPECT_EQ(saved_business_time(folder_ / "fleet.state").error().code, "fleet.bad_state_file");
    EXPECT_FALSE(saved_business_time(folder_ / "none").value());
}

TEST(Campus, IsReadStrictly) {
    const std::string good = example_campus(7645, 60);
    EXPECT_TRUE(check_campus(from_json<Campus>(good).value()));
    const Campus campus = from_json<Campus>(good).value();
    EXPECT_EQ(to_json(from_json<Campus>(to_json(campus)).value()), to_json(campus));
    const auto with = [&](const std::function<void(Campus&)>& change) {
        Campus out = campus;
        change(out);
        const auto result = check_campus(out);
        return result ? std::string("good") : result.error().code;
    };
    EXPECT_EQ(with([](Campus& c) { c.meters[0].address = "1"; }), "campus.bad_address");
    EXPECT_EQ(with([](Campus& c) { c.meters[0].address = c.meters[1].address; }),
              "campus.duplicate_meter");
    EXPECT_EQ(with([](Campus& c) { c.meters[1].imei = "86"; }), "campus.bad_imei");
    EXPECT_EQ(with([](Campus& c) { c.meters[2].gateway = "GW02"; }), "campus.unknown_gateway");
    EXPECT_EQ(with([](Campus& c) { c.meters[0].profile = LinkKind::gateway; }),
              "campus.unknown_gateway");
    EXPECT_EQ(with([](Campus& c) { c.meters[0].day_table.clear(); }), "campus.bad_meter");
    EXPECT_EQ(with([](Campus& c) { c.meters[0].day_table[1].minute = 0; }), "campus.bad_day_table");
    EXPECT_EQ(with([](Campus& c) { c.head_end = "localhost"; }), "campus.bad_head_end");
    EXPECT_EQ(with([](Campus& c) { c.clock.speed = 121; }), "campus.bad_clock");
    EXPECT_EQ(with([](Campus& c) { c.tenants.push_back({"000000000099", "", 1, 2, {Money{1}}}); }),
              "campus.unknown_meter");
    EXPECT_EQ(with([](Campus& c) { c.tenants.push_back({"000000000001", "", 3, 2, {Money{1}}}); }),
              "campus.bad_tenant");
    EXPECT_TRUE(check_campus(make_swarm(1000, "127.0.0.1:7645", campus.clock)));
}

}  // namespace
}  // namespace mb::sim::fleet
