// Checks a meter's clock against business time and sets it within the limits of the standard: by
// broadcast (08) up to five minutes, once a day, not near midnight; by a write (14) beyond that. In
// steps, never over a midnight.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/events.hpp"
#include "headend/device.hpp"
#include "headend/settings.hpp"

namespace mb::headend {

class ClockKeeper {
public:
    /// A check is due and may begin (not near the project's midnight).
    [[nodiscard]] bool due(const ClockSettings& settings, const Zone& zone,
                           const engine::Now& now) const;
    void begin(const engine::Now& now);
    [[nodiscard]] bool busy() const { return step_ != Step::idle; }
    /// What to put to the meter next.
    [[nodiscard]] std::optional<Ask> next() const;

    /// The answer to clock, date or time_of_day. Returns meter clock − business time in seconds
    /// when it is known now; then next() may want a broadcast or a write.
    std::optional<std::int64_t> read(Ask ask, const dlt645::ReadReply& reply,
                                     const MeterConfig& meter, const ClockSettings& settings,
                                     const engine::Now& sent, const engine::Now& now);
    /// Meter without 0400010C: date and time are asked one after the other.
    void refused(Ask ask, bool no_such_data);
    /// A write was accepted, a broadcast has left.
    void done(Ask ask);
    void silence() { step_ = Step::idle; }

private:
    enum class Step : std::uint8_t {
        idle,
        clock,
        time_of_day,
        date,
        broadcast,
        write_clock,
        write_date,
        write_time
    };

    std::optional<std::int64_t> judge(const LocalTime& shown, const MeterConfig& meter,
                                      const ClockSettings& settings, const engine::Now& sent,
                                      const engine::Now& now);

    Instant checked_at_;  // business
    CivilDate set_on_;    // the day a clock was last set
    std::int64_t time_us_ = 0;
    Instant time_sent_at_;  // business; when the time of day was asked for
    Step step_ = Step::idle;
    bool apart_ = false;  // no 0400010C
};

}  // namespace mb::headend
