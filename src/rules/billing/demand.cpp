#include "rules/billing/demand.hpp"

#include <algorithm>
#include <map>

namespace mb::rules::billing {

namespace {

constexpr std::int64_t us_per_minute = 60'000'000;

/// Energy by step of the grid, by the step's first instant; nullopt when an interval crosses one.
std::optional<std::map<std::int64_t, std::int64_t>> by_step(const std::vector<Interval>& intervals,
                                                            std::int64_t step_us, const Zone& zone,
                                                            Instant from, Instant to) {
    std::map<std::int64_t, std::int64_t> out;
    for (const Interval& interval : intervals) {
        if (interval.to <= from || interval.from >= to) {
            continue;
        }
        const Instant midnight = zone.instant(zone.date(interval.from));
        const std::int64_t step = midnight.us + (interval.from - midnight).us / step_us * step_us;
        if (interval.to.us > step + step_us) {
            return std::nullopt;
        }
        out[step] += interval.total.units;
    }
    return out;
}

}  // namespace

std::optional<Quantity> measured_demand(const std::vector<Interval>& intervals,
                                        const tariff::DemandCharge& rule, const Zone& zone,
                                        CivilDate from, CivilDate to) {
    const std::int64_t window_us = rule.window_minutes * us_per_minute;
    const std::int64_t step_us =
        rule.slide_minutes == 0 ? window_us : rule.slide_minutes * us_per_minute;
    const Instant begin = zone.instant(from);
    const Instant end = zone.instant(to);
    const auto steps = by_step(intervals, step_us, zone, begin, end);
    if (!steps) {
        return std::nullopt;
    }
    std::int64_t most = 0;
    for (const auto& [at, unused] : *steps) {
        for (std::int64_t start = at - window_us + step_us; start <= at; start += step_us) {
            if (start < begin.us || start + window_us > end.us) {
                continue;
            }
            std::int64_t sum = 0;
            for (auto part = steps->lower_bound(start);
                 part != steps->end() && part->first < start + window_us; ++part) {
                sum = add_checked(sum, part->second);
            }
            most = std::max(most, sum);
        }
    }
    return Quantity{mul_checked(most, 60 / rule.window_minutes)};
}

}  // namespace mb::rules::billing
