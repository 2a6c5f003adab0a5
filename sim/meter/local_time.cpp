#include "sim/meter/local_time.hpp"

#include "base/integer.hpp"

namespace mb::sim::meter {

constexpr std::int64_t billion = 1'000'000'000;

Stamp stamp_of(LocalUs local) {
    Stamp out;
    const CivilDate date = date_of(local);
    date.to_ymd(out.year, out.month, out.day);
    out.weekday = date.weekday() % 7;
    const std::int64_t second = (local - date.days * day_us) / second_us;
    out.hour = static_cast<int>(second / 3600);
    out.minute = static_cast<int>(second / 60 % 60);
    out.second = static_cast<int>(second % 60);
    return out;
}

LocalUs local_of(const Stamp& stamp) {
    const CivilDate date = CivilDate::from_ymd(stamp.year, stamp.month, stamp.day);
    return date.days * day_us +
           (stamp.hour * 3600LL + stamp.minute * 60 + stamp.second) * second_us;
}

LocalUs MeterClock::read(Instant at) const {
    const std::int64_t passed = (at - set_at).us;
    return set_to + passed +
           narrow(floor_div<int128>(static_cast<int128>(passed) * drift_ppb, billion));
}

Instant MeterClock::when(LocalUs local) const {
    const int128 shown = static_cast<int128>(local - set_to) * billion;
    Instant at = set_at + Duration{narrow(floor_div<int128>(shown, billion + drift_ppb))};
    while (read(at) < local) at.us += 1;
    while (read(Instant{at.us - 1}) >= local) at.us -= 1;
    return at;
}

}  // namespace mb::sim::meter
