// The invariants of reference/reliability.md §4 that a simulation checks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace mb::sim::checker {

enum class Invariant : std::uint8_t {
    i1_debits_credits,
    i2_balance_postings,
    i3_payment_once,
    i4_billed_once,
    i5_lines_total,
    i6_register_difference,
    i7_trip_allowed,
    i8_acknowledged_survives,
    i9_repeat_changes_nothing,
    i10_tariff_version,
    i14_commands_end,
    i15_notice_cap,
    our_check,  // a CHECK of the code under test failed
    count_,
};

constexpr std::size_t invariant_count = static_cast<std::size_t>(Invariant::count_);

/// "I1" … "I15", "CHECK".
const char* invariant_name(Invariant invariant);

struct InvariantBroken {
    Invariant invariant;
    std::string what;
};

/// How often each was checked.
class Tally {
public:
    /// Counts a check; throws InvariantBroken when it does not hold. `what()` makes the text.
    template <class Text>
    void expect(bool holds, Invariant invariant, const Text& what) {
        ++counts_[static_cast<std::size_t>(invariant)];
        if (!holds) {
            throw InvariantBroken{invariant, what()};
        }
    }
    [[nodiscard]] std::int64_t of(Invariant invariant) const {
        return counts_[static_cast<std::size_t>(invariant)];
    }

private:
    std::array<std::int64_t, invariant_count> counts_{};
};

}  // namespace mb::sim::checker
