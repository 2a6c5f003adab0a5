// A use as a CSV file: which kind it is says the header (docs/reference/rate.md).
#pragma once

#include "base/result.hpp"
#include "rules/billing/usage.hpp"

#include <string_view>

namespace mb::app {

/// Errors: csv.header {expected}, csv.fields {line}, and those of numbers and bands {line, column}.
Result<rules::billing::Usage> parse_usage_csv(std::string_view text);

}  // namespace mb::app
