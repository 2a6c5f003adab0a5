// Status words 1–7 (04000501 … 507, block 040005FF; §1.6 of the protocol notes).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace mb::codec::dlt645 {

enum class Supply : std::uint8_t { main = 0, auxiliary = 1, battery = 2, reserved = 3 };
enum class PrepaidKind : std::uint8_t { none = 0, energy = 1, money = 2, reserved = 3 };
std::string_view supply_name(Supply supply);
std::string_view prepaid_kind_name(PrepaidKind kind);

/// Word 3: the relay. commanded_open without relay_open: the trip was accepted, the contact has not
/// moved yet.
struct StatusWord3 {
    std::uint16_t raw = 0;

    [[nodiscard]] constexpr bool bit(int n) const { return (raw >> n & 1) != 0; }
    [[nodiscard]] constexpr bool relay_open() const { return bit(4); }
    [[nodiscard]] constexpr bool commanded_open() const { return bit(6); }
    [[nodiscard]] constexpr bool pretrip_alarm() const { return bit(7); }
    [[nodiscard]] constexpr bool programming_allowed() const { return bit(3); }
    [[nodiscard]] constexpr Supply supply() const { return Supply(raw >> 1 & 3); }
    [[nodiscard]] constexpr PrepaidKind prepaid_kind() const { return PrepaidKind(raw >> 8 & 3); }
    // The editions agree less on these:
    [[nodiscard]] constexpr bool keep_power() const { return bit(12); }
    [[nodiscard]] constexpr bool authenticated() const { return bit(13); }
    [[nodiscard]] constexpr bool local_account_open() const { return !bit(14); }
    [[nodiscard]] constexpr bool remote_account_open() const { return !bit(15); }
};

/// One bit with a name; `inverted` bits are true when 0.
struct StatusBit {
    std::uint8_t bit = 0;
    std::string_view name;
    std::string_view zh;
    bool inverted = false;

    [[nodiscard]] constexpr bool in(std::uint16_t word) const {
        return ((word >> bit & 1) != 0) != inverted;
    }
};

/// The named bits of word 1–7 (checked).
std::span<const StatusBit> status_bits(int word);

}  // namespace mb::codec::dlt645
