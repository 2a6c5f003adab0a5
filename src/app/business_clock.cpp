#include "app/business_clock.hpp"

#include "app/calendar.hpp"
#include "base/json.hpp"

#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace mb::app {

Instant wall_now() {
    using namespace std::chrono;
    return {duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()};
}

engine::Now BusinessClock::now() const {
    const Instant wall = wall_now();
    if (!wall_) {
        return {wall, wall, 1};
    }
    return {business_ + (wall - wall_) * speed_, wall, speed_};
}

Result<std::string> read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        return fail(error("file.missing", ErrorKind::not_found).with("file", path.string()));
    }
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

Result<std::optional<ClockFile>> read_clock_file(const std::filesystem::path& path) {
    const auto text = read_file(path);
    if (!text) {
        return std::optional<ClockFile>();
    }
    return std::optional<ClockFile>(TRY(from_json<ClockFile>(*text)));
}

void write_file(const std::filesystem::path& path, std::string_view text, bool owner_only) {
    const std::filesystem::path temporary = path.string() + ".new";
    {
        std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
        if (owner_only) {
            std::filesystem::permissions(temporary, std::filesystem::perms::owner_read |
                                                        std::filesystem::perms::owner_write);
        }
        out.write(text.data(), static_cast<std::streamsize>(text.size()));
        out.flush();
        if (!out) {
            throw std::runtime_error("cannot write " + temporary.string());
        }
    }
    std::filesystem::rename(temporary, path);
}

Instant demo_start(Instant wall, const Zone& zone) {
    CivilDate day = zone.date(wall);
    while (!china_calendar().is_working_day(day)) {
        day = day + -1;
    }
    return zone.instant(day, 9 * 60 + 30);
}

}  // namespace mb::app
