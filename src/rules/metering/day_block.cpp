#include "rules/metering/day_block.hpp"

#include <algorithm>

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
    bool next() {
        if (in_.at_end() || !in_.ok()) {
            return false;
        }
        const std::uint64_t head = in_.varint();
        const std::uint64_t outcome = head & 3;
        const std::uint64_t count = (head >> outcome_bits) & 7;
        const std::uint64_t reason = head >> (outcome_bits + count_bits);
        outcome_ = static_cast<Outcome>(outcome);
        reason_ = static_cast<OutcomeReason>(reason);
        if (outcome >= outcome_count || reason > reason_max || count > max_registers ||
            (count != 0 && repeats(outcome_, reason_))) {
            in_.fail();
            return false;
        }
        const std::int64_t step = in_.signed_varint();
        repeat_ = count == 0;
        if (repeat_) {
            repeat_at_ = wrapping_add(at_, step);
        } else {
            step_ = wrapping_add(step_, step);
            at_ = wrapping_add(at_, step_);
            read_registers(static_cast<std::uint8_t>(count));
        }
        return in_.ok();
    }
    /// Of the record just read.
    [[nodiscard]] Instant at() const { return {repeat_ ? repeat_at_ : at_}; }
    [[nodiscard]] bool repeat() const { return repeat_; }
    [[nodiscard]] const Registers& registers() const { return registers_; }
    [[nodiscard]] DayReading reading() const {
        DayReading out{at(), {}, outcome_, reason_};
        out.registers.count = 0;
        if (!repeat_) {
            out.registers = registers_;
        }
        return out;
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
    void read_registers(std::uint8_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            std::int64_t& units = registers_.value[i].units;
            units = wrapping_add(units, in_.signed_varint());
        }
        for (std::size_t i = count; i < registers_.count; ++i) {
            registers_.value[i].units = 0;
        }
        registers_.count = count;
    }

    ByteReader in_;
    std::int64_t at_ = 0;
    std::int64_t step_ = 0;
    std::int64_t repeat_at_ = 0;
    Registers registers_;
    Outcome outcome_ = Outcome::charged;
    OutcomeReason reason_ = OutcomeReason::none;
    bool repeat_ = false;
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
        std::fill(last_.value.begin() + last_.count, last_.value.end(), Quantity{});
    }
}

void DayBlock::append(Instant at, const Registers& registers, Outcome outcome,
                      OutcomeReason reason) {
    DayReading reading{at, registers, outcome, reason};
    reading.registers.count =
        repeats(outcome, reason)
            ? std::uint8_t{0}
            : std::min(registers.count, static_cast<std::uint8_t>(max_registers));
    const std::size_t count = reading.registers.count;
    const std::int64_t step = Cursor::wrapping_sub(at.us, last_at_.us);
    ByteWriter(data_).record<10 * (2 + max_registers)>([&](auto& out) {
        out.varint(static_cast<std::uint64_t>(outcome) | count << outcome_bits |
                   static_cast<std::uint64_t>(reason) << (outcome_bits + count_bits));
        out.signed_varint(count == 0 ? step : Cursor::wrapping_sub(step, last_step_));
        for (std::size_t i = 0; i < count; ++i) {
            out.signed_varint(Cursor::wrapping_sub(registers.value[i].units, last_.value[i].units));
        }
    });
    follow(reading);
}

std::optional<DayReading> DayBlock::find(Instant at) const {
    for (Cursor cursor(data_); cursor.next();) {
        if (cursor.at() == at && !cursor.repeat()) {
            return cursor.reading();
        }
    }
    return std::nullopt;
}

DayBlock::Match DayBlock::match(Instant at, const Registers& registers) const {
    Match found = Match::none;
    for (Cursor cursor(data_); cursor.next();) {
        if (cursor.at() == at && !cursor.repeat()) {
            if (cursor.registers() == registers) {
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
    for (Cursor cursor(data_); cursor.next();) {
        out.push_back(cursor.reading());
    }
    return out;
}

Result<DayBlock> DayBlock::parse(ByteView bytes) {
    DayBlock out;
    Cursor cursor(bytes);
    while (cursor.next()) {
        out.follow(cursor.reading());
    }
    if (!cursor.ok()) {
        return fail(error("day_block.malformed", ErrorKind::internal)
                        .with("position", std::to_string(cursor.position())));
    }
    out.data_.assign(bytes.begin(), bytes.end());
    return out;
}

}  // namespace mb::rules::metering
