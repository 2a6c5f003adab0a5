#include "sim/world/world.hpp"

#include "base/check.hpp"
#include "engine/state.hpp"

#include <fmt/format.h>

namespace mb::sim::world {

using checker::Invariant;
using checker::InvariantBroken;

namespace {

/// CHECKs of the code under test end the simulation, not the program.
struct CheckFailed {
    std::string what;
};

void throw_check(const CheckFailure& failure) {
    throw CheckFailed{fmt::format("{} ({}:{}) {}", failure.expression, failure.file, failure.line,
                                  failure.detail)};
}

class CheckHandlerSet {
public:
    CheckHandlerSet() : before_(set_check_handler(throw_check)) {}
    ~CheckHandlerSet() { set_check_handler(before_); }
    CheckHandlerSet(const CheckHandlerSet&) = delete;
    CheckHandlerSet& operator=(const CheckHandlerSet&) = delete;

private:
    CheckHandler before_;
};

}  // namespace

World::World(const Settings& settings, Seams seams)
    : seams_(std::move(seams)),
      core_(settings),
      field_(core_, seams_),
      till_(core_),
      checker_(core_.plant, field_, till_),
      server_(core_, seams_, field_, till_, checker_),
      people_(core_, server_, field_, till_),
      mishaps_(core_, server_, field_) {}

Outcome World::run() {
    const CheckHandlerSet handler;
    Outcome out;
    try {
        live();
        finish(out);
    } catch (const InvariantBroken& broken) {
        out.broken = broken;
    } catch (const CheckFailed& failed) {
        out.broken = InvariantBroken{Invariant::our_check, failed.what};
    } catch (const std::exception& failed) {
        out.broken = InvariantBroken{Invariant::our_check, failed.what()};
    }
    out.step = core_.schedule.steps();
    out.at = core_.now();
    out.counts = checker_.counts();
    out.checks = checker_.tally();
    out.restarts = server_.deaths();
    mishaps_.collect();
    if (core_.on(Fault::rollover)) {
        core_.counts[static_cast<std::size_t>(Fault::rollover)] = checker_.counts().rollovers;
    }
    out.faults = core_.counts;
    return out;
}

void World::live() {
    server_.install();
    field_.begin();
    people_.begin();
    mishaps_.plan_day();
    publish_later();
    // Started at 06:00; the audit is a little behind midnight.
    core_.schedule.after(Duration::hours(18) + Duration::seconds(61), [this] { midnight(); });
    while (core_.schedule.due(core_.end)) {
        step();
    }
    core_.schedule.stand_at(core_.end);
}

void World::step() {
    try {
        core_.schedule.take()();
    } catch (const ProcessDied&) {
        server_.died();
    } catch (const writer::StoreUnavailable& why) {
        if (!why.must_stop) {
            throw InvariantBroken{Invariant::our_check, why.what()};
        }
        server_.died();
    }
}

void World::midnight() {
    core_.schedule.after(Duration::days(1), [this] { midnight(); });
    if (server_.engine() != nullptr) {
        server_.audit();
    }
}

void World::publish_later() {
    core_.schedule.after(Duration::hours(28), [this] { publish_now(); });
}

/// Until the server has them: an answer may have been lost with the process.
void World::publish_now() {
    const engine::Engine* engine = server_.engine();
    bool missing = false;
    for (const engine::TariffPublished& published : core_.plant.later) {
        if (engine == nullptr || engine->state().tariffs.find(published.id) == nullptr) {
            missing = true;
            engine::Event event = published;
            if (seams_.set_up) {
                seams_.set_up(event);
            }
            server_.submit(std::move(event), {});
        }
    }
    if (missing) {
        core_.schedule.after(Duration::minutes(5), [this] { publish_now(); });
    }
}

void World::finish(Outcome& out) {
    // Whatever is wrong with the disk is over; the server comes back if it is down.
    server_.settle();
    while (server_.engine() == nullptr) {
        step();
    }
    server_.audit();
    server_.restart_cleanly();
    server_.audit();
    count_readings(out);
    out.hash = server_.hash();
}

void World::count_readings(Outcome& out) {
    out.charged = checker_.counts().charged;
    out.held = checker_.counts().held;
    out.excluded = checker_.counts().excluded;
    for (const auto& [on, proof] : server_.engine()->state().proofs) {
        out.charged += proof.charged;
        out.held += proof.held;
        out.excluded += proof.excluded;
    }
    const std::int64_t sum = out.charged + out.held + out.excluded;
    checker_.tally().expect(sum == checker_.counts().readings, Invariant::i4_billed_once, [&] {
        return fmt::format("{} readings came in, {} are charged, held or excluded",
                           checker_.counts().readings, sum);
    });
}

}  // namespace mb::sim::world
