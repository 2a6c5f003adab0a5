// What is charged besides the energy: funds by the unit, fees, demand, allowances.
#pragma once

#include "base/result.hpp"
#include "rules/tariff/document.hpp"

#include <vector>

namespace mb::rules::tariff {

/// price × share of each per_unit charge. Errors: tariff.bad_item, tariff.bad_amount,
/// tariff.negative_price, tariff.price_too_high, tariff.inexact_price.
Result<std::vector<Price>> compile_per_unit(const TariffDocument& document);

/// Errors: tariff.bad_item, tariff.bad_amount, tariff.bad_window, tariff.negative_price,
/// tariff.price_too_high, tariff.unknown_value.
Result<void> judge_charges(const TariffDocument& document);

}  // namespace mb::rules::tariff
