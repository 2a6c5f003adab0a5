#include "app/simulate_command.hpp"

#include "base/json.hpp"
#include "base/log.hpp"
#include "sim/canary/canaries.hpp"
#include "sim/world/world.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <filesystem>
#include <ostream>

namespace mb::app {

namespace {

constexpr int clean = 0;
constexpr int broke = 1;
constexpr int set_up_wrong = 2;

using sim::checker::Invariant;
using sim::world::Outcome;

std::string counts_json(const Outcome& o) {
    std::string out = fmt::format(
        R"("events":{},"readings":{{"charged":{},"held":{},"excluded":{}}},"postings":{},"trips":{},)"
        R"("restores":{},"payments":{},"suspended":{},"notices":{},"commands":{},"batches":{},)"
        R"("restarts":{},"steps":{})",
        o.counts.events, o.charged, o.held, o.excluded, o.counts.postings, o.counts.trips,
        o.counts.restores, o.counts.payments, o.counts.suspended, o.counts.notices,
        o.counts.commands, o.counts.batches, o.restarts, o.step);
    out += ",\"faults\":{";
    for (const auto& info : sim::fault_catalogue()) {
        const auto at = static_cast<std::size_t>(info.fault);
        out += fmt::format("{}\"{}\":{}", at == 0 ? "" : ",", info.name, o.faults[at]);
    }
    out += "},\"invariants\":{";
    for (std::size_t i = 0; i + 1 < sim::checker::invariant_count; ++i) {
        const auto invariant = static_cast<Invariant>(i);
        out += fmt::format("{}\"{}\":{}", i == 0 ? "" : ",", invariant_name(invariant),
                           o.checks.of(invariant));
    }
    return out + "}";
}

std::string result_json(const SimulateOptions& options, const Outcome& o) {
    std::string out = fmt::format(R"({{"seed":{},"days":{},"meters":{},"broken":)", options.seed,
                                  options.days, options.meters);
    if (o.broken) {
        out += fmt::format(R"({{"invariant":"{}","step":{},"at":"{}","what":)",
                           invariant_name(o.broken->invariant), o.step, utc_text(o.at));
        append_json(out, o.broken->what);
        out += "}";
    } else {
        out += "null";
    }
    return out + "," + counts_json(o) + ",\"hash\":\"" + o.hash + "\"}";
}

void print_broken(const SimulateOptions& options, const Outcome& o, std::ostream& err) {
    err << fmt::format("meterbook simulate: seed {} step {} at {}: {} broke: {}\n", options.seed,
                       o.step, utc_text(o.at), invariant_name(o.broken->invariant), o.broken->what);
}

void print_result(const Outcome& o, std::ostream& out) {
    out << fmt::format(
        "{} events, {} batches, {} restarts; readings: {} charged, {} held, {} excluded; "
        "{} postings, {} trips, {} restores, {} payments, {} suspended\n",
        o.counts.events, o.counts.batches, o.restarts, o.charged, o.held, o.excluded,
        o.counts.postings, o.counts.trips, o.counts.restores, o.counts.payments,
        o.counts.suspended);
    for (const auto& info : sim::fault_catalogue()) {
        const std::int64_t count = o.faults[static_cast<std::size_t>(info.fault)];
        if (count > 0) {
            out << fmt::format("  {:<20} {:<8} {:>8}\n", info.name, info.numbers, count);
        }
    }
    for (std::size_t i = 0; i + 1 < sim::checker::invariant_count; ++i) {
        const auto invariant = static_cast<Invariant>(i);
        out << fmt::format("  {:<4} checked {:>10}\n", invariant_name(invariant),
                           o.checks.of(invariant));
    }
    out << "hash " << o.hash << "\n";
}

/// Faults that were asked for and never came, in a run long enough for them.
std::string never_happened(const SimulateOptions& options, const sim::FaultSet& faults,
                           const Outcome& o) {
    std::string out;
    if (options.days < 5 || options.meters < 20) {
        return out;
    }
    for (const auto& info : sim::fault_catalogue()) {
        if (faults.has(info.fault) && o.faults[static_cast<std::size_t>(info.fault)] == 0) {
            out += (out.empty() ? "" : ", ") + std::string(info.name);
        }
    }
    return out;
}

int run_canaries(const SimulateOptions& options, const sim::world::Settings& settings,
                 std::ostream& out, std::ostream& err) {
    int ran = 0;
    int missed = 0;
    std::string json;
    for (const sim::canary::Canary& canary : sim::canary::canaries()) {
        if (options.canary != "all" && options.canary != canary.name) {
            continue;
        }
        ++ran;
        const Outcome o = sim::world::World(settings, canary.make()).run();
        const bool seen = o.broken && o.broken->invariant == canary.seen_by;
        missed += seen ? 0 : 1;
        const std::string by = o.broken ? invariant_name(o.broken->invariant) : "nothing";
        out << fmt::format("{:<20} {:<4} {:<8} {}\n", canary.name, invariant_name(canary.seen_by),
                           seen ? "seen" : "NOT SEEN",
                           o.broken ? by + ": " + o.broken->what : "the run was clean");
        json += fmt::format(R"({}{{"canary":"{}","invariant":"{}","seen":{},"by":"{}"}})",
                            json.empty() ? "" : ",", canary.name, invariant_name(canary.seen_by),
                            seen, by);
    }
    if (ran == 0) {
        err << "meterbook simulate: unknown canary '" << options.canary << "'; there are";
        for (const sim::canary::Canary& canary : sim::canary::canaries()) {
            err << " " << canary.name;
        }
        err << "\n";
        return set_up_wrong;
    }
    if (options.json) {
        out << "{\"canaries\":[" << json << "]}\n";
    }
    return missed == 0 ? broke : set_up_wrong;
}

int usage(std::ostream& err, const std::string& what) {
    err << "meterbook simulate: " << what << "\n";
    return set_up_wrong;
}

}  // namespace

int run_simulate(const SimulateOptions& options, std::ostream& out, std::ostream& err) {
    const auto faults = sim::FaultSet::parse(options.faults);
    if (!faults) {
        return usage(err, faults.error().text());
    }
    if (options.days < 1 || options.days > 1000 || options.meters < 1 || options.meters > 5000) {
        return usage(err, "--days 1 … 1000, --meters 1 … 5000");
    }
    log::set_level(log::Level::off);  // what fails here fails on purpose
    const sim::world::Settings settings{options.seed, options.days, options.meters, *faults};
    if (!options.canary.empty()) {
        return run_canaries(options, settings, out, err);
    }
    sim::world::World world(settings, {});
    const Outcome result = world.run();
    if (!options.store_keep.empty()) {
        std::filesystem::create_directories(options.store_keep);
        world.keep_store(options.store_keep);
    }
    if (result.broken) {
        print_broken(options, result, err);
    } else if (!options.json) {
        print_result(result, out);
    }
    if (options.json) {
        out << result_json(options, result) << "\n";
    }
    if (result.broken) {
        return broke;
    }
    const std::string missing = never_happened(options, *faults, result);
    return missing.empty() ? clean : usage(err, "asked for and never happened: " + missing);
}

}  // namespace mb::app
