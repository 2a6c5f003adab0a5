// Plans what goes wrong outside single messages: for each day, for each fault that is on.
#pragma once

#include "sim/world/core.hpp"
#include "sim/world/field.hpp"
#include "sim/world/server.hpp"

#include <functional>

namespace mb::sim::world {

class Mishaps {
public:
    Mishaps(Core& core, Server& server, Field& field);

    /// Plans the day that begins now, and the next day's planning.
    void plan_day();
    /// What the disk has counted.
    void collect();

private:
    void some(Fault fault, std::int64_t least, std::int64_t most, std::function<void()> action);
    void plan_field();
    void plan_process();
    void kill_soon();
    void meter_fault(Fault fault, const std::function<void(meter::MeterFaults&)>& on,
                     const std::function<void(meter::MeterFaults&)>& off, Duration span);
    void stuck_relay();
    void clock();
    void disk_full();

    Core& core_;
    Server& server_;
    Field& field_;
    Random dice_;
};

}  // namespace mb::sim::world
