// The two clocks (design §2): business time is computed from wall time by (business instant, wall
// instant, speed), never by ticks; it is never set back.
#pragma once

#include "base/describe.hpp"
#include "base/result.hpp"
#include "engine/entities.hpp"

#include <filesystem>
#include <optional>

namespace mb::app {

/// Microseconds since 1970, UTC. The form of clock.json, which server and fleet share.
struct ClockFile {
    std::int64_t business_us = 0;
    std::int64_t wall_us = 0;
    std::int32_t speed = 1;
};
MB_DESCRIBE(ClockFile, (business_us, wall_us, speed))

class BusinessClock {
public:
    BusinessClock() = default;  // wall time
    BusinessClock(Instant business, Instant wall, std::int32_t speed)
        : business_(business), wall_(wall), speed_(speed) {}

    [[nodiscard]] engine::Now now() const;
    [[nodiscard]] ClockFile file() const { return {business_.us, wall_.us, speed_}; }

private:
    Instant business_;
    Instant wall_;
    std::int32_t speed_ = 1;
};

Instant wall_now();

/// Nothing when the file does not exist. Errors: json.*.
Result<std::optional<ClockFile>> read_clock_file(const std::filesystem::path& path);
/// Written whole, then renamed. Throws std::runtime_error when the disk refuses.
void write_file(const std::filesystem::path& path, std::string_view text, bool owner_only = false);
Result<std::string> read_file(const std::filesystem::path& path);

/// 09:30 in `zone` of the last working day up to the date of `wall`.
Instant demo_start(Instant wall, const Zone& zone);

}  // namespace mb::app
