#include "rules/billing/stretch.hpp"

#include <algorithm>
#include <string>

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

/// Everything about a day but its band.
Result<Stretch> day_of(const RatingFacts& facts, std::int32_t code_index, CivilDate on) {
    Stretch out;
    out.version = facts.book.version_in_force(code_index, on);
    if (out.version == nullptr) {
        return fail(error("tariff.none_in_force", ErrorKind::unprocessable).with("on", on.text()));
    }
    const tariff::CompiledTariff& compiled = out.version->compiled;
    out.price_set = static_cast<std::uint16_t>(TRY(compiled.price_set_on(on)));
    out.cycle = cycle_of(on);
    out.tier_cycle = compiled.tiers.cycle_at(on);
    return out;
}

}  // namespace

Result<Stretch> stretch_at(const RatingFacts& facts, std::int32_t code_index, Instant at) {
    const LocalTime here = facts.zone.local(at);
    Stretch out = TRY(day_of(facts, code_index, here.date));
    const tariff::CompiledPeriod period = TRY(
        out.version->compiled.schedule.period_at(facts.calendar, here.date, here.minute_of_day()));
    out.from = at;
    const Instant end{at.us + period.to * us_per_minute - here.us_of_day};
    out.to = until_clock_change(facts.zone, at, end);
    out.band = period.band;
    return out;
}

Result<Stretch> stretch_on(const RatingFacts& facts, std::int32_t code_index, CivilDate on,
                           tariff::Band band) {
    Stretch out = TRY(day_of(facts, code_index, on));
    if (!out.version->compiled.schedule.bands()[static_cast<std::size_t>(band)]) {
        return fail(error("tariff.no_price", ErrorKind::unprocessable)
                        .with("band", std::string(enum_text(band)))
                        .with("on", on.text()));
    }
    out.from = facts.zone.instant(on);
    out.to = facts.zone.instant(on + 1);
    out.band = band;
    return out;
}

Result<std::vector<Stretch>> stretches_between(const RatingFacts& facts, std::int32_t code_index,
                                               Instant from, Instant to) {
    std::vector<Stretch> out;
    for (Instant at = from; at < to;) {
        Stretch next = TRY(stretch_at(facts, code_index, at));
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
