// The calendar of holidays of mainland China from data/cn_holidays.csv, carried inside the program.
#pragma once

#include "base/result.hpp"
#include "rules/calendar.hpp"

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

/// CSV with the columns date, kind (holiday | workday), name_zh, name_en. Errors:
/// calendar.malformed {line}.
Result<rules::Calendar> parse_calendar(std::string_view csv);

/// The embedded one.
const rules::Calendar& china_calendar();

}  // namespace mb::app
