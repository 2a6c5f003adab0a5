#include "app/demo.hpp"

#include "app/child.hpp"
#include "app/demo_campus.hpp"
#include "app/server.hpp"
#include "base/json.hpp"
#include "crypto/digest.hpp"
#include "sim/fleet/fleet.hpp"
#include "store/folder_lock.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <ostream>

namespace mb::app {

namespace {

namespace fs = std::filesystem;

constexpr const char* zone_name = "Asia/Shanghai";

std::string secret_of(const fs::path& file) {
    const auto kept = read_file(file);
    if (kept && kept->size() >= 32) {
        return *kept;
    }
    const std::string made = crypto::random_token();
    write_file(file, made, true);
    return made;
}

/// The later of what server and fleet saved; a new campus starts on a working day at 09:30.
Result<Instant> start_of(const fs::path& data, Instant wall) {
    const auto server = TRY(saved_business_time(data));
    const auto fleet = TRY(sim::fleet::saved_business_time(data / "fleet.state"));
    const Instant out = std::max(server.value_or(Instant{}), fleet.value_or(Instant{}));
    return out ? out : demo_start(wall, Zone::find(zone_name).value());
}

/// A second demo of a folder must not touch the files of the first one's channel. The lock itself
/// is the server's, taken when it opens.
Result<void> check_unused(const fs::path& data) {
    (void)TRY(store::FolderLock::take(data.string()));
    return {};
}

/// The channel keeps its port: earlier pay addresses carry it.
Result<Child> start_channel(const fs::path& data, const fs::path& secret) {
    const auto kept = read_file(data / "channel.port");
    const std::string port = kept && !kept->empty() ? *kept : "0";
    const std::vector<std::string> args{"sandbox-channel",
                                        "--secret-file",
                                        secret.string(),
                                        "--state-file",
                                        (data / "channel.state").string(),
                                        "--with-parent",
                                        "--port"};
    auto with = [&](const std::string& wanted) {
        std::vector<std::string> all = args;
        all.push_back(wanted);
        return Child::start(all);
    };
    auto child = with(port);
    return child || port == "0" ? std::move(child) : with("0");
}

struct Prepared {
    std::unique_ptr<Server> server;
    DemoCampus campus;
    BusinessClock clock;
};

Result<Prepared> open_server(const DemoCommandOptions& options, const std::string& channel_url,
                             const std::string& secret) {
    Prepared out;
    const Instant wall = wall_now();
    const Instant start = TRY(start_of(options.data, wall));
    out.clock = BusinessClock(start, wall_now(), options.speed);
    ServerOptions server;
    server.data = options.data;
    server.store = options.store;
    server.console = options.console;
    server.http_port = options.port;
    server.demo = true;
    server.clock = out.clock;
    server.sandbox = SandboxSettings{channel_url, secret};
    server.save_clock = true;
    out.server = TRY(Server::open(std::move(server)));
    DemoOptions demo;
    demo.meters = options.meters;
    demo.start = start;
    out.campus = make_demo_campus(demo);
    // Written behind the seed and before anything else happens: without it the seed was cut short.
    if (!fs::exists(options.data / "campus.json")) {
        TRY_VOID(out.server->seed(out.campus.project, out.campus.events));
    }
    out.server->add_manager(demo_manager_phone, "园区管理员", out.campus.project);
    out.server->add_manager(demo_tenant_phone, "模拟租户", out.campus.project);
    return out;
}

/// The campus of a first start stays: meters go on where they stood.
Result<void> write_campus(const DemoCommandOptions& options, const Prepared& prepared) {
    const fs::path file = options.data / "campus.json";
    sim::fleet::Campus campus = prepared.campus.campus;
    if (fs::exists(file)) {
        const std::string text = TRY(read_file(file));
        campus = TRY(from_json<sim::fleet::Campus>(text));
    }
    const ServerPorts ports = prepared.server->ports();
    const auto at = [](std::uint16_t port) { return fmt::format("127.0.0.1:{}", port); };
    campus.head_end = at(ports.imei);
    campus.head_end_plain = at(ports.plain);
    campus.head_end_gateway = at(ports.gateway);
    campus.api_base = "http://" + at(ports.http);
    const ClockFile clock = prepared.clock.file();
    campus.clock = {clock.business_us, clock.wall_us, clock.speed};
    write_file(file, to_json(campus));
    return {};
}

void greet(const DemoCommandOptions& options, const Prepared& prepared,
           const std::string& channel_url, std::ostream& out) {
    const auto policy = demo_policy();
    const Zone zone = Zone::find(zone_name).value();
    out << fmt::format(
        "\n"
        "  Meterbook 能源计费云平台 — demo campus 示范园区\n\n"
        "  console 控制台      http://127.0.0.1:{}/admin/sign-in?phone={}\n"
        "  sign-in 登录        {}  (the code is shown on the page and in the log "
        "验证码显示在页面上)\n"
        "  sandbox 沙箱支付    {}\n"
        "  business time 业务时间 {}, {} times wall time\n\n"
        "  demo policy 演示策略: trips allowed {:02}:{:02}-{:02}:{:02} every day, pre-trip notice "
        "{} business "
        "minutes before,\n"
        "    alarm 1 below {}, alarm 2 below {}, trip below {}, restore at {} yuan; fresh reading "
        "at most {} "
        "min old\n"
        "  data 数据           {}   (Ctrl-C stops; the next start goes on from here)\n\n",
        prepared.server->ports().http, demo_manager_phone, demo_manager_phone, channel_url,
        zone.text(prepared.clock.now().business).substr(0, 16), options.speed,
        policy.allowed_from_min / 60, policy.allowed_from_min % 60, policy.allowed_to_min / 60,
        policy.allowed_to_min % 60, policy.notice_before_trip_min, policy.alarm1.text(),
        policy.alarm2.text(), policy.trip_below.text(), policy.restore_at.text(),
        policy.fresh_max_min, options.data.string());
    out.flush();
}

Result<int> demo(const DemoCommandOptions& options, std::ostream& out) {
    fs::create_directories(options.data);
    TRY_VOID(check_unused(options.data));
    const fs::path secret_file = options.data / "sandbox.secret";
    const std::string secret = secret_of(secret_file);
    const Child channel = TRY(start_channel(options.data, secret_file));
    const std::size_t at = channel.first_line().find("http://");
    if (at == std::string::npos) {
        return fail(error("child.failed").with("what", channel.first_line()));
    }
    const std::string channel_url = channel.first_line().substr(at);
    write_file(options.data / "channel.port", channel_url.substr(channel_url.rfind(':') + 1));
    Prepared prepared = TRY(open_server(options, channel_url, secret));
    TRY_VOID(write_campus(options, prepared));
    std::optional<Child> fleet;
    if (options.fleet) {
        fleet = TRY(Child::start({"fleet", "--campus", (options.data / "campus.json").string(),
                                  "--state-file", (options.data / "fleet.state").string(),
                                  "--with-parent"}));
    }
    greet(options, prepared, channel_url, out);
    return prepared.server->run();
}

}  // namespace

int run_demo(const DemoCommandOptions& options, std::ostream& out, std::ostream& err) {
    if (options.speed < 1 || options.speed > 120 || options.meters < 3 || options.meters > 5000) {
        err << "meterbook demo: --speed 1 … 120, --meters 3 … 5000\n";
        return 2;
    }
    const auto code = demo(options, out);
    if (!code) {
        err << "meterbook demo: " << code.error().text() << "\n";
        return 1;
    }
    return *code;
}

}  // namespace mb::app
