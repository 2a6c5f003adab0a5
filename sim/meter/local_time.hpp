// What a meter's clock chip knows: local microseconds since 1970-01-01T00:00 local time, without
// zone.
#pragma once

#include "base/time.hpp"

#include <cstdint>

namespace mb::sim::meter {

/// Local microseconds since 1970-01-01T00:00 on some clock.
using LocalUs = std::int64_t;

inline constexpr LocalUs second_us = 1'000'000;
inline constexpr LocalUs minute_us = 60 * second_us;
inline constexpr LocalUs day_us = 1440 * minute_us;

struct Stamp {
    int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
    int weekday = 4;  // 0 = Sunday
};

inline CivilDate date_of(LocalUs local) {
    return {static_cast<std::int32_t>((local < 0 ? local - day_us + 1 : local) / day_us)};
}
inline int minute_of_day(LocalUs local) {
    return static_cast<int>((local - date_of(local).days * day_us) / minute_us);
}
Stamp stamp_of(LocalUs local);
LocalUs local_of(const Stamp& stamp);

/// A clock that runs fast or slow: reading = reading when set + time since, times (1 + drift).
struct MeterClock {
    Instant set_at;
    LocalUs set_to = 0;
    std::int64_t drift_ppb = 0;  // 1 000 = 1 ppm = 86 ms a day fast

    [[nodiscard]] LocalUs read(Instant at) const;
    /// The first instant at which the clock shows `local` or later; drift_ppb > −10⁹.
    [[nodiscard]] Instant when(LocalUs local) const;
};

}  // namespace mb::sim::meter
