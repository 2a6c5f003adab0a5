#include "sim/world/mishaps.hpp"

#include <algorithm>

namespace mb::sim::world {

using meter::MeterFaults;

Mishaps::Mishaps(Core& core, Server& server, Field& field)
    : core_(core), server_(server), field_(field), dice_(core.random.split("mishaps")) {}

void Mishaps::some(Fault fault, std::int64_t least, std::int64_t most,
                   std::function<void()> action) {
    if (!core_.on(fault)) {
        return;
    }
    const std::int64_t times = dice_.range(least, most);
    for (std::int64_t i = 0; i < times; ++i) {
        core_.schedule.after(Duration::seconds(dice_.range(60, 86'000)), action);
    }
}

void Mishaps::plan_day() {
    core_.schedule.after(Duration::days(1), [this] { plan_day(); });
    plan_field();
    plan_process();
}

void Mishaps::meter_fault(Fault fault, const std::function<void(MeterFaults&)>& on,
                          const std::function<void(MeterFaults&)>& off, Duration span) {
    const std::size_t place = dice_.index(field_.meters());
    field_.set_fault(place, on);
    if (span.us > 0) {
        core_.happened(fault);
        core_.schedule.after(span, [this, place, off] { field_.set_fault(place, off); });
    }
}

void Mishaps::plan_field() {
    some(Fault::net_partition, 1, 4, [this] {
        core_.happened(Fault::net_partition);
        const bool long_one = dice_.chance(150'000);
        field_.partition(dice_.index(field_.lines()),
                         Duration::minutes(long_one ? dice_.range(60, 600) : dice_.range(1, 30)));
    });
    some(Fault::power_cut, 0, 2, [this] {
        core_.happened(Fault::power_cut);
        field_.power_cut(dice_.index(field_.buildings()), Duration::minutes(dice_.range(1, 180)));
    });
    // Counted when it is read.
    some(Fault::momentary_zero, 2, 6, [this] {
        meter_fault(Fault::momentary_zero, [](MeterFaults& f) { f.momentary_zero = 1; }, {}, {});
    });
    some(Fault::answer_lost, 3, 9,
         [this] { meter_fault(Fault::answer_lost, [](MeterFaults& f) { f.mute = 1; }, {}, {}); });
    some(Fault::late_answer, 1, 4, [this] {
        meter_fault(
            Fault::late_answer, [](MeterFaults& f) { f.late = Duration::milliseconds(3'700); },
            [](MeterFaults& f) { f.late = {}; }, Duration::minutes(dice_.range(5, 40)));
    });
    some(Fault::stuck_relay, 1, 3, [this] { stuck_relay(); });
    some(Fault::clock_drift, 1, 3, [this] { clock(); });
}

void Mishaps::stuck_relay() {
    const std::size_t place = dice_.index(field_.meters());
    const bool open = field_.meter(place).relay().open;
    core_.happened(Fault::stuck_relay);
    field_.set_fault(place, [open](MeterFaults& f) {
        f.stuck = open ? meter::Stuck::open : meter::Stuck::closed;
    });
    core_.schedule.after(Duration::minutes(dice_.range(30, 600)), [this, place] {
        field_.set_fault(place, [](MeterFaults& f) { f.stuck = meter::Stuck::none; });
    });
}

void Mishaps::clock() {
    meter::MeterModel& meter = field_.meter(dice_.index(field_.meters()));
    core_.happened(Fault::clock_drift);
    if (dice_.chance(500'000)) {
        meter.set_drift(dice_.range(-8'000'000, 8'000'000), core_.now());  // minutes a day
    } else {
        static constexpr std::int64_t steps[] = {-780, 2'400, 86'400 * 3, -600, 45};
        meter.step_clock(Duration::seconds(steps[dice_.index(5)]), core_.now());
    }
}

// ---- the process and its disk
// --------------------------------------------------------------------

void Mishaps::kill_soon() {
    if (server_.up() && !server_.recorder().kill_planned()) {
        server_.recorder().kill_at(dice_.range(1, 12), dice_.chance(500'000));
    }
}

void Mishaps::plan_process() {
    some(Fault::process_killed, 1, 2, [this] { kill_soon(); });
    if (core_.on(Fault::process_killed) && dice_.chance(400'000)) {
        // In the middle of the day's close: 02:00, twenty hours after 06:00.
        core_.schedule.after(
            Duration::hours(20) - Duration::milliseconds(dice_.range(0, 30)), [this] {
                if (server_.up()) {
                    server_.recorder().kill_at(dice_.range(1, 3), dice_.chance(500'000));
                }
            });
    }
    const auto lose_power = [this] {
        if (server_.up()) {
            server_.disk().die_at(dice_.range(1, 60), disk::Death::power_lost);
        }
    };
    some(Fault::power_loss, 0, 2, lose_power);
    some(Fault::torn_write, 1, 2, lose_power);
    some(Fault::disk_full, 1, 1, [this] { disk_full(); });
    some(Fault::io_error, 0, 2, [this] {
        if (dice_.chance(500'000)) {
            server_.disk().fail_write_at(dice_.range(1, 40));
        } else {
            server_.disk().fail_sync_at(dice_.range(1, 6));
        }
    });
}

/// Over the next poll round, so that somebody wants to write.
void Mishaps::disk_full() {
    const Duration quarter = Duration::minutes(15);
    const Duration until{quarter.us - core_.now().us % quarter.us};
    core_.schedule.after(until, [this] {
        const std::int64_t size = server_.disk().size();
        server_.disk().set_quota(std::max<std::int64_t>(1, size - dice_.range(0, 60'000)));
        core_.schedule.after(Duration::seconds(dice_.range(60, 200)),
                             [this] { server_.disk().set_quota(0); });
    });
}

void Mishaps::collect() {
    const disk::DiskCounters& disk = server_.disk().counters();
    const auto put = [this](Fault fault, std::int64_t count) {
        core_.counts[static_cast<std::size_t>(fault)] = count;
    };
    put(Fault::torn_write, disk.torn);
    put(Fault::disk_full, disk.full);
    put(Fault::io_error, disk.write_errors + disk.sync_errors);
    put(Fault::power_loss, core_.on(Fault::power_loss) ? disk.power_losses : 0);
    put(Fault::process_killed, core_.on(Fault::process_killed) ? disk.kills : 0);
}

}  // namespace mb::sim::world
