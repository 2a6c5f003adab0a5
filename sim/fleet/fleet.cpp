#include "sim/fleet/fleet.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>

#include "base/check.hpp"
#include "base/decimal.hpp"
#include "base/log.hpp"
#include "net/tcp.hpp"

namespace mb::sim::fleet {
namespace {

constexpr std::size_t spare_descriptors = 64;  // files, the API's and the cashier's connections

std::pair<std::string, std::uint16_t> host_and_port(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    const auto port = parse_decimal(std::string_view(text).substr(colon + 1), 0);
    CHECK(port.has_value());
    return {text.substr(0, colon), static_cast<std::uint16_t>(*port)};
}

}  // namespace

Instant unix_wall_now() {
    using namespace std::chrono;
    return {duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()};
}

Instant business_time(const CampusClock& clock, Instant wall) {
    // Should the wall clock be set back before the start, business time waits.
    const std::int64_t passed = std::max<std::int64_t>(0, wall.us - clock.wall_us);
    return {clock.business_us + passed * clock.speed};
}

struct Fleet::Resident {
    tenant::Tenant tenant;
    std::string phone;
    meter::MeterModel* meter = nullptr;
};

Fleet::Fleet(net::Reactor& reactor, FleetOptions options)
    : reactor_(reactor), options_(std::move(options)), tick_timer_(reactor) {}

Fleet::~Fleet() = default;

Result<std::unique_ptr<Fleet>> Fleet::open(net::Reactor& reactor, FleetOptions options) {
    TRY_VOID(check_campus(options.campus));
    SavedState saved;
    if (!options.state_file.empty()) {
        saved = TRY(load_state(options.state_file)).value_or(SavedState{});
    }
    std::unique_ptr<Fleet> out(new Fleet(reactor, std::move(options)));
    out->make_meters(saved);
    out->make_lines();
    out->make_tenants(saved);
    const std::size_t needed = out->lines_.size() + spare_descriptors;
    const std::size_t limit = net::raise_descriptor_limit();
    if (limit < needed) {
        return fail(error("fleet.descriptor_limit")
                        .with("needed", std::to_string(needed))
                        .with("limit", std::to_string(limit)));
    }
    return out;
}

void Fleet::make_meters(const SavedState& saved) {
    std::map<std::string_view, const meter::MeterState*> known;
    for (const SavedMeter& m : saved.meters) known.emplace(m.address, &m.state);
    const Instant now = business_now();
    for (const CampusMeter& m : options_.campus.meters) {
        const meter::MeterConfig config = meter_config(options_.campus, m);
        const auto at = known.find(m.address);
        if (at != known.end()) {
            meters_.emplace_back(config, *at->second);
        } else {
            meters_.emplace_back(config, now);
        }
        meter::MeterModel& model = meters_.back();
        if (m.stuck && model.state().faults.stuck != *m.stuck) {
            meter::MeterFaults faults = model.state().faults;
            faults.stuck = *m.stuck;
            model.set_faults(faults, now);
        }
        by_address_.emplace(m.address, &model);
    }
}

void Fleet::make_lines() {
    const Campus& campus = options_.campus;
    const auto dialled = [&](LinkKind kind) {
        if (kind == LinkKind::plain) return campus.head_end_plain.value_or(campus.head_end);
        if (kind == LinkKind::gateway) return campus.head_end_gateway.value_or(campus.head_end);
        return campus.head_end;
    };
    std::map<std::string, std::vector<meter::MeterModel*>> shared;  // gateway id or IMEI
    const auto add = [&](LinkKind kind, const std::string& id,
                         std::vector<meter::MeterModel*> meters) {
        const auto [to, at] = host_and_port(dialled(kind));
        LineOptions line;
        line.kind = kind;
        line.id = id;
        line.host = to;
        line.port = at;
        line.seed = meter::mix(campus.seed ^ lines_.size());
        lines_.push_back(std::make_unique<Line>(
            reactor_, std::move(line), std::move(meters), [this] { return business_now(); },
            counters_));
    };
    for (const CampusMeter& m : campus.meters) {
        meter::MeterModel* model = by_address_.at(m.address);
        if (!m.gateway.empty()) {
            shared["gateway " + m.gateway].push_back(model);
        } else if (m.profile == LinkKind::imei) {
            shared["imei " + m.imei].push_back(model);
        } else {
            add(LinkKind::plain, "", {model});
        }
    }
    for (auto& [name, meters] : shared) {
        const std::size_t blank = name.find(' ');
        const bool gateway = name.starts_with("gateway");
        add(gateway ? LinkKind::gateway : LinkKind::imei, name.substr(blank + 1),
            std::move(meters));
    }
}

void Fleet::make_tenants(const SavedState& saved) {
    const Campus& campus = options_.campus;
    if (campus.api_base.empty()) return;
    std::map<std::string_view, const tenant::TenantState*> known;
    for (const SavedTenant& t : saved.tenants) known.emplace(t.meter, &t.state);
    for (const CampusTenant& t : campus.tenants) {
        tenant::TenantSpec spec{t.meter, Duration::minutes(t.topup_min_business_min),
                                Duration::minutes(t.topup_max_business_min), t.amounts,
                                campus.seed};
        for (const char c : t.meter) {
            spec.seed = meter::mix(spec.seed ^ static_cast<std::uint64_t>(c));
        }
        const auto at = known.find(t.meter);
        tenant::TenantState state = at == known.end() ? tenant::TenantState{} : *at->second;
        residents_.push_back(
            {tenant::Tenant(std::move(spec), std::move(state)), t.phone, by_address_.at(t.meter)});
    }
    tenant::DeskOptions desk;
    desk.api_base = campus.api_base;
    desk.project = campus.project;
    desk_ = std::make_unique<tenant::Desk>(reactor_, desk);
}

void Fleet::begin() {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        const std::int64_t spread =
            options_.dial_spread_per_line.us * static_cast<std::int64_t>(lines_.size());
        const auto wait = static_cast<std::int64_t>(meter::mix(options_.campus.seed + i) %
                                                    static_cast<std::uint64_t>(spread + 1));
        lines_[i]->begin(Duration{wait});
    }
    for (Resident& resident : residents_) {  // payments that were under way when we stopped
        if (const auto& pending = resident.tenant.state().pending) pay(resident, *pending);
    }
    tick();
}

Instant Fleet::business_now() const {
    return business_time(options_.campus.clock, unix_wall_now());
}

meter::MeterModel* Fleet::find(const std::string& address) {
    const auto at = by_address_.find(address);
    if (at == by_address_.end()) return nullptr;
    at->second->advance(business_now());
    return at->second;
}

void Fleet::tick() {
    tick_timer_.after(options_.save_every, [this] { tick(); });
    watch_tenants();
    try {
        save(false);
        if (save_failed_) log::info("fleet: the state file can be written again");
        save_failed_ = false;
    } catch (const std::system_error& e) {
        if (!save_failed_) log::error("fleet: the state file cannot be written: {}", e.what());
        save_failed_ = true;
    }
    if (!all_up_ && counters_.up == lines_.size()) {
        all_up_ = true;
        log::info("fleet: all {} links are up", lines_.size());
    } else if (all_up_ && counters_.up < lines_.size()) {
        all_up_ = false;
        log::warn("fleet: {} of {} links are up", counters_.up, lines_.size());
    }
}

void Fleet::watch_tenants() {
    const Instant now = business_now();
    for (Resident& resident : residents_) {
        resident.meter->advance(now);
        if (const auto top_up = resident.tenant.look(resident.meter->relay().open, now)) {
            pay(resident, *top_up);
        }
    }
}

void Fleet::pay(Resident& resident, const tenant::TopUp& top_up) {
    log::info("fleet: the tenant of meter {} tops up {} yuan", resident.tenant.spec().meter,
              top_up.amount.text());
    desk_->pay({top_up.key, resident.phone, resident.tenant.spec().meter, top_up.amount},
               [this, &resident](const Result<void>& result) {
                   if (!result) {
                       log::warn("fleet: the tenant of meter {} could not pay: {}",
                                 resident.tenant.spec().meter, result.error().text());
                   }
                   resident.tenant.settled(result.has_value(), business_now());
               });
}

void Fleet::save(bool sync) {
    if (options_.state_file.empty()) return;
    SavedState state;
    state.business_at = business_now();
    state.meters.reserve(meters_.size());
    for (meter::MeterModel& m : meters_) {
        m.advance(state.business_at);
        state.meters.push_back({m.config().address, m.state()});
    }
    for (const Resident& r : residents_) {
        state.tenants.push_back({r.tenant.spec().meter, r.tenant.state()});
    }
    save_state(options_.state_file, state, sync);
}

}  // namespace mb::sim::fleet
