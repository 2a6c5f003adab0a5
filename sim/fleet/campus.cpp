#include "sim/fleet/campus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/decimal.hpp"
#include "sim/channel/state_file.hpp"

namespace mb::sim::fleet {
namespace {

bool digits_only(const std::string& text, std::size_t length) {
    return text.size() == length &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Error about(std::string_view code, const std::string& what) {
    return error(code).with("what", what);
}

Result<void> check_meter(const CampusMeter& m, const std::set<std::string>& gateways) {
    if (!digits_only(m.address, 12)) return fail(about("campus.bad_address", m.address));
    if (!digits_only(m.password, 6)) return fail(about("campus.bad_password", m.address));
    const bool own_link = m.gateway.empty();
    if (!own_link && !gateways.contains(m.gateway)) {
        return fail(about("campus.unknown_gateway", m.address));
    }
    if (own_link == (m.profile == LinkKind::gateway)) {
        return fail(about("campus.unknown_gateway", m.address));
    }
    if (own_link && m.profile == LinkKind::imei && !digits_only(m.imei, 15)) {
        return fail(about("campus.bad_imei", m.address));
    }
    std::int32_t before = -1;
    for (const meter::DaySwitch& s : m.day_table) {
        if (s.minute <= before || s.minute >= 1440 || s.band < 1 || s.band > 4) {
            return fail(about("campus.bad_day_table", m.address));
        }
        before = s.minute;
    }
    const std::int32_t phases = m.phases.value_or(1);
    const std::int64_t drift = m.drift_ppb.value_or(0);
    const bool good = !m.day_table.empty() && m.digits >= 4 && m.digits <= 6 &&
                      (phases == 1 || phases == 3) && m.load.scale_w_mean >= 0 &&
                      m.load.scale_w_mean <= 1'000'000 && m.initial_total.units >= 0 &&
                      drift > -1'000'000'000 && drift < 1'000'000'000;
    if (!good) return fail(about("campus.bad_meter", m.address));
    return {};
}

Result<void> check_clock(const CampusClock& clock) {
    if (clock.speed < 1 || clock.speed > 120 || clock.business_us <= 0 || clock.wall_us <= 0) {
        return fail("campus.bad_clock");
    }
    return {};
}

Result<std::string> text_of(const std::filesystem::path& path) {
    const auto content = read_file(path);
    if (!content) return fail(about("campus.no_file", path.string()));
    return std::string(as_text(*content));
}

Result<void> check_head_end(const std::string& head_end) {
    const std::size_t colon = head_end.rfind(':');
    const auto port = colon == std::string::npos
                          ? Result<std::int64_t>(fail("campus.bad_head_end"))
                          : parse_decimal(std::string_view(head_end).substr(colon + 1), 0);
    if (!port || *port < 1 || *port > 65535 || colon == 0) {
        return fail(about("campus.bad_head_end", head_end));
    }
    return {};
}

}  // namespace

Result<void> check_campus(const Campus& campus) {
    TRY_VOID(check_clock(campus.clock));
    TRY_VOID(check_head_end(campus.head_end));
    TRY_VOID(check_head_end(campus.head_end_plain.value_or(campus.head_end)));
    TRY_VOID(check_head_end(campus.head_end_gateway.value_or(campus.head_end)));
    std::set<std::string> gateways;
    for (const CampusGateway& g : campus.gateways) {
        const bool good =
            !g.id.empty() && g.id.size() <= 32 && std::all_of(g.id.begin(), g.id.end(), [](char c) {
                return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
            });
        if (!good || !gateways.insert(g.id).second) return fail(about("campus.bad_gateway", g.id));
    }
    std::set<std::string> meters;
    for (const CampusMeter& m : campus.meters) {
        TRY_VOID(check_meter(m, gateways));
        if (!meters.insert(m.address).second) {
            return fail(about("campus.duplicate_meter", m.address));
        }
    }
    for (const CampusTenant& t : campus.tenants) {
        if (!meters.contains(t.meter)) return fail(about("campus.unknown_meter", t.meter));
        const bool paid = std::all_of(t.amounts.begin(), t.amounts.end(),
                                      [](Money amount) { return amount.fen > 0; });
        if (t.amounts.empty() || !paid || t.topup_min_business_min < 0 ||
            t.topup_max_business_min < t.topup_min_business_min) {
            return fail(about("campus.bad_tenant", t.meter));
        }
    }
    return {};
}

Result<Campus> load_campus(const std::filesystem::path& path) {
    const std::string text = TRY(text_of(path));
    Campus campus = TRY(from_json<Campus>(text));
    TRY_VOID(check_campus(campus));
    return campus;
}

Result<CampusClock> load_clock(const std::filesystem::path& path) {
    const std::string text = TRY(text_of(path));
    const CampusClock clock = TRY(from_json<CampusClock>(text));
    TRY_VOID(check_clock(clock));
    return clock;
}

Campus make_swarm(int count, const std::string& head_end, const CampusClock& clock) {
    Campus out;
    out.project = "1";
    out.head_end = head_end;
    out.clock = clock;
    for (int i = 0; i < count; ++i) {
        CampusMeter m;
        m.address = fmt::format("9000{:08}", i + 1);
        m.password = "000000";
        m.imei = fmt::format("8600000{:08}", i + 1);
        m.profile = LinkKind::imei;
        m.load = {meter::LoadKind::h0, 500 + i % 20 * 100};
        m.day_table = meter::default_day_table();
        m.initial_total = {static_cast<std::int64_t>(i) * 12'345};
        out.meters.push_back(std::move(m));
    }
    return out;
}

meter::MeterConfig meter_config(const Campus& campus, const CampusMeter& m) {
    meter::MeterConfig out;
    out.address = m.address;
    out.password = m.password;
    out.seed = campus.seed;
    for (const char c : m.address) {
        out.seed = meter::mix(out.seed ^ static_cast<std::uint64_t>(c));
    }
    out.load.kind = m.load.kind;
    out.load.mean_w = m.load.scale_w_mean;
    out.digits = m.digits;
    out.initial_total = m.initial_total;
    out.day_table = m.day_table;
    out.phases = m.phases.value_or(1);
    out.drift_ppb = m.drift_ppb.value_or(0);
    out.clock_error = Duration::seconds(m.clock_error_s.value_or(0));
    out.key_press_after = Duration::seconds(m.key_press_after_s.value_or(0));
    return out;
}

}  // namespace mb::sim::fleet
