#include "rules/tariff/power_factor.hpp"

#include "base/integer.hpp"
#include "rules/tariff/pointer.hpp"

#include <algorithm>
#include <string>

namespace mb::rules::tariff {

namespace {

/// Steps of a hundredth: up to `bound` each costs `each` (10⁻⁴ per cent).
struct Slope {
    int bound;
    std::int64_t each;
};

struct Standard {
    std::string_view name;
    int hundredths;
    std::array<Slope, 2> above;  // then no more
    std::array<Slope, 2> below;  // then 2 per cent each
};

constexpr std::array<Standard, 3> standards = {{
    {"0.90", 90, {{{95, 1500}, {95, 0}}}, {{{70, 5000}, {65, 10'000}}}},
    {"0.85", 85, {{{90, 1000}, {94, 1500}}}, {{{65, 5000}, {60, 10'000}}}},
    {"0.80", 80, {{{90, 1000}, {92, 1500}}}, {{{60, 5000}, {55, 10'000}}}},
}};
constexpr std::int64_t two_percent = 20'000;

PowerFactorTable table_of(const Standard& standard) {
    PowerFactorTable out{};
    std::int64_t sum = 0;
    for (int at = standard.hundredths + 1; at <= 100; ++at) {
        sum -= at <= standard.above[0].bound   ? standard.above[0].each
               : at <= standard.above[1].bound ? standard.above[1].each
                                               : 0;
        out[static_cast<std::size_t>(at)] = {sum};
    }
    sum = 0;
    for (int at = standard.hundredths - 1; at >= 0; --at) {
        sum += at >= standard.below[0].bound   ? standard.below[0].each
               : at >= standard.below[1].bound ? standard.below[1].each
                                               : two_percent;
        out[static_cast<std::size_t>(at)] = {sum};
    }
    return out;
}

}  // namespace

Result<PowerFactorTable> compile_power_factor(const PowerFactorRule& rule) {
    const std::string pointer = "/power_factor";
    if (rule.standard.empty() == rule.table.empty()) {
        return rule.table.empty() ? fail(refusal("tariff.hole", pointer))
                                  : fail(refusal("tariff.conflicting", below(pointer, "table"))
                                             .with("with", "standard"));
    }
    if (!rule.standard.empty()) {
        const auto found =
            std::find_if(standards.begin(), standards.end(),
                         [&](const Standard& one) { return one.name == rule.standard; });
        if (found == standards.end()) {
            return fail(refusal("tariff.unknown_value", below(pointer, "standard")));
        }
        return table_of(*found);
    }
    PowerFactorTable out{};
    std::array<bool, 101> given{};
    for (std::size_t i = 0; i < rule.table.size(); ++i) {
        const PowerFactorStep& step = rule.table[i];
        const std::string place = below(below(pointer, "table"), i);
        if (step.from < 0 || step.to > 100 || step.from > step.to) {
            return fail(refusal("tariff.reversed_period", place));
        }
        if (step.percent.units < -100 * ratio_one.units ||
            step.percent.units > 1000 * ratio_one.units) {
            return fail(refusal("tariff.bad_percent", below(place, "percent")));
        }
        for (auto at = static_cast<std::size_t>(step.from); at <= static_cast<std::size_t>(step.to);
             ++at) {
            if (given[at]) {
                return fail(
                    refusal("tariff.overlap", place).with("hundredths", std::to_string(at)));
            }
            given[at] = true;
            out[at] = step.percent;
        }
    }
    const auto hole = std::find(given.begin(), given.end(), false);
    if (hole != given.end()) {
        return fail(refusal("tariff.hole", below(pointer, "table"))
                        .with("hundredths", std::to_string(hole - given.begin())));
    }
    return out;
}

int power_factor_hundredths(Quantity active, Quantity reactive) {
    const auto square = [](int128 x) { return x * x; };
    const int128 all = square(active.units) + square(reactive.units);
    CHECK(all > 0);
    // The largest h with h − ½ ≤ 100 × P ÷ S, that is (2h − 1)² S² ≤ (200 P)².
    int hundredths = 100;
    while (hundredths > 0 &&
           square(2 * hundredths - 1) * all > square(int128{200} * active.units)) {
        --hundredths;
    }
    return hundredths;
}

}  // namespace mb::rules::tariff
