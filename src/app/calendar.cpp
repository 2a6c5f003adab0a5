#include "app/calendar.hpp"

#include "base/check.hpp"

#include <algorithm>

namespace mb::app {

Result<rules::credit::WorkCalendar> parse_calendar(std::string_view csv) {
    rules::credit::WorkCalendar out;
    int line_number = 0;
    while (!csv.empty()) {
        const std::size_t end = std::min(csv.find('\n'), csv.size());
        const std::string_view line = csv.substr(0, end);
        csv.remove_prefix(std::min(end + 1, csv.size()));
        if (++line_number == 1 || line.empty()) {
            continue;  // column names
        }
        const Error bad = error("calendar.malformed").with("line", std::to_string(line_number));
        const auto date = CivilDate::parse(line.substr(0, std::min<std::size_t>(10, line.size())));
        if (!date || line.size() < 12) {
            return fail(bad);
        }
        const std::string_view rest = line.substr(11);
        if (rest.starts_with("holiday")) {
            out.holidays.push_back(*date);
        } else if (rest.starts_with("workday")) {
            out.makeup_workdays.push_back(*date);
        } else {
            return fail(bad);
        }
    }
    std::sort(out.holidays.begin(), out.holidays.end());
    std::sort(out.makeup_workdays.begin(), out.makeup_workdays.end());
    return out;
}

const rules::credit::WorkCalendar& china_calendar() {
    static const rules::credit::WorkCalendar calendar = [] {
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
