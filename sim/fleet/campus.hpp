// The virtual campus as data: campus.json, written by `meterbook demo`, read by `meterbook fleet`.
// Which meters exist, how they dial in, what they use, who lives behind them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/describe.hpp"
#include "base/json.hpp"
#include "base/money.hpp"
#include "sim/meter/state.hpp"

namespace mb::sim::fleet {

/// plain: silent on connect. imei: 15 digits CR LF, a zero byte each 60 s. gateway: its id CR LF,
/// "HB" each 60 s.
enum class LinkKind : std::uint8_t { plain, imei, gateway };
MB_ENUM(LinkKind, plain, imei, gateway)

struct CampusLoad {
    meter::LoadKind kind = meter::LoadKind::h0;
    std::int64_t scale_w_mean =
        0;  // mean over a year in W; by day a shop uses two to four times that
};
MB_DESCRIBE(CampusLoad, (kind, scale_w_mean))

struct CampusMeter {
    std::string address;   // 12 digits
    std::string password;  // 6 digits, level 02
    std::string gateway;   // id of the gateway it hangs behind; "" = a link of its own
    std::string imei;      // 15 digits for profile imei without gateway, else ""
    LinkKind profile = LinkKind::plain;  // of its own link; `gateway` when behind one
    CampusLoad load;
    std::int32_t digits = 6;
    Energy initial_total;                     // kWh as text
    std::vector<meter::DaySwitch> day_table;  // {minute of the day, band 1 … 4}
    std::optional<std::int32_t> phases;       // 1 (default) or 3
    std::optional<std::int64_t> drift_ppb;    // of its clock; default 0
    std::optional<std::int64_t> clock_error_s;
    std::optional<std::int32_t>
        key_press_after_s;              // business s from a close permit to the key; default never
    std::optional<meter::Stuck> stuck;  // a faulty relay
};
MB_DESCRIBE(CampusMeter, (address, password, gateway, imei, profile, load, digits, initial_total,
                          day_table, phases, drift_ppb, clock_error_s, key_press_after_s, stuck))

struct CampusGateway {
    std::string id;  // 1 … 32 letters and digits
};
MB_DESCRIBE(CampusGateway, (id))

struct CampusTenant {
    std::string meter;  // address
    std::string phone;  // signs in with it
    std::int32_t topup_min_business_min = 3;
    std::int32_t topup_max_business_min = 12;
    std::vector<Money> amounts;  // yuan as text
};
MB_DESCRIBE(CampusTenant, (meter, phone, topup_min_business_min, topup_max_business_min, amounts))

/// Business time = business_us + (wall now − wall_us) × speed. Unix microseconds.
struct CampusClock {
    std::int64_t business_us = 0;
    std::int64_t wall_us = 0;
    std::int32_t speed = 1;  // 1 … 120
};
MB_DESCRIBE(CampusClock, (business_us, wall_us, speed))

struct Campus {
    std::string project;  // its id in the API
    std::uint64_t seed = 1;
    std::string head_end;  // "127.0.0.1:7645"; links of profile imei
    // Each profile has a port of its own; absent: the same as head_end.
    std::optional<std::string> head_end_plain;
    std::optional<std::string> head_end_gateway;
    std::string api_base;  // "http://127.0.0.1:8080"; "" = tenants only suffer
    CampusClock clock;
    std::vector<CampusGateway> gateways;
    std::vector<CampusMeter> meters;
    std::vector<CampusTenant> tenants;
};
MB_DESCRIBE(Campus, (project, seed, head_end, head_end_plain, head_end_gateway, api_base, clock,
                     gateways, meters, tenants))

/// Whether all parts fit together. Errors: campus.bad_address, campus.duplicate_meter,
/// campus.bad_password, campus.bad_imei, campus.unknown_gateway, campus.bad_gateway,
/// campus.bad_day_table, campus.bad_meter, campus.unknown_meter, campus.bad_tenant,
/// campus.bad_head_end, campus.bad_clock, each naming what.
Result<void> check_campus(const Campus& campus);
/// Errors: campus.no_file, json.*, those of check_campus.
Result<Campus> load_campus(const std::filesystem::path& path);
/// Errors: campus.no_file, json.*, campus.bad_clock.
Result<CampusClock> load_clock(const std::filesystem::path& path);

/// `count` meters with a link each (profile imei, addresses from `first_address` on), for load
/// tests.
Campus make_swarm(int count, const std::string& head_end, const CampusClock& clock);

meter::MeterConfig meter_config(const Campus& campus, const CampusMeter& meter);

}  // namespace mb::sim::fleet
