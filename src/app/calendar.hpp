// The working-day calendar of mainland China from data/cn_holidays.csv, carried inside the program.
#pragma once

#include "base/result.hpp"
#include "rules/credit/policy.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mb::app {

struct EmbeddedFile {
    std::string name;
    std::string text;
};

/// data/*.csv, by name (written by cmake/Embed.cmake).
const std::vector<EmbeddedFile>& embedded_data();

/// CSV with the columns date, kind (holiday | workday), …. Errors: calendar.malformed {line}.
Result<rules::credit::WorkCalendar> parse_calendar(std::string_view csv);

/// The embedded one.
const rules::credit::WorkCalendar& china_calendar();

}  // namespace mb::app
