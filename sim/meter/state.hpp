// What a virtual meter is built with, what it remembers, and what can be wrong with it.
#pragma once

#include "base/bytes.hpp"
#include "base/describe.hpp"
#include "base/money.hpp"
#include "base/time.hpp"
#include "sim/meter/load.hpp"
#include "sim/meter/local_time.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace mb::sim::meter {

inline constexpr std::size_t bands = 4;  // T1 sharp 尖, T2 peak 峰, T3 flat 平, T4 valley 谷

/// From this minute of the day on, register `band` (1 … 4) counts.
struct DaySwitch {
    std::int32_t minute = 0;
    std::int32_t band = 1;
};
MB_DESCRIBE(DaySwitch, (minute, band))

/// In order of time; what is before the first switch belongs to the last one.
using DayTable = std::vector<DaySwitch>;

/// Peak 08–22 as T2, valley 22–08 as T4.
DayTable default_day_table();

struct MeterConfig {
    std::string address;              // up to 12 digits, high digit first
    std::string password = "000000";  // six digits
    std::uint8_t password_level = 0x02;
    std::uint64_t seed = 1;
    LoadSpec load;
    DayTable day_table = default_day_table();
    Energy initial_total;     // shared out to the bands of the table
    std::int32_t digits = 6;  // whole kWh digits of a register, 4 … 6: it rolls over at 10^digits
    std::int32_t phases = 1;  // 1 or 3
    std::int64_t utc_offset_s = 8 * 3600;
    std::int64_t drift_ppb = 0;
    Duration clock_error;                              // meter clock − true local time at the start
    Duration actuation = Duration::milliseconds(500);  // business time from drive to moved contact
    Duration key_press_after;  // after a close permit somebody presses the key; 0: nobody does
    Duration answer_delay = Duration::milliseconds(20);  // link time
    bool long_refusals = false;  // refuse relay commands by DC with two bytes instead of one
    std::int32_t preamble = 0;   // FE bytes before each answer
};

enum class Stuck : std::uint8_t { none, open, closed };
MB_ENUM(Stuck, none, open, closed)

/// Counts are the next answers concerned; negative: all until switched off.
struct MeterFaults {
    bool power_cut = false;     // silent, no load, relay as it is; the clock has a battery
    Stuck stuck = Stuck::none;  // the contact does not leave this position
    bool status_follows_command =
        false;                        // with a stuck contact: bit 4 shows the wish, not the contact
    Duration late;                    // more delay before every answer, link time
    std::int32_t momentary_zero = 0;  // energy registers read as 0
    std::int32_t mute = 0;            // frame obeyed, answer lost
    std::int32_t garbage = 0;         // noise before the answer
    std::int32_t corrupt = 0;         // one byte of the answer flipped
    std::int32_t duplicate = 0;       // answer sent twice
    std::int32_t foreign = 0;         // another meter's answer instead of its own
};
MB_DESCRIBE(MeterFaults, (power_cut, stuck, status_follows_command, late, momentary_zero, mute,
                          garbage, corrupt, duplicate, foreign))

struct RelayState {
    bool open = false;  // the contact
    bool commanded_open = false;
    bool permit = false;  // closing is allowed, the key was not pressed yet
    bool keep_power = false;
    bool alarm = false;
    Instant pretrip_until;  // 0: no pre-trip delay runs
    Instant move_at;        // 0: nothing pending
    bool move_to_open = false;
    Instant restore_at;               // 1D, 1E: closes again by itself; 0: no
    Instant key_at;                   // the key will be pressed; 0: no
    std::uint32_t operator_code = 0;  // of the last accepted command
};
MB_DESCRIBE(RelayState, (open, commanded_open, permit, keep_power, alarm, pretrip_until, move_at,
                         move_to_open, restore_at, key_at, operator_code))

struct Freeze {
    LocalUs stamp = 0;                            // by the meter's clock
    std::array<std::int64_t, bands + 1> units{};  // total, T1 … T4 in 10⁻⁴ kWh
};
MB_DESCRIBE(Freeze, (stamp, units))

struct RelayEvent {
    LocalUs stamp = 0;
    std::uint32_t operator_code = 0;
};
MB_DESCRIBE(RelayEvent, (stamp, operator_code))

/// All that survives a restart; written with base/binary.hpp.
struct MeterState {
    Instant at;                               // advanced to here
    std::array<std::int64_t, bands> units{};  // T1 … T4 in 10⁻⁴ kWh, never rolled over
    std::int64_t rest_nj = 0;                 // 0 ≤ rest < 3.6 × 10¹¹ nJ = 10⁻⁴ kWh
    Instant clock_set_at;
    LocalUs clock_set_to = 0;
    std::int64_t drift_ppb = 0;
    std::int32_t broadcast_day = -1;   // date of the last accepted broadcast time
    std::uint32_t password = 0;        // P2 P1 P0 as six BCD digits
    std::int32_t pretrip_minutes = 0;  // 04001401
    RelayState relay;
    std::vector<Freeze> daily;      // newest first, at most `freezes_max`
    std::vector<Freeze> asked;      // by freeze command, newest first
    std::vector<RelayEvent> trips;  // newest first, at most `events_max`
    std::vector<RelayEvent> closes;
    std::int64_t trip_count = 0;
    std::int64_t close_count = 0;
    std::int64_t power_failures = 0;
    std::int64_t programmings = 0;
    MeterFaults faults;
    std::uint64_t random = 0;
};
MB_DESCRIBE(MeterState, (at, units, rest_nj, clock_set_at, clock_set_to, drift_ppb, broadcast_day,
                         password, pretrip_minutes, relay, daily, asked, trips, closes, trip_count,
                         close_count, power_failures, programmings, faults, random))

inline constexpr std::size_t freezes_max = 7;
inline constexpr std::size_t events_max = 3;

}  // namespace mb::sim::meter
