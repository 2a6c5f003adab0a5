// The site that is simulated, as data: rooms with meters behind gateways and links of their own,
// accounts, tariffs. The checker and the virtual field read it; the server under test gets it as
// events.
#pragma once

#include "engine/events.hpp"
#include "sim/faults.hpp"
#include "sim/meter/state.hpp"
#include "sim/random.hpp"

#include <string>
#include <vector>

namespace mb::sim::world {

struct LinePlan {
    std::string profile;              // plain, imei, gateway
    std::string id;                   // what it registers as; "" for plain
    std::vector<std::size_t> meters;  // places in Plant::meters
};

/// Ids of service point, account, agreement and meter of place i are i + 1.
struct Plant {
    Instant start;
    engine::ProjectConfig config;
    std::vector<engine::TariffPublished> tariffs;
    std::vector<engine::TariffPublished> later;  // published while it runs
    std::vector<engine::Event> events;           // the set-up, in order
    std::vector<meter::MeterConfig> meters;
    std::vector<engine::Meter> installed;
    std::vector<std::string> tariff_codes;  // by place
    std::vector<Money> opening;             // by place
    std::vector<LinePlan> lines;
};

Plant make_plant(const Random& seed, int meters, const FaultSet& faults);

}  // namespace mb::sim::world
