// `meterbook simulate`: the real engine, writer, store, head-end and payment code over a virtual
// clock, network, disk, meters, tenants and channels (docs: design §7).
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace mb::app {

struct SimulateOptions {
    std::uint64_t seed = 1;
    int days = 5;
    int meters = 20;
    std::string faults = "all";  // all, none, or names and F-numbers with commas between
    std::string canary;          // a name or all: runs those instead
    std::string store_keep;      // folder that gets the database at the end
    bool json = false;
};

/// The exit code: 0 clean; 1 an invariant broke, or every canary was seen; 2 wrong usage, a fault
/// asked for never happened, or a canary was not seen.
int run_simulate(const SimulateOptions& options, std::ostream& out, std::ostream& err);

}  // namespace mb::app
