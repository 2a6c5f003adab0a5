// Meter addresses of DL/T 645-2007: 12 digits, low byte first on the wire (§1.1 of the protocol
// notes).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace mb::codec::dlt645 {

struct Address {
    /// Wire order: low byte first. Some makers' meters use hex digits; none is refused.
    std::array<std::uint8_t, 6> bytes{};

    /// Twelve hex digits, high digit first: "002611150042". Errors: dlt645.address.
    static Result<Address> parse(std::string_view text);
    /// The low-order digits that are known (2, 4 … 12 of them); AA stands for the rest. Errors:
    /// dlt645.address.
    static Result<Address> abbreviated(std::string_view low_digits);
    /// AA…AA: every meter answers with its own address. Only with one meter on the line.
    static constexpr Address wildcard() { return {{0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA}}; }
    /// 99…99: every meter obeys, none answers (time, freeze).
    static constexpr Address broadcast() { return {{0x99, 0x99, 0x99, 0x99, 0x99, 0x99}}; }

    /// Twelve upper-case hex digits.
    [[nodiscard]] std::string text() const;
    [[nodiscard]] bool is_wildcard() const { return *this == wildcard(); }
    [[nodiscard]] bool is_broadcast() const { return *this == broadcast(); }
    /// Whether a reply from `actual` answers a request sent to this address: equal but for the
    /// high-order AA bytes.
    [[nodiscard]] bool matches(const Address& actual) const;

    friend constexpr auto operator<=>(const Address&, const Address&) = default;
};

}  // namespace mb::codec::dlt645
