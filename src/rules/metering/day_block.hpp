// The readings of one meter and one day, packed: what the engine keeps of an open day and what the
// store compresses, hashes and keeps of a closed one. Every reading that came in is in it once,
// with what became of it (design §5.5); about 6 bytes a reading before compression.
#pragma once

#include "base/binary.hpp"
#include "base/bytes.hpp"
#include "base/describe.hpp"
#include "base/result.hpp"
#include "rules/metering/register.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace mb::rules::metering {

/// Every reading ends in exactly one of these.
enum class Outcome : std::uint8_t { charged, held, excluded };
MB_ENUM(Outcome, charged, held, excluded)
constexpr std::size_t outcome_count = 3;

/// Stored as a number: append only, never renumber (at most 64).
enum class OutcomeReason : std::uint8_t {
    none,
    duplicate,
    conflict,
    late,
    backward,
    implausible,
    future,
    malformed,
    rollover,  // charged
    first,     // the base of an installation; nothing to charge
    no_tariff,
    no_price,
    no_agreement,
    day_closed,
    unknown_meter,
    removed_meter,
    clock,
    manual,     // charged: entered by a person, in place of what came at that time
    estimated,  // charged: until a reading replaces it
    rerated,    // charged, but only by the re-rating that follows
};
MB_ENUM(OutcomeReason, none, duplicate, conflict, late, backward, implausible, future, malformed,
        rollover, first, no_tariff, no_price, no_agreement, day_closed, unknown_meter,
        removed_meter, clock, manual, estimated, rerated)

struct DayReading {
    Instant at;
    Registers registers;  // count 0 for an excluded duplicate: it repeats the earlier reading of
                          // that time
    Outcome outcome = Outcome::charged;
    OutcomeReason reason = OutcomeReason::none;

    friend bool operator==(const DayReading&, const DayReading&) = default;
};

/// Append-only. Holds its bytes and what is needed to append (all of it follows from the bytes).
class DayBlock {
public:
    /// Whatever came in, malformed or not: values as they are, the first six registers. An excluded
    /// duplicate, and a reading with count 0, keep only their time.
    void append(Instant at, const Registers& registers, Outcome outcome,
                OutcomeReason reason = OutcomeReason::none);

    /// The first reading of that time; reads the block from its start (about 1 µs a day).
    [[nodiscard]] std::optional<DayReading> find(Instant at) const;

    enum class Match : std::uint8_t { none, same, other };
    /// For re-sent readings: is there one of that time, and one with these very registers?
    [[nodiscard]] Match match(Instant at, const Registers& registers) const;

    [[nodiscard]] std::vector<DayReading> readings() const;
    [[nodiscard]] std::uint32_t count(Outcome outcome) const {
        return counts_[static_cast<std::size_t>(outcome)];
    }
    [[nodiscard]] std::uint32_t size() const { return counts_[0] + counts_[1] + counts_[2]; }
    [[nodiscard]] bool empty() const { return data_.empty(); }
    /// Latest time appended; 0 when empty.
    [[nodiscard]] Instant latest_at() const { return latest_at_; }
    [[nodiscard]] ByteView bytes() const { return data_; }
    void clear() { *this = {}; }

    /// From bytes(). Errors: day_block.malformed {position}.
    static Result<DayBlock> parse(ByteView bytes);

    friend bool operator==(const DayBlock& a, const DayBlock& b) { return a.data_ == b.data_; }

private:
    class Cursor;
    void follow(const DayReading& reading);

    Bytes data_;
    std::array<std::uint32_t, outcome_count> counts_{};
    Instant latest_at_;
    Instant last_at_;             // of the last reading that has registers
    std::int64_t last_step_ = 0;  // µs between the last two of these
    Registers last_;
};

}  // namespace mb::rules::metering

namespace mb {

template <>
struct BinaryForm<rules::metering::DayBlock> {
    static void write(ByteWriter& out, const rules::metering::DayBlock& value) {
        out.sized(value.bytes());
    }
    static void read(ByteReader& in, rules::metering::DayBlock& value) {
        auto parsed = rules::metering::DayBlock::parse(in.sized());
        if (parsed) {
            value = std::move(*parsed);
        } else {
            in.fail();
        }
    }
};

}  // namespace mb
