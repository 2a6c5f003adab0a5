// Ten thousand meters dial in at once over loopback, from a second process (`meterbook fleet
// --swarm`): all are known, read and switched; one floods; the process dies and all come back.
// Where the hard limit of descriptors is too low the links are in memory, and the note says so.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <queue>

#include "headend/headend.hpp"
#include "sim/fleet/campus.hpp"
#include "sim/meter/model.hpp"

extern char** environ;

namespace mb {
namespace {

using namespace headend;
using SteadyClock = std::chrono::steady_clock;

constexpr int meters = 10'000;
constexpr std::size_t descriptors_min = 12'000;

double seconds_since(SteadyClock::time_point start) {
    return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

/// METERBOOK_BINARY, or the program beside this test.
std::filesystem::path binary() {
    if (const char* named = std::getenv("METERBOOK_BINARY")) return named;
    return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "meterbook";
}

/// The meters' process. Ends with this object.
class FleetProcess {
public:
    explicit FleetProcess(std::uint16_t port) {
        const std::string program = binary().string();
        const std::string where = fmt::format("127.0.0.1:{}", port);
        const std::string count = std::to_string(meters);
        std::vector<const char*> args{program.c_str(), "fleet",       "--swarm", count.c_str(),
                                      "--head-end",    where.c_str(), nullptr};
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        const int failed = posix_spawn(&pid_, program.c_str(), &actions, nullptr,
                                       const_cast<char* const*>(args.data()), environ);
        posix_spawn_file_actions_destroy(&actions);
        if (failed != 0) pid_ = -1;
    }
    ~FleetProcess() { kill_now(); }
    FleetProcess(const FleetProcess&) = delete;
    FleetProcess& operator=(const FleetProcess&) = delete;

    void kill_now() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }
    [[nodiscard]] bool alive() const { return pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == 0; }

private:
    pid_t pid_ = -1;
};

/// Counts what the engine would get.
struct Ledgerless : EventSink {
    bool submit(ProjectId, engine::Event&& event) override {
        if (const auto* reading = std::get_if<engine::ReadingTaken>(&event)) {
            read[static_cast<std::size_t>(reading->meter.value)] = true;
            ++readings;
        } else if (const auto* status = std::get_if<engine::StatusRead>(&event)) {
            if (status->command && status->relay_open && asked.contains(status->command.value)) {
                latency_s.push_back(seconds_since(asked[status->command.value]));
            }
        } else if (const auto* contact = std::get_if<engine::ContactChanged>(&event)) {
            for (const MeterId meter : contact->meters) {
                if (meter.value <= meters) online += contact->online ? 1 : -1;
            }
        }
        return true;
    }
    [[nodiscard]] std::ptrdiff_t distinct() const {
        return std::count(read.begin(), read.begin() + meters + 1, true);
    }

    std::vector<bool> read = std::vector<bool>(meters + 2);
    std::ptrdiff_t readings = 0;
    std::ptrdiff_t online = 0;
    std::map<std::int64_t, SteadyClock::time_point> asked;
    std::vector<double> latency_s;
};

struct WallClock : Clock {
    [[nodiscard]] engine::Now now() const override {
        const auto us = std::chrono::duration_cast<std::chrono::microseconds>(
            std::chrono::system_clock::now().time_since_epoch());
        return {Instant{us.count()}, Instant{us.count()}, 1};
    }
};

/// The swarm's, and one more that dials in by itself.
ProjectMeters swarm_meters() {
    ProjectMeters out;
    const auto campus = sim::fleet::make_swarm(meters + 1, "127.0.0.1:1", {});
    for (const auto& one : campus.meters) {
        engine::Meter meter;
        meter.id = MeterId{std::ssize(out.meters) + 1};
        meter.link.profile = "imei";
        meter.link.address = one.address;
        meter.link.imei = one.imei;
        meter.link.password = "02" + one.password;
        out.meters.push_back(meter);
    }
    return out;
}

engine::OutboxRow trip(std::int64_t command, MeterId meter, const engine::Now& now) {
    engine::OutboxRow row;
    row.command = CommandId{command};
    row.command_kind = engine::CommandKind::trip;
    row.meter = meter;
    row.deadline = now.business + Duration::minutes(5);
    return row;
}

std::int64_t resident_kb() {
    std::ifstream in("/proc/self/statm");
    std::int64_t size = 0;
    std::int64_t resident = 0;
    in >> size >> resident;
    return resident * 4;
}

double percentile(std::vector<double> values, double share) {
    std::ranges::sort(values);
    return values.empty()
               ? 0
               : values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

/// A device that sends as much as the socket takes.
struct Flood {
    Flood(net::Reactor& reactor, std::uint16_t port, const std::string& hello)
        : timer(reactor),
          connecting(reactor, {.host = "127.0.0.1", .port = port}, [this, hello](auto made) {
              if (!made) return;
              link = std::move(*made);
              link->start([](ByteView) {}, [this](const Error&) { link.reset(); });
              link->send(as_bytes(hello));
              pour();
          }) {}
    void pour() {
        if (!link) return;
        link->send(Bytes(4'000, 0x68));
        timer.after(Duration::milliseconds(20), [this] { pour(); });
    }
    net::LinkPtr link;
    net::Timer timer;
    net::TcpConnecting connecting;
};

TEST(Links, TenThousandSocketsAtOnce) {
    const std::size_t descriptors = net::raise_descriptor_limit();
    if (descriptors < descriptors_min) GTEST_SKIP() << "see Links.TenThousandInMemory";
    ASSERT_TRUE(std::filesystem::exists(binary())) << binary() << ": build meterbook first";
    net::Reactor reactor;
    const WallClock clock;
    Ledgerless sink;
    Headend head(reactor, {}, LinkProfiles::built_in(), clock, sink);
    const auto until = [&](double seconds, const std::function<bool()>& done) {
        const auto start = SteadyClock::now();
        while (!done() && seconds_since(start) < seconds)
            reactor.run_for(Duration::milliseconds(20));
        return done();
    };
    const auto port = head.listen({{}, "imei"});
    ASSERT_TRUE(port) << port.error().text();
    head.configure(ProjectId{1}, swarm_meters());
    const std::int64_t before_kb = resident_kb();

    // All dial in and are read.
    FleetProcess fleet(*port);
    auto start = SteadyClock::now();
    ASSERT_TRUE(until(60, [&] { return sink.online == meters; }))
        << sink.online << " of " << meters;
    const double known_s = seconds_since(start);
    ASSERT_TRUE(until(60, [&] { return sink.distinct() == meters; })) << sink.distinct();
    const double read_s = seconds_since(start);
    EXPECT_EQ(head.board().links_bound(), static_cast<std::size_t>(meters));
    const std::int64_t each_bytes = (resident_kb() - before_kb) * 1'024 / meters;

    // One more device floods: it goes, nobody else notices.
    Flood flood(reactor, *port, fmt::format("8600000{:08}\r\n", meters + 1));
    const auto command = [&](std::int64_t first, int count) {
        sink.latency_s.clear();
        for (int i = 0; i < count; ++i) {
            const std::int64_t id = first + i;
            sink.asked[id] = SteadyClock::now();
            head.submit(ProjectId{1}, trip(id, MeterId{id}, clock.now()), false);
            reactor.run_for(Duration::milliseconds(5));
        }
        return until(60, [&] { return std::ssize(sink.latency_s) == count; });
    };
    ASSERT_TRUE(command(1, 300)) << sink.latency_s.size();
    const double p50 = percentile(sink.latency_s, 0.5);
    const double p99 = percentile(sink.latency_s, 0.99);
    EXPECT_LT(p99, 10.0);
    EXPECT_TRUE(until(30, [&] { return head.board().counters().links_flooding >= 1; }));

    // The process dies: all are out of contact. Another one comes: all are back.
    fleet.kill_now();
    ASSERT_TRUE(until(30, [&] { return sink.online == 0; })) << sink.online;
    EXPECT_EQ(head.board().links(), 0U);
    FleetProcess again(*port);
    start = SteadyClock::now();
    ASSERT_TRUE(until(60, [&] { return sink.online == meters; })) << sink.online;
    const double back_s = seconds_since(start);
    EXPECT_EQ(head.board().counters().readings_dropped, 0U);
    EXPECT_TRUE(again.alive());
    head.stop();
    fmt::print(
        "note: 10 000 loopback links: known in {:.1f} s, read in {:.1f} s, {} bytes resident each, "
        "trip to "
        "read-back p50 {:.2f} s p99 {:.2f} s, all back after a restart in {:.1f} s\n",
        known_s, read_s, each_bytes, p50, p99, back_s);
}

/// Ten thousand links without sockets: the switchboard and virtual meters in one thread, on a
/// virtual clock.
class MemoryField : public Wires {
public:
    MemoryField() : board({}, LinkProfiles::built_in(), *this, sink) {
        const Instant start = *parse_rfc3339("2026-11-20T01:30:00Z");
        now = {start, start, 1};
        campus = sim::fleet::make_swarm(meters, "127.0.0.1:1", {start.us, start.us, 1});
        board.configure(ProjectId{1}, swarm_meters(), now);
        for (const auto& one : campus.meters)
            models.emplace_back(sim::fleet::meter_config(campus, one), start);
    }
    void dial_all() {
        for (std::size_t i = 0; i < models.size(); ++i) {
            const LinkId link{i + 1};
            ASSERT_TRUE(board.opened(link, "imei", "memory", now));
            board.bytes(link, as_bytes(campus.meters[i].imei + "\r\n"), now);
        }
    }
    void send(LinkId link, ByteView bytes) override {
        for (auto& answer : models[link.value - 1].on_bytes(bytes, now.business)) {
            waiting.push({now.wall + answer.delay, order++, link, std::move(answer.bytes)});
        }
    }
    void close(LinkId, std::string_view) override { ++closed; }
    void run(Duration wall) {
        const Instant end = now.wall + wall;
        while (true) {
            const Instant timer = board.next_timer();
            const Instant next = waiting.empty() ? timer : std::min(timer, waiting.top().at);
            const bool over = next > end;
            const Instant to = std::max(over ? end : next, now.wall);
            now.business = now.business + (to - now.wall);
            now.wall = to;
            if (over) return;
            if (!waiting.empty() && waiting.top().at <= timer) {
                const Waiting due = waiting.top();
                waiting.pop();
                board.bytes(due.link, due.bytes, now);
            } else {
                board.timer(now);
            }
        }
    }

    struct Waiting {
        Instant at;
        std::uint64_t order;
        LinkId link;
        Bytes bytes;
        bool operator>(const Waiting& b) const {
            return std::tie(at, order) > std::tie(b.at, b.order);
        }
    };
    Ledgerless sink;
    sim::fleet::Campus campus;
    std::deque<sim::meter::MeterModel> models;
    std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> waiting;
    std::uint64_t order = 0;
    int closed = 0;
    engine::Now now;
    Switchboard board;
};

TEST(Links, TenThousandInMemory) {
    MemoryField field;
    field.dial_all();
    field.run(Duration::seconds(30));
    EXPECT_EQ(field.board.links_bound(), static_cast<std::size_t>(meters));
    EXPECT_EQ(field.sink.distinct(), meters);
    for (int id = 1; id <= 300; ++id) {
        field.sink.asked[id] = SteadyClock::now();
        field.board.submit(ProjectId{1}, trip(id, MeterId{id}, field.now), false, field.now);
    }
    field.run(Duration::seconds(30));
    EXPECT_EQ(field.sink.latency_s.size(), 300U);
    EXPECT_EQ(field.closed, 0);
    if (net::raise_descriptor_limit() < descriptors_min) {
        fmt::print(
            "note: 10 000 links in memory, not on sockets: the hard limit of descriptors is below "
            "{}\n",
            descriptors_min);
    }
}

}  // namespace
}  // namespace mb
