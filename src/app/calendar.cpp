#include "app/calendar.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace mb::app {

namespace {

using rules::Holiday;

struct HolidayName {
    std::string_view english;
    Holiday holiday;
};
constexpr std::array<HolidayName, 7> holiday_names = {{
    {"New Year's Day", Holiday::new_year},
    {"Spring Festival", Holiday::spring_festival},
    {"Tomb-sweeping Day", Holiday::tomb_sweeping},
    {"Labour Day", Holiday::labour_day},
    {"Dragon Boat Festival", Holiday::dragon_boat},
    {"Mid-autumn Festival", Holiday::mid_autumn},
    {"National Day", Holiday::national_day},
}};

/// "2026-01-01,holiday,元旦,New Year's Day"; nullopt when it is not like that.
std::optional<rules::SpecialDay> parse_day(std::string_view line) {
    const std::string_view all = line;
    const auto field = [&line] {
        const std::size_t end = std::min(line.find(','), line.size());
        const std::string_view out = line.substr(0, end);
        line.remove_prefix(std::min(end + 1, line.size()));
        return out;
    };
    const auto date = CivilDate::parse(field());
    const std::string_view kind = field();
    if (!date || (kind != "holiday" && kind != "workday") ||
        std::count(all.begin(), all.end(), ',') != 3) {
        return std::nullopt;
    }
    field();
    const std::string_view name = field();
    const auto known = std::find_if(holiday_names.begin(), holiday_names.end(),
                                    [&](const HolidayName& one) { return one.english == name; });
    if (known == holiday_names.end()) {
        return std::nullopt;
    }
    return rules::SpecialDay{*date, kind == "workday", known->holiday};
}

}  // namespace

Result<rules::Calendar> parse_calendar(std::string_view csv) {
    rules::Calendar out;
    int line_number = 0;
    while (!csv.empty()) {
        const std::size_t end = std::min(csv.find('\n'), csv.size());
        const std::string_view line = csv.substr(0, end);
        csv.remove_prefix(std::min(end + 1, csv.size()));
        if (++line_number == 1 || line.empty()) {
            continue;  // column names
        }
        const auto day = parse_day(line);
        if (!day) {
            return fail(error("calendar.malformed").with("line", std::to_string(line_number)));
        }
        out.days.push_back(*day);
    }
    std::sort(out.days.begin(), out.days.end(),
              [](const auto& a, const auto& b) { return a.date < b.date; });
    return out;
}

const rules::Calendar& china_calendar() {
    static const rules::Calendar calendar = [] {
        for (const EmbeddedFile& file : embedded_data()) {
            if (file.name == "cn_holidays.csv") {
                auto parsed = parse_calendar(file.text);
                CHECK_MSG(parsed, parsed ? "" : parsed.error().text());
                return *parsed;
            }
        }
        check_failed("data/cn_holidays.csv is embedded", __FILE__, __LINE__);
    }();
    return calendar;
}

}  // namespace mb::app
