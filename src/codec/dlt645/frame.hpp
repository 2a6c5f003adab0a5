// One DL/T 645-2007 frame: 68 address 68 control length data checksum 16 (§1.1, §1.2 of the
// protocol notes).
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "codec/dlt645/address.hpp"

namespace mb::codec::dlt645 {

/// Bits 4–0 of the control byte.
enum class Function : std::uint8_t {
    security = 0x03,
    broadcast_time = 0x08,
    read = 0x11,
    read_next = 0x12,
    read_address = 0x13,
    write = 0x14,
    set_address = 0x15,
    freeze = 0x16,
    change_baud = 0x17,
    change_password = 0x18,
    clear_demand = 0x19,
    clear_meter = 0x1A,
    clear_events = 0x1B,
    relay = 0x1C,
};

/// "read", "relay" …; "unknown" for a code outside the table.
std::string_view function_name(Function function);

struct Control {
    std::uint8_t code = 0;

    [[nodiscard]] constexpr bool from_meter() const { return (code & 0x80) != 0; }
    [[nodiscard]] constexpr bool is_error() const { return (code & 0x40) != 0; }
    /// Follow-on frames exist.
    [[nodiscard]] constexpr bool more() const { return (code & 0x20) != 0; }
    [[nodiscard]] constexpr Function function() const { return Function(code & 0x1F); }
    friend constexpr bool operator==(const Control&, const Control&) = default;
};

/// Without allocation; data are plain (33h already taken off).
struct Frame {
    static constexpr std::size_t data_max = 255;
    /// Bytes of a frame without data, preamble not counted.
    static constexpr std::size_t overhead = 12;

    Address address;
    Control control;
    std::uint8_t length = 0;
    std::array<std::uint8_t, data_max> bytes{};

    /// `data` of at most 255 bytes (checked).
    static Frame make(const Address& address, std::uint8_t control, ByteView data);

    [[nodiscard]] ByteView data() const { return ByteView(bytes).first(length); }
    /// As sent, behind `preamble` bytes FE (0–16).
    [[nodiscard]] Bytes encode(int preamble = 0) const;
    [[nodiscard]] std::size_t encoded_size() const { return overhead + length; }
    friend bool operator==(const Frame& a, const Frame& b);
};

}  // namespace mb::codec::dlt645
