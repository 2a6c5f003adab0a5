// The fleet: all virtual meters of a campus, their links to the head-end over real TCP, and the
// tenants behind them. Business time is computed from wall time, never counted; the state is in a
// file of its own, written each wall second and at the end.
#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/reactor.hpp"
#include "sim/fleet/campus.hpp"
#include "sim/fleet/line.hpp"
#include "sim/fleet/saved_state.hpp"
#include "sim/meter/model.hpp"
#include "sim/tenant/desk.hpp"
#include "sim/tenant/tenant.hpp"

namespace mb::sim::fleet {

/// Unix microseconds.
Instant unix_wall_now();
/// Business time at this wall time.
Instant business_time(const CampusClock& clock, Instant wall);

struct FleetOptions {
    Campus campus;
    std::filesystem::path state_file;            // "" = nothing is kept
    Duration save_every = Duration::seconds(1);  // wall
    Duration dial_spread_per_line{300};  // wall; the first dial of line n waits up to n times this
};

class Fleet {
public:
    /// Restores the file. Errors: fleet.bad_state_file, those of check_campus,
    /// fleet.descriptor_limit {needed, limit}.
    static Result<std::unique_ptr<Fleet>> open(net::Reactor& reactor, FleetOptions options);
    ~Fleet();

    /// Dials in, lives, saves.
    void begin();
    /// Advances everything to now and writes the file. Throws std::system_error.
    void save(bool sync);

    [[nodiscard]] std::size_t meters() const { return meters_.size(); }
    [[nodiscard]] std::size_t lines() const { return lines_.size(); }
    [[nodiscard]] const LineCounters& counters() const { return counters_; }
    [[nodiscard]] Instant business_now() const;
    /// Advanced to now; nullptr when there is no such address.
    meter::MeterModel* find(const std::string& address);

private:
    struct Resident;  // a tenant and the meter he lives behind

    Fleet(net::Reactor& reactor, FleetOptions options);
    void make_meters(const SavedState& saved);
    void make_lines();
    void make_tenants(const SavedState& saved);
    void tick();
    void watch_tenants();
    void pay(Resident& resident, const tenant::TopUp& top_up);

    net::Reactor& reactor_;
    FleetOptions options_;
    std::deque<meter::MeterModel> meters_;  // their addresses stay
    std::map<std::string, meter::MeterModel*> by_address_;
    std::vector<Resident> residents_;
    LineCounters counters_;
    std::vector<std::unique_ptr<Line>> lines_;
    net::Timer tick_timer_;
    bool save_failed_ = false;
    bool all_up_ = false;
    std::unique_ptr<tenant::Desk> desk_;
};

}  // namespace mb::sim::fleet
