#include "rules/metering/register.hpp"

#include "base/check.hpp"

namespace mb::rules::metering {

namespace {

bool well_formed(const MeterSpec& spec, const Registers& registers) {
    if (registers.count < 1 || registers.count > max_registers) {
        return false;
    }
    for (std::size_t i = 0; i < registers.count; ++i) {
        const std::int64_t units = registers.value[i].units;
        if (units < 0 || (spec.modulus_units > 0 && units >= spec.modulus_units)) {
            return false;
        }
    }
    return true;
}

/// `use` before the ratio, in 10⁻⁴. W × µs / 3.6·10⁹ is Wh, × 10 are units, × 1.2 is the tolerance.
bool plausible(const MeterSpec& spec, std::int64_t use, Duration elapsed) {
    constexpr std::int64_t watt_us_per_unit = 300'000'000;
    constexpr std::int64_t slack_units = 100;
    return spec.max_power_w <= 0 || static_cast<int128>(use - slack_units) * watt_us_per_unit <=
                                        static_cast<int128>(spec.max_power_w) * elapsed.us;
}

/// A register that fell: start near the modulus, end near zero?
bool wrapped(const MeterSpec& spec, Quantity start, Quantity end) {
    const std::int64_t tenth = spec.modulus_units / 10;
    return tenth > 0 && start.units >= spec.modulus_units - tenth && end.units < tenth;
}

}  // namespace

void append_json(std::string& out, const Registers& registers) {
    out += '[';
    for (std::size_t i = 0; i < registers.count && i < max_registers; ++i) {
        out += i == 0 ? "\"" : ",\"";
        out += registers.value[i].text();
        out += '"';
    }
    out += ']';
}

Difference register_difference(const MeterSpec& spec, Instant prev_at, const Registers& prev,
                               Instant at, const Registers& now, Instant business_now) {
    using enum ReadingVerdict;
    CHECK(spec.ratio >= 1);
    if (at > business_now + future_tolerance) {
        return {future, {}, {}, 1};
    }
    if (!well_formed(spec, now)) {
        return {malformed, {}, {}, 1};
    }
    if (!prev_at) {
        return {charge, {}, {}, 1};
    }
    if (at <= prev_at) {
        return {at < prev_at ? late : now == prev ? duplicate : conflict, {}, {}, 1};
    }
    Difference out;
    std::int64_t use = now.total().units - prev.total().units;
    if (use < 0) {
        // A momentary zero looks like a rollover that lands on zero: the next reading tells.
        if (!wrapped(spec, prev.total(), now.total()) || now.total().units == 0) {
            return {backward, {}, {}, 1};
        }
        use += spec.modulus_units;
        out.verdict = rollover;
    }
    if (!plausible(spec, use, at - prev_at)) {
        // A zero, or garbage, in place of a total near the modulus is no rollover either.
        return {out.verdict == rollover ? backward : implausible, {}, {}, 1};
    }
    out.total.units = mul_checked(use, spec.ratio);
    out.by_register[0] = out.total;
    // An installation or a poor link gives the total alone: then the total alone is compared.
    out.register_count = now.count == prev.count ? now.count : std::uint8_t{1};
    for (std::size_t i = 1; i < out.register_count; ++i) {
        std::int64_t step = now.value[i].units - prev.value[i].units;
        if (step < 0 && wrapped(spec, prev.value[i], now.value[i])) {
            step += spec.modulus_units;
            out.verdict = rollover;
        }
        out.by_register[i].units = mul_checked(step, spec.ratio);
    }
    return out;
}

}  // namespace mb::rules::metering
