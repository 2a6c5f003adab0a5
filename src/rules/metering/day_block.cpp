#include "rules/metering/day_block.hpp"

#include "base/check.hpp"

namespace mb::rules::metering {

// A record: varint head (bits 0–1 outcome, 2–4 register count, 5… reason), signed varint time,
// signed varint per register. Time is the change of step against the step before (0 in a regular
// series), registers the change against the reading before; an excluded duplicate has count 0, its
// time relative to the reading before it, and neither counts as "before" for what follows.

namespace {

constexpr std::uint64_t outcome_bits = 2;
constexpr std::uint64_t count_bits = 3;
constexpr std::uint64_t reason_max = 63;

bool repeats(Outcome outcome, OutcomeReason reason) {
    return outcome == Outcome::excluded && reason == OutcomeReason::duplicate;
}

}  // namespace

/// Reads the records one by one.
class DayBlock::Cursor {
public:
    explicit Cursor(ByteView bytes) : in_(bytes) {}

    /// False at the end or at a malformed record.
    bool next(DayReading& out) {
        if (in_.at_end() || !in_.ok()) {
            return false;
        }
        const std::uint64_t head = in_.varint();
        const std::uint64_t outcome = head & 3;
        const std::uint64_t count = (head >> outcome_bits) & 7;
        const std::uint64_t reason = head >> (outcome_bits + count_bits);
        out.outcome = static_cast<Outcome>(outcome);
        out.reason = static_cast<OutcomeReason>(reason);
        const std::int64_t step = in_.signed_varint();
        if (outcome >= outcome_count || reason > reason_max || count > max_registers ||
            (count == 0) != repeats(out.outcome, out.reason)) {
            in_.fail();
        } else if (count == 0) {
            out.at = {wrapping_add(at_, step)};
            out.registers = {};
            out.registers.count = 0;
        } else {
            step_ = wrapping_add(step_, step);
            at_ = wrapping_add(at_, step_);
            for (std::size_t i = 0; i < max_registers; ++i) {
                const std::int64_t change = i < count ? in_.signed_varint() : 0;
                registers_.value[i].units =
                    i < count ? wrapping_add(registers_.value[i].units, change) : 0;
            }
            registers_.count = static_cast<std::uint8_t>(count);
            out.at = {at_};
            out.registers = registers_;
        }
        return in_.ok();
    }
    [[nodiscard]] bool ok() const { return in_.ok(); }
    [[nodiscard]] std::size_t position() const { return in_.position(); }

    /// Differences of any two 64-bit values must come back, so they wrap on purpose.
    static std::int64_t wrapping_add(std::int64_t a, std::int64_t b) {
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) +
                                         static_cast<std::uint64_t>(b));
    }
    static std::int64_t wrapping_sub(std::int64_t a, std::int64_t b) {
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) -
                                         static_cast<std::uint64_t>(b));
    }

private:
    ByteReader in_;
    std::int64_t at_ = 0;
    std::int64_t step_ = 0;
    Registers registers_;
};

void DayBlock::follow(const DayReading& reading) {
    ++counts_[static_cast<std::size_t>(reading.outcome)];
    if (reading.at > latest_at_) {
        latest_at_ = reading.at;
    }
    if (reading.registers.count != 0) {
        last_step_ = Cursor::wrapping_sub(reading.at.us, last_at_.us);
        last_at_ = reading.at;
        last_ = reading.registers;
    }
}

void DayBlock::append(Instant at, const Registers& registers, Outcome outcome,
                      OutcomeReason reason) {
    CHECK(registers.count >= 1 && registers.count <= max_registers);
    DayReading reading{at, registers, outcome, reason};
    if (repeats(outcome, reason)) {
        reading.registers = {};
        reading.registers.count = 0;
    }
    const std::size_t count = reading.registers.count;
    const std::int64_t step = Cursor::wrapping_sub(at.us, last_at_.us);
    ByteWriter out(data_);
    out.varint(static_cast<std::uint64_t>(outcome) | count << outcome_bits |
               static_cast<std::uint64_t>(reason) << (outcome_bits + count_bits));
    out.signed_varint(count == 0 ? step : Cursor::wrapping_sub(step, last_step_));
    for (std::size_t i = 0; i < count; ++i) {
        out.signed_varint(Cursor::wrapping_sub(registers.value[i].units, last_.value[i].units));
    }
    follow(reading);
}

std::optional<DayReading> DayBlock::find(Instant at) const {
    Cursor cursor(data_);
    for (DayReading reading; cursor.next(reading);) {
        if (reading.at == at && reading.registers.count != 0) {
            return reading;
        }
    }
    return std::nullopt;
}

DayBlock::Match DayBlock::match(Instant at, const Registers& registers) const {
    Match found = Match::none;
    Cursor cursor(data_);
    for (DayReading reading; cursor.next(reading);) {
        if (reading.at == at && reading.registers.count != 0) {
            if (reading.registers == registers) {
                return Match::same;
            }
            found = Match::other;
        }
    }
    return found;
}

std::vector<DayReading> DayBlock::readings() const {
    std::vector<DayReading> out;
    out.reserve(size());
    Cursor cursor(data_);
    for (DayReading reading; cursor.next(reading);) {
        out.push_back(reading);
    }
    return out;
}

Result<DayBlock> DayBlock::parse(ByteView bytes) {
    DayBlock out;
    Cursor cursor(bytes);
    for (DayReading reading; cursor.next(reading);) {
        out.follow(reading);
    }
    if (!cursor.ok()) {
        return fail(error("day_block.malformed", ErrorKind::internal)
                        .with("position", std::to_string(cursor.position())));
    }
    out.data_.assign(bytes.begin(), bytes.end());
    return out;
}

}  // namespace mb::rules::metering
