// `meterbook fleet` and `meterbook sandbox-channel`: the processes of the demo beside the server.
// `demo` starts both; the second is hidden from --help.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>

namespace mb::app {

struct FleetCommandOptions {
    std::filesystem::path campus;      // campus.json
    std::filesystem::path state_file;  // registers, relays, clocks; "" = nothing is kept
    std::filesystem::path clock;       // JSON {business_us, wall_us, speed} instead of the campus's
    std::optional<int> swarm;          // instead of a campus: so many meters with a link each
    std::string head_end;              // HOST:PORT instead of the campus's; needed with swarm
    std::string api_base;              // instead of the campus's
    bool with_parent = false;          // stop when the process that started us ends
};

/// Runs until SIGINT or SIGTERM; writes the state file at the end. Prints one line when it dials.
/// The exit code: 0 stopped, 1 refused (with the reason in `err`), 2 wrong usage.
int run_fleet(const FleetCommandOptions& options, std::ostream& out, std::ostream& err);

struct SandboxChannelOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    std::string public_base;            // of pay_url; "" = http://address:port
    std::filesystem::path secret_file;  // the shared secret as text, blanks at the ends dropped
    std::filesystem::path state_file;
    bool with_parent = false;
};

/// The same for the sandbox payment channel. Prints "sandbox channel on http://…" once it listens.
int run_sandbox_channel(const SandboxChannelOptions& options, std::ostream& out, std::ostream& err);

}  // namespace mb::app
