#include "app/fleet_command.hpp"

#include <signal.h>
#include <sys/prctl.h>

#include <ostream>
#include <system_error>

#include "base/log.hpp"
#include "net/reactor.hpp"
#include "sim/channel/server.hpp"
#include "sim/channel/state_file.hpp"
#include "sim/fleet/fleet.hpp"

namespace mb::app {

namespace {

constexpr int done = 0;
constexpr int refused = 1;
constexpr int wrong_usage = 2;

/// The kernel sends SIGTERM when the thread that started us ends.
void follow_parent() { ::prctl(PR_SET_PDEATHSIG, SIGTERM); }

/// Runs until SIGINT or SIGTERM.
void run_until_stopped(net::Reactor& reactor) {
    reactor.on_stop_signals([&reactor](int) { reactor.stop(); });
    reactor.run();
}

int refuse(std::ostream& err, std::string_view who, const Error& e) {
    err << "meterbook " << who << ": " << e.text() << '\n';
    if (e.code == "fleet.descriptor_limit") {
        err << "every meter's link takes a descriptor: raise the hard limit (ulimit -Hn) or take "
               "fewer meters\n";
    }
    return refused;
}

Result<sim::fleet::Campus> campus_of(const FleetCommandOptions& options) {
    using namespace sim::fleet;
    CampusClock clock;
    clock.business_us = clock.wall_us = unix_wall_now().us;
    if (!options.clock.empty()) clock = TRY(load_clock(options.clock));
    Campus campus;
    if (options.swarm) {
        campus = make_swarm(*options.swarm, options.head_end, clock);
    } else {
        campus = TRY(load_campus(options.campus));
    }
    if (!options.clock.empty()) campus.clock = clock;
    if (!options.head_end.empty()) campus.head_end = options.head_end;
    if (!options.api_base.empty()) campus.api_base = options.api_base;
    TRY_VOID(check_campus(campus));
    return campus;
}

Result<std::string> secret_of(const std::filesystem::path& path) {
    const auto content = sim::read_file(path);
    if (!content) return fail(error("channel.no_secret_file").with("file", path.string()));
    std::string secret(as_text(*content));
    constexpr std::string_view blank = " \t\r\n";
    secret.erase(secret.find_last_not_of(blank) + 1);
    secret.erase(0, secret.find_first_not_of(blank));
    if (secret.size() < 16) return fail(error("channel.short_secret").with("length_min", "16"));
    return secret;
}

}  // namespace

int run_fleet(const FleetCommandOptions& options, std::ostream& out, std::ostream& err) {
    if (options.swarm.has_value() == !options.campus.empty()) {
        err << "meterbook fleet: name either a campus file or --swarm N\n";
        return wrong_usage;
    }
    if (options.swarm && (*options.swarm < 1 || options.head_end.empty())) {
        err << "meterbook fleet: --swarm takes a number from 1 and needs --head-end HOST:PORT\n";
        return wrong_usage;
    }
    try {
        if (options.with_parent) follow_parent();
        net::Reactor reactor;
        auto campus = campus_of(options);
        if (!campus) return refuse(err, "fleet", campus.error());
        sim::fleet::FleetOptions fleet_options;
        fleet_options.campus = std::move(*campus);
        fleet_options.state_file = options.state_file;
        const std::string head_end = fleet_options.campus.head_end;
        auto fleet = sim::fleet::Fleet::open(reactor, std::move(fleet_options));
        if (!fleet) return refuse(err, "fleet", fleet.error());
        out << "fleet of " << (*fleet)->meters() << " meters behind " << (*fleet)->lines()
            << " links dials " << head_end << std::endl;
        (*fleet)->begin();
        run_until_stopped(reactor);
        (*fleet)->save(true);
        log::info("fleet: stopped, state saved");
        return done;
    } catch (const std::system_error& e) {
        err << "meterbook fleet: " << e.what() << '\n';
        return refused;
    }
}

int run_sandbox_channel(const SandboxChannelOptions& options, std::ostream& out,
                        std::ostream& err) {
    if (options.secret_file.empty()) {
        err << "meterbook sandbox-channel: --secret-file is missing\n";
        return wrong_usage;
    }
    try {
        if (options.with_parent) follow_parent();
        net::Reactor reactor;
        const auto secret = secret_of(options.secret_file);
        if (!secret) return refuse(err, "sandbox-channel", secret.error());
        sim::channel::ServerOptions server_options;
        server_options.address = options.address;
        server_options.port = options.port;
        server_options.public_base = options.public_base;
        server_options.secret = *secret;
        server_options.state_file = options.state_file;
        auto server = sim::channel::ChannelServer::open(reactor, std::move(server_options));
        if (!server) return refuse(err, "sandbox-channel", server.error());
        out << "sandbox channel on " << (*server)->public_base() << std::endl;
        run_until_stopped(reactor);
        return done;
    } catch (const std::system_error& e) {
        err << "meterbook sandbox-channel: " << e.what() << '\n';
        return refused;
    }
}

}  // namespace mb::app
