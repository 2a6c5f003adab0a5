#include "rules/billing/stretch.hpp"

#include <algorithm>

namespace mb::rules::billing {

namespace {

constexpr std::int64_t us_per_minute = 60'000'000;
constexpr std::int64_t us_per_day = 86'400'000'000;

std::int64_t offset_us(const Zone& zone, Instant at) {
    const LocalTime here = zone.local(at);
    return here.date.days * us_per_day + here.us_of_day - at.us;
}

/// `to`, or the first clock change in (from, to]: behind it local minutes mean other instants.
Instant until_clock_change(const Zone& zone, Instant from, Instant to) {
    const std::int64_t offset = offset_us(zone, from);
    if (offset_us(zone, to) == offset) {
        return to;
    }
    std::int64_t same = from.us;
    std::int64_t changed = to.us;
    while (changed - same > 1) {
        const std::int64_t middle = same + (changed - same) / 2;
        (offset_us(zone, {middle}) == offset ? same : changed) = middle;
    }
    return {changed};
}

}  // namespace

Result<Stretch> stretch_at(const tariff::TariffBook& book, std::int32_t code_index,
                           const Zone& zone, Instant at) {
    const LocalTime here = zone.local(at);
    const tariff::TariffVersion* version = book.version_in_force(code_index, here.date);
    if (version == nullptr) {
        return fail(
            error("tariff.none_in_force", ErrorKind::unprocessable).with("on", here.date.text()));
    }
    const tariff::CompiledPeriod& period = version->compiled.period_at(here.minute_of_day());
    const Instant end{at.us + period.to * us_per_minute - here.us_of_day};
    return Stretch{at, until_clock_change(zone, at, end), version, period.band,
                   cycle_of(version->compiled.tier_cycle, here.date)};
}

Result<std::vector<Stretch>> stretches_between(const tariff::TariffBook& book,
                                               std::int32_t code_index, const Zone& zone,
                                               Instant from, Instant to) {
    std::vector<Stretch> out;
    for (Instant at = from; at < to;) {
        Stretch next = TRY(stretch_at(book, code_index, zone, at));
        next.to = std::min(next.to, to);
        at = next.to;
        if (!out.empty() && out.back().same_price(next)) {
            out.back().to = next.to;
        } else {
            out.push_back(next);
        }
    }
    return out;
}

}  // namespace mb::rules::billing
