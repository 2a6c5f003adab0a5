#include "sim/meter/load.hpp"

#include "base/check.hpp"

#include <array>

namespace mb::sim::meter {
namespace {

using Day = std::array<std::uint16_t, 96>;
constexpr int day_kinds = 3;                                // working day, Saturday, Sunday
using Profile = std::array<std::array<Day, day_kinds>, 3>;  // winter, summer, transition

constexpr std::array<Profile, 8> profiles{{
#include "sim/meter/data/load_profiles.inc"
}};

constexpr std::int64_t profile_mean_cw = 11416;  // 1 000 kWh a year, in 0.01 W
constexpr int noise_permille = 150;

/// The BDEW's seasons: winter 1 November – 20 March, summer 15 May – 14 September.
int season_of(CivilDate date) {
    int year = 0;
    int month = 0;
    int day = 0;
    date.to_ymd(year, month, day);
    const int md = month * 100 + day;
    if (md >= 1101 || md <= 320) return 0;
    return md >= 515 && md <= 914 ? 1 : 2;
}

int row_of(CivilDate date) {
    const int weekday = date.weekday();
    return season_of(date) * day_kinds + (weekday <= 5 ? 0 : weekday - 5);
}

}  // namespace

std::uint64_t mix(std::uint64_t value) {
    value += 0x9E3779B97F4A7C15ULL;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
    return value ^ (value >> 31);
}

std::int64_t Load::power_mw(LocalUs true_local) const {
    DCHECK(spec_.mean_w >= 0 && spec_.mean_w <= 1'000'000);
    if (spec_.kind == LoadKind::flat) return spec_.mean_w * 1000;
    const CivilDate date = date_of(true_local);
    if (date.days != cached_day_) {
        cached_day_ = date.days;
        cached_row_ = row_of(date);
    }
    const auto& profile = profiles[static_cast<std::size_t>(spec_.kind) - 1];
    const Day& day = profile[static_cast<std::size_t>(cached_row_ / day_kinds)]
                            [static_cast<std::size_t>(cached_row_ % day_kinds)];
    const std::int64_t centiwatt = day[static_cast<std::size_t>(minute_of_day(true_local) / 15)];
    const std::int64_t smooth = centiwatt * spec_.mean_w * 1000 / profile_mean_cw;
    const std::uint64_t slot = static_cast<std::uint64_t>(true_local / load_slot_us);
    const auto noise = static_cast<std::int64_t>(mix(seed_ ^ mix(slot)) % (2 * noise_permille + 1));
    return smooth * (1000 - noise_permille + noise) / 1000;
}

int Load::voltage_dv(LocalUs true_local) const {
    const std::uint64_t slot = static_cast<std::uint64_t>(true_local / minute_us);
    const int noise = static_cast<int>(mix(~seed_ ^ mix(slot)) % 133);
    const auto drop = static_cast<int>(power_mw(true_local) / 1'000'000);  // 0.1 V a kW
    return 2200 + 66 - noise - (drop > 66 ? 66 : drop);
}

}  // namespace mb::sim::meter
