// The demo campus as events and as campus.json: a dormitory, a mall, an office block. Nothing is
// scripted: loads, prices and balances are such that the strict rules show themselves within two
// minutes.
#pragma once

#include "api/demo_logins.hpp"
#include "engine/events.hpp"
#include "sim/fleet/campus.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mb::app {

struct DemoOptions {
    std::int32_t meters = 200;  // 3 … 5 000, over the three buildings
    std::uint64_t seed = 1;
    Instant start;  // business time of the installation
    std::string zone = "Asia/Shanghai";
};

struct DemoCampus {
    ProjectId project{1};
    std::vector<engine::Event> events;  // in order; keys make repeats harmless
    sim::fleet::Campus campus;          // without addresses and clock
};

using api::demo_manager_phone;
using api::demo_tenant_phone;

/// The printed demo policy: allowed hours all day, pre-trip notice 10 business minutes before.
rules::credit::CreditPolicy demo_policy();

DemoCampus make_demo_campus(const DemoOptions& options);

}  // namespace mb::app
