// A meter's cumulative registers, and what the step from one reading to the next means (domain A6,
// C6; faults F17–F20, F24). Pure: the same two readings give the same verdict everywhere.
#pragma once

#include "base/binary.hpp"
#include "base/money.hpp"
#include "base/shape.hpp"
#include "base/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace mb::rules::metering {

/// 0 = total, 1…5 = the tariff registers T1…T5.
constexpr std::size_t max_registers = 6;

/// The registers of one reading as the meter shows them: before the CT/PT ratio, 0 ≤ value <
/// modulus. Values behind `count` are zero.
struct Registers {
    std::array<Quantity, max_registers> value{};
    std::uint8_t count = 1;  // 1…6

    [[nodiscard]] Quantity total() const { return value[0]; }
    friend bool operator==(const Registers&, const Registers&) = default;
};

/// ["12.3400", …], `count` entries.
void append_json(std::string& out, const Registers& registers);

/// What must be known of an installation to judge its readings. 0 = not known: that check is left
/// out.
struct MeterSpec {
    std::int64_t modulus_units = 0;  // registers run modulo this, in 10⁻⁴: 1 000 000.00 kWh → 10^10
    std::int32_t ratio = 1;          // CT × PT, ≥ 1; 1 when the meter reports primary values
    std::int64_t max_power_w =
        0;  // what the meter itself can carry, before the ratio; W, or litres an hour

    friend bool operator==(const MeterSpec&, const MeterSpec&) = default;
};
MB_DESCRIBE(MeterSpec, (modulus_units, ratio, max_power_w))

enum class ReadingVerdict : std::uint8_t {
    charge,       // a normal step, or the first reading of an installation (zero difference)
    rollover,     // charge; a register passed its modulus and was counted once
    duplicate,    // same time, same registers as `prev`
    conflict,     // same time, other registers → held
    late,         // older than `prev`; whether it is a duplicate the day block knows
    backward,     // the total fell and it was no rollover → held; `prev` stays the base
    implausible,  // more than max_power × 1.2 × elapsed allows → held
    future,       // read_at beyond business now + 5 minutes → held
    malformed,    // register count out of 1…6, a value negative or not below the modulus →
                  // held
};
MB_ENUM(ReadingVerdict, charge, rollover, duplicate, conflict, late, backward, implausible, future,
        malformed)

/// True for the two verdicts whose difference is billed and whose reading becomes the new base.
constexpr bool is_charged(ReadingVerdict verdict) {
    return verdict == ReadingVerdict::charge || verdict == ReadingVerdict::rollover;
}

/// How far a reading's own time may lie ahead of business now.
constexpr Duration future_tolerance = Duration::minutes(5);

/// Differences are × ratio and zero unless is_charged(verdict). A tariff register that went back
/// without a rollover shows a negative difference: then the sum does not match and time decides the
/// split.
struct Difference {
    ReadingVerdict verdict = ReadingVerdict::charge;
    Quantity total;
    std::array<Quantity, max_registers> by_register{};  // [0] = total
    std::uint8_t register_count =
        1;  // 1: the readings show different sets, only the total is known
};

/// `prev_at` 0: there is no earlier reading, the new one becomes the base. A rollover needs the
/// start within the last tenth of the modulus, the end within the first, and a plausible use;
/// everything else that falls is `backward`. Slack of the power check: one 0.01 step of the
/// register.
Difference register_difference(const MeterSpec& spec, Instant prev_at, const Registers& prev,
                               Instant at, const Registers& now, Instant business_now);

}  // namespace mb::rules::metering

namespace mb {

template <>
struct BinaryForm<rules::metering::Registers> {
    static void write(ByteWriter& out, const rules::metering::Registers& value) {
        out.u8(value.count);
        for (std::size_t i = 0; i < value.count && i < value.value.size(); ++i) {
            out.signed_varint(value.value[i].units);
        }
    }
    static void read(ByteReader& in, rules::metering::Registers& value) {
        value = {};
        value.count = in.u8();
        if (value.count > rules::metering::max_registers) {
            in.fail();
            value.count = 0;
        }
        for (std::size_t i = 0; i < value.count; ++i) {
            value.value[i].units = in.signed_varint();
        }
    }
};

/// In bytes a list of numbers.
template <>
struct ShapeForm<rules::metering::Registers> {
    static std::uint32_t build(ShapeBuilder& builder) {
        return builder.of<std::vector<std::int64_t>>();
    }
    static void read(ShapedReader& reader, const ShapeNode& node,
                     rules::metering::Registers& value) {
        std::vector<std::int64_t> units;
        ShapeForm<std::vector<std::int64_t>>::read(reader, node, units);
        if (units.size() > rules::metering::max_registers) {
            reader.refuse("has " + std::to_string(units.size()) + " registers");
            return;
        }
        value = {};
        value.count = static_cast<std::uint8_t>(units.size());
        for (std::size_t i = 0; i < units.size(); ++i) {
            value.value[i].units = units[i];
        }
    }
};

}  // namespace mb
