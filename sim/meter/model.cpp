#include "sim/meter/model.hpp"

#include "base/check.hpp"
#include "base/integer.hpp"

#include <algorithm>

namespace mb::sim::meter {
namespace {

constexpr std::int64_t unit_nj = 360'000'000'000;  // 10⁻⁴ kWh

std::uint32_t password_of(const std::string& digits) {
    CHECK(digits.size() == 6);
    std::uint32_t out = 0;
    for (const char c : digits) {
        CHECK(c >= '0' && c <= '9');
        out = out << 4 | static_cast<std::uint32_t>(c - '0');
    }
    return out;
}

wire::Address address_of(const MeterConfig& config) {
    const auto address = wire::parse_address(config.address);
    CHECK(address.has_value());
    return *address;
}

/// The initial total in equal parts to the bands the table uses, the rest to the first of them.
std::array<std::int64_t, bands> initial_units(const MeterConfig& config) {
    std::array<bool, bands> used{};
    for (const DaySwitch& s : config.day_table) used[static_cast<std::size_t>(s.band - 1)] = true;
    const auto count = std::count(used.begin(), used.end(), true);
    const std::int64_t share = config.initial_total.units / count;
    std::int64_t rest = config.initial_total.units - share * count;
    std::array<std::int64_t, bands> out{};
    for (std::size_t i = 0; i < bands; ++i) {
        if (!used[i]) continue;
        out[i] = share + rest;
        rest = 0;
    }
    return out;
}

void check_config(const MeterConfig& config) {
    CHECK(config.digits >= 4 && config.digits <= 6);
    CHECK(config.phases == 1 || config.phases == 3);
    CHECK(config.initial_total.units >= 0);
    CHECK(!config.day_table.empty());
    std::int32_t before = -1;
    for (const DaySwitch& s : config.day_table) {
        CHECK(s.minute > before && s.minute < 1440 && s.band >= 1 && s.band <= 4);
        before = s.minute;
    }
}

}  // namespace

DayTable default_day_table() { return {{0, 4}, {8 * 60, 2}, {22 * 60, 4}}; }

MeterModel::MeterModel(MeterConfig config, Instant business_now)
    : config_(std::move(config)),
      address_(address_of(config_)),
      load_(config_.load, mix(config_.seed)) {
    check_config(config_);
    state_.at = business_now;
    state_.units = initial_units(config_);
    state_.clock_set_at = business_now;
    state_.clock_set_to = true_local(business_now) + config_.clock_error.us;
    state_.drift_ppb = config_.drift_ppb;
    state_.password = password_of(config_.password);
    state_.random = mix(config_.seed ^ 0x4D45544552ULL);
}

MeterModel::MeterModel(MeterConfig config, MeterState state)
    : config_(std::move(config)),
      address_(address_of(config_)),
      load_(config_.load, mix(config_.seed)),
      state_(std::move(state)) {
    check_config(config_);
}

void MeterModel::advance(Instant business_now) {
    while (state_.at < business_now) {
        const std::int32_t day = date_of(clock()).days;
        const Instant until = next_change(business_now);
        count_until(until);
        if (date_of(clock()).days > day) freeze_day(date_of(clock()).days);
        run_relay();
    }
}

std::size_t MeterModel::band_at(LocalUs meter_local) const {
    const int minute = minute_of_day(meter_local);
    std::int32_t band = config_.day_table.back().band;
    for (const DaySwitch& s : config_.day_table) {
        if (s.minute > minute) break;
        band = s.band;
    }
    return static_cast<std::size_t>(band - 1);
}

Instant MeterModel::next_change(Instant limit) const {
    const LocalUs local = true_local(state_.at);
    Instant out = std::min(limit, state_.at + Duration{load_slot_us - local % load_slot_us});
    const Instant due = relay_due();
    if (due > state_.at) out = std::min(out, due);

    const MeterClock shown = meter_clock();
    const LocalUs now = shown.read(state_.at);
    const LocalUs end = shown.read(out);
    const LocalUs midnight = date_of(now).days * day_us;
    LocalUs change = midnight + day_us;
    for (const DaySwitch& s : config_.day_table) {
        const LocalUs at = midnight + s.minute * minute_us;
        if (at > now) {
            change = at;
            break;
        }
    }
    return change <= end ? std::min(out, std::max(shown.when(change), Instant{state_.at.us + 1}))
                         : out;
}

void MeterModel::count_until(Instant until) {
    if (supplied()) {
        const std::int64_t nj = mul_checked(power_mw(), (until - state_.at).us) + state_.rest_nj;
        state_.units[band_at(clock())] += nj / unit_nj;
        state_.rest_nj = nj % unit_nj;
    }
    state_.at = until;
}

Energy MeterModel::total() const {
    std::int64_t sum = 0;
    for (const std::int64_t units : state_.units) sum = add_checked(sum, units);
    return {sum};
}

std::int64_t MeterModel::power_mw() const {
    return supplied() ? load_.power_mw(true_local(state_.at)) : 0;
}

Duration MeterModel::clock_error() const { return {clock() - true_local(state_.at)}; }

Freeze MeterModel::snapshot(LocalUs stamp) const {
    Freeze out{stamp, {total().units}};
    std::copy(state_.units.begin(), state_.units.end(), out.units.begin() + 1);
    return out;
}

void MeterModel::freeze_day(std::int32_t day) {
    auto& list = state_.daily;
    const LocalUs stamp = day * day_us;
    // A clock that was set back passes the same midnight twice: the later freeze counts.
    std::erase_if(list, [&](const Freeze& f) { return f.stamp >= stamp; });
    list.insert(list.begin(), snapshot(stamp));
    if (list.size() > freezes_max) list.resize(freezes_max);
}

void MeterModel::set_clock(LocalUs local) {
    const std::int32_t before = date_of(clock()).days;
    state_.clock_set_at = state_.at;
    state_.clock_set_to = local;
    if (date_of(local).days > before) freeze_day(date_of(local).days);
}

void MeterModel::step_clock(Duration by, Instant business_now) {
    advance(business_now);
    set_clock(clock() + by.us);
}

void MeterModel::set_drift(std::int64_t drift_ppb, Instant business_now) {
    CHECK(drift_ppb > -1'000'000'000);
    advance(business_now);
    set_clock(clock());
    state_.drift_ppb = drift_ppb;
}

void MeterModel::set_faults(const MeterFaults& faults, Instant business_now) {
    advance(business_now);
    if (faults.power_cut && !state_.faults.power_cut) ++state_.power_failures;
    state_.faults = faults;
    run_relay();  // what fell due while the mains were gone
}

std::vector<Answer> MeterModel::on_bytes(ByteView chunk, Instant business_now) {
    std::vector<Answer> out;
    scanner_.feed(chunk);
    while (const auto frame = scanner_.next()) {
        for (Answer& answer : on_frame(*frame, business_now)) out.push_back(std::move(answer));
    }
    return out;
}

}  // namespace mb::sim::meter
