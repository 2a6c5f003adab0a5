// Money, prices, quantities (design §4). Nothing about money or energy is ever floating point.
#pragma once

#include "base/decimal.hpp"
#include "base/describe.hpp"
#include "base/integer.hpp"

#include <compare>
#include <cstdint>
#include <string>

namespace mb {

/// Whole fen (0.01 yuan), negative allowed. Arithmetic is checked.
struct Money {
    std::int64_t fen = 0;

    friend Money operator+(Money a, Money b) { return {add_checked(a.fen, b.fen)}; }
    friend Money operator-(Money a, Money b) { return {sub_checked(a.fen, b.fen)}; }
    Money operator-() const { return {sub_checked(0, fen)}; }
    Money& operator+=(Money b) { return *this = *this + b; }
    Money& operator-=(Money b) { return *this = *this - b; }
    friend auto operator<=>(const Money&, const Money&) = default;

    /// Yuan with two places: "12.30".
    [[nodiscard]] std::string text() const { return format_decimal(fen, 2); }
    /// At most two places. Errors: decimal.*
    static Result<Money> parse(std::string_view yuan) { return Money{TRY(parse_decimal(yuan, 2))}; }
};

/// An amount of one commodity in 10⁻⁴ of its billing unit (0.1 Wh, 0.1 L).
template <class Commodity>
struct Amount {
    std::int64_t units = 0;

    friend Amount operator+(Amount a, Amount b) { return {add_checked(a.units, b.units)}; }
    friend Amount operator-(Amount a, Amount b) { return {sub_checked(a.units, b.units)}; }
    Amount& operator+=(Amount b) { return *this = *this + b; }
    Amount& operator-=(Amount b) { return *this = *this - b; }
    friend auto operator<=>(const Amount&, const Amount&) = default;

    /// All four places, or at least `min_places`: "12.3400".
    [[nodiscard]] std::string text(int min_places = -1) const {
        return format_decimal(units, 4, min_places);
    }
    static Result<Amount> parse(std::string_view text) {
        return Amount{TRY(parse_decimal(text, 4))};
    }
};

using Energy = Amount<struct EnergyTag>;      // kWh × 10⁻⁴
using Volume = Amount<struct VolumeTag>;      // m³ × 10⁻⁴
using Quantity = Amount<struct QuantityTag>;  // billing unit of whatever commodity × 10⁻⁴

/// Yuan per billing unit in 10⁻¹³ yuan: a nine-decimal flat price times a four-decimal ratio is
/// exact.
struct Price {
    std::int64_t units = 0;

    friend Price operator+(Price a, Price b) { return {add_checked(a.units, b.units)}; }
    friend auto operator<=>(const Price&, const Price&) = default;

    [[nodiscard]] std::string text() const { return format_decimal(units, 13, 2); }
    static Result<Price> parse(std::string_view yuan) {
        return Price{TRY(parse_decimal(yuan, 13))};
    }
};

/// Exact money: fen + rest × 10⁻¹⁵ fen, 0 ≤ rest < 10¹⁵. Quantity × Price is a whole number of
/// rests.
struct ExactMoney {
    static constexpr std::int64_t rests_per_fen = 1'000'000'000'000'000;

    std::int64_t fen = 0;
    std::int64_t rest = 0;

    static ExactMoney from_rests(int128 rests) {
        const int128 whole = floor_div<int128>(rests, rests_per_fen);
        return {narrow(whole), static_cast<std::int64_t>(rests - whole * rests_per_fen)};
    }
    static ExactMoney product(Quantity quantity, Price price) {
        return from_rests(static_cast<int128>(quantity.units) * price.units);
    }
    [[nodiscard]] int128 rests() const { return static_cast<int128>(fen) * rests_per_fen + rest; }
    friend ExactMoney operator+(const ExactMoney& a, const ExactMoney& b) {
        std::int64_t sum = a.rest + b.rest;  // < 2 × 10¹⁵
        const std::int64_t carry = sum >= rests_per_fen ? 1 : 0;
        sum -= carry * rests_per_fen;
        return {add_checked(add_checked(a.fen, b.fen), carry), sum};
    }
    ExactMoney& operator+=(const ExactMoney& b) { return *this = *this + b; }
    friend bool operator==(const ExactMoney&, const ExactMoney&) = default;

    /// To fen, ties away from zero.
    [[nodiscard]] Money rounded() const {
        // The rest counts upwards: for a negative sum a tie goes down, away from zero.
        const bool up = fen >= 0 ? rest >= rests_per_fen / 2 : rest > rests_per_fen / 2;
        return {up ? add_checked(fen, 1) : fen};
    }
    /// Yuan, exact, at least two places.
    [[nodiscard]] std::string text() const;
};
MB_DESCRIBE(ExactMoney, (fen, rest))

}  // namespace mb
