// What `bench rate` prices by: three tiers × five bands, ten changes of band a day.
#pragma once

#include "rules/tariff/document.hpp"

namespace mb::bench {

/// Prices differ in every cell, so that a wrong one shows. Tiers by month, in order of time.
rules::tariff::TariffDocument three_by_five(Quantity first_limit, Quantity second_limit);

/// A number that looks random, of a number.
std::uint64_t mixed(std::uint64_t number);

}  // namespace mb::bench
