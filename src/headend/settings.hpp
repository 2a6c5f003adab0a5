// What the head-end is told once: the polling plan and the bounds of everything that could grow.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.hpp"

namespace mb::headend {

/// Business time unless it says wall.
struct PollSettings {
    Duration period = Duration::minutes(15);  // registers, status, power; aligned to the epoch
    Duration spread = Duration::minutes(2);   // per-meter jitter behind the quarter
    Duration fresh =
        Duration::minutes(5);  // a meter that comes back is not asked again within this
    Duration connect_spread =
        Duration::seconds(2);              // wall; jitter of the first round of a new link
    std::int32_t silent_rounds_max = 3;    // then the meter counts as out of contact
    std::int32_t back_off_rounds_max = 8;  // a silent meter is asked every 2, 4, … 8 rounds
};

/// Business time. Source of the limits: DL/T 645 broadcast time, protocol notes §1.2.
struct ClockSettings {
    Duration check_every = Duration::hours(1);
    Duration tolerance = Duration::seconds(30);     // nothing is done below this
    Duration broadcast_max = Duration::minutes(5);  // larger errors need a write
    Duration midnight_guard =
        Duration::minutes(10);  // no clock is touched so close to local midnight
    bool set_clocks = true;
};

struct HeadendSettings {
    PollSettings poll;
    ClockSettings clock;
    std::size_t links_max = 20'000;
    std::size_t unidentified_max =
        4'096;                      // links that have not said who they are; the next is closed
    std::size_t unknown_max = 256;  // links of devices nobody configured, kept for a while
    Duration unknown_linger = Duration::seconds(30);  // wall
    Duration throttled_max =
        Duration::seconds(10);  // wall; a link over its quota for so long is closed
    Duration penalty_min =
        Duration::seconds(10);  // wall; a device closed for flooding stays out so long,
    Duration penalty_max = Duration::minutes(5);  // doubling up to this
    std::int32_t replacements_max = 10;   // links of one device a minute; then the newer is refused
    std::size_t tasks_per_meter_max = 8;  // waiting relay and read tasks
    std::size_t tasks_max = 100'000;
    std::size_t events_max = 65'536;  // events the engine has not taken yet; see Outbound
    Duration late_answer_max =
        Duration::minutes(5);  // business; a late register answer older is dropped
};

}  // namespace mb::headend
