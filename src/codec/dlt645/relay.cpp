#include "codec/dlt645/relay.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace mb::codec::dlt645 {

std::string_view relay_action_name(RelayAction action) {
    switch (action) {
        case RelayAction::trip: return "trip";
        case RelayAction::close_permit: return "close_permit";
        case RelayAction::close: return "close";
        case RelayAction::trip_auto_restore: return "trip_auto_restore";
        case RelayAction::trip_auto_restore_long: return "trip_auto_restore";
        case RelayAction::alarm: return "alarm";
        case RelayAction::alarm_cancel: return "alarm_cancel";
        case RelayAction::keep_power: return "keep_power";
        case RelayAction::keep_power_cancel: return "keep_power_cancel";
    }
    return "";
}

namespace {

Result<std::uint32_t> hex_number(std::string_view field, std::string_view text,
                                 std::size_t digits) {
    const Result<Bytes> bytes = parse_hex(text);
    if (text.size() != digits || !bytes || bytes->size() * 2 != digits) {
        return fail(error("dlt645.credentials").with("field", std::string(field)));
    }
    std::uint32_t out = 0;
    for (const std::uint8_t byte : *bytes) {
        out = out << 8 | byte;
    }
    return out;
}

std::uint8_t byte_of(std::uint32_t value, int index) {
    return static_cast<std::uint8_t>(value >> (8 * index));
}

}  // namespace

Result<Credentials> Credentials::parse(std::string_view level, std::string_view password,
                                       std::string_view operator_code) {
    Credentials out;
    out.level = static_cast<std::uint8_t>(TRY(hex_number("level", level, 2)));
    out.password = TRY(hex_number("password", password, 6));
    out.operator_code = TRY(hex_number("operator", operator_code, 8));
    return out;
}

std::array<std::uint8_t, 8> Credentials::wire() const {
    return {level,
            byte_of(password, 0),
            byte_of(password, 1),
            byte_of(password, 2),
            byte_of(operator_code, 0),
            byte_of(operator_code, 1),
            byte_of(operator_code, 2),
            byte_of(operator_code, 3)};
}

Credentials Credentials::from_wire(ByteView bytes) {
    CHECK(bytes.size() >= 8);
    Credentials out;
    out.level = bytes[0];
    for (std::size_t i = 0; i < 3; ++i) {
        out.password |= static_cast<std::uint32_t>(bytes[1 + i]) << (8 * i);
    }
    for (std::size_t i = 0; i < 4; ++i) {
        out.operator_code |= static_cast<std::uint32_t>(bytes[4 + i]) << (8 * i);
    }
    return out;
}

std::array<std::uint8_t, 8> encode_relay_command(const RelayCommand& command) {
    // Year 99, the last second of it: later than any meter's clock, as makers' own tools send it.
    std::array<std::uint8_t, 6> deadline{0x59, 0x59, 0x23, 0x31, 0x12, 0x99};
    if (command.deadline) {
        deadline = encode_second(*command.deadline);
        CHECK(deadline[5] != 0x99);
    }
    std::array<std::uint8_t, 8> out{static_cast<std::uint8_t>(command.action), command.parameter};
    std::ranges::copy(deadline, out.begin() + 2);
    return out;
}

}  // namespace mb::codec::dlt645
