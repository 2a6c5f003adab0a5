// Relay, alarm and keep-power commands of control code 1C (§1.3 of the protocol notes).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "codec/dlt645/bcd.hpp"

namespace mb::codec::dlt645 {

/// The byte N1.
enum class RelayAction : std::uint8_t {
    trip = 0x1A,               // opens after the meter's pre-trip delay; refused under keep-power
    close_permit = 0x1B,       // the key on the meter closes
    close = 0x1C,              // closes without the key
    trip_auto_restore = 0x1D,  // N2 minutes
    trip_auto_restore_long = 0x1E,  // N2 × 5 minutes
    alarm = 0x2A,
    alarm_cancel = 0x2B,
    keep_power = 0x3A,
    keep_power_cancel = 0x3B,
};
/// "trip", "close_permit" … ("trip_auto_restore" for both 1D and 1E); "" for no such command.
std::string_view relay_action_name(RelayAction action);

struct RelayCommand {
    RelayAction action = RelayAction::trip;
    /// Meter-local. The meter refuses when its clock is past it; nothing is sent as year 99. Years
    /// 2000–2098.
    std::optional<LocalTime> deadline;
    std::uint8_t parameter = 0;  // N2
};

/// Who may write: password level, password and the operator code that the meter logs. The numbers
/// are read as hex digits: password 123456 is 0x123456.
struct Credentials {
    std::uint8_t level = 0x02;
    std::uint32_t password = 0;
    std::uint32_t operator_code = 0;

    /// Two, six and eight hex digits. Errors: dlt645.credentials {field}.
    static Result<Credentials> parse(std::string_view level, std::string_view password,
                                     std::string_view operator_code);
    /// PA P0 P1 P2 C0 C1 C2 C3.
    [[nodiscard]] std::array<std::uint8_t, 8> wire() const;
    static Credentials from_wire(ByteView bytes);
    friend bool operator==(const Credentials&, const Credentials&) = default;
};

/// N1 N2 N3 … N8.
std::array<std::uint8_t, 8> encode_relay_command(const RelayCommand& command);

}  // namespace mb::codec::dlt645
