// Trip reasons are a set; the desired relay position follows from the set and the protections
// (design §5.3).
#pragma once

#include "base/binary.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace mb::rules::relay {

enum class Reason : std::uint8_t {
    arrears,
    overload,
    malicious_load,
    schedule,
    manual,
    safety,
    lease_end,
};
MB_ENUM(Reason, arrears, overload, malicious_load, schedule, manual, safety, lease_end)
constexpr int reason_count = 7;

/// A set of reasons as bits (1 << Reason).
struct Reasons {
    using FlagsOf = Reason;  // checkpoints know the bits by name (base/shape.hpp)
    std::uint8_t bits = 0;

    [[nodiscard]] bool has(Reason r) const {
        return (bits & (1U << static_cast<unsigned>(r))) != 0;
    }
    void set(Reason r, bool on) {
        const auto bit = static_cast<std::uint8_t>(1U << static_cast<unsigned>(r));
        bits = static_cast<std::uint8_t>(on ? bits | bit : bits & ~bit);
    }
    [[nodiscard]] bool none() const { return bits == 0; }
    [[nodiscard]] std::vector<Reason> list() const;
    friend bool operator==(const Reasons&, const Reasons&) = default;
};

enum class RestoreMode : std::uint8_t {
    direct,  // close at once, consent given
    permit,  // key on the meter (按键合闸)
    staff,   // a person closes
};
MB_ENUM(RestoreMode, direct, permit, staff)

/// What the field shows; unknown until the meter was read.
enum class Position : std::uint8_t { unknown, closed, open };
MB_ENUM(Position, unknown, closed, open)

enum class Action : std::uint8_t {
    none,    // leave the relay as it is
    trip,    // open it
    close,   // close it directly
    permit,  // allow the key on the meter
};
MB_ENUM(Action, none, trip, close, permit)

struct Protection {
    bool keep_power = false;        // 保电
    bool no_disconnect = false;     // 禁止断电
    bool lock_out = false;          // a tag: nobody may close
    bool manual_confirmed = false;  // the manual cut carries a reason and two different approvers

    friend bool operator==(const Protection&, const Protection&) = default;
};
MB_DESCRIBE(Protection, (keep_power, no_disconnect, lock_out, manual_confirmed))

/// Reasons that count: under keep-power or no-disconnect only safety, and a confirmed manual cut.
Reasons unsuppressed(Reasons reasons, const Protection& protection);

/// The command that brings the relay from `position` to where it should be. `restoring` says that
/// the platform opened it (or keep-power was set on an open point): only then is it closed again,
/// by the restore mode; a relay that nobody here opened is left alone. `staff_close` is a person's
/// order. An unknown position counts as the one that needs the command: commands are absolute, a
/// repeated one changes nothing, and the head-end reads the relay first when it may already be
/// there.
Action required(Reasons reasons, const Protection& protection, RestoreMode mode, Position position,
                bool restoring, bool staff_close);

}  // namespace mb::rules::relay
