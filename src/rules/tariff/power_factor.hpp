// Power factor adjustment (力调电费, domain A4): a table keyed by integer hundredths.
#pragma once

#include "base/money.hpp"
#include "base/result.hpp"
#include "rules/tariff/document.hpp"

#include <array>

namespace mb::rules::tariff {

/// Percentages by hundredths 0 … 100; positive is a surcharge.
using PowerFactorTable = std::array<Ratio, 101>;

/// Errors: tariff.conflicting, tariff.unknown_value, tariff.hole {hundredths}, tariff.overlap,
/// tariff.bad_percent.
Result<PowerFactorTable> compile_power_factor(const PowerFactorRule& rule);

/// P ÷ √(P² + Q²) in hundredths, ties up; both 0 … max_interval_quantity, not both zero.
int power_factor_hundredths(Quantity active, Quantity reactive);

}  // namespace mb::rules::tariff
