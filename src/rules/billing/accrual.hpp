// Rating: what an agreement's use costs, exactly, as it happens (design §4; domain A6, A7;
// reliability I4–I6, I10). Use accrues exactly; whole fen appear only where lines are posted, by
// running total. Pure and deterministic: what is cached here never changes a result.
#pragma once

#include "base/describe.hpp"
#include "base/ids.hpp"
#include "base/money.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "rules/billing/cycle.hpp"
#include "rules/metering/register.hpp"
#include "rules/tariff/book.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <vector>

namespace mb::rules::billing {

enum class LineItem : std::uint8_t { energy };
MB_ENUM(LineItem, energy)

/// What a bill line is about. One price belongs to a key.
struct LineKey {
    CycleId cycle = 0;
    LineItem item = LineItem::energy;
    tariff::Band band = tariff::Band::flat;
    std::uint8_t tier = 1;  // 1 = first
    TariffId version;

    friend auto operator<=>(const LineKey&, const LineKey&) = default;
};
MB_DESCRIBE(LineKey, (cycle, item, band, tier, version))

struct BillLine {
    std::int32_t id = 0;  // counts up within the agreement, never used twice
    LineKey key;
    tariff::RoundingPlace rounding = tariff::RoundingPlace::line;  // the version's
    Quantity quantity;                                             // accrued so far
    ExactMoney exact;                                              // = quantity × price
    Money posted;                                                  // of it, in the ledger
    Quantity posted_quantity;                                      // what `posted` was for

    friend bool operator==(const BillLine&, const BillLine&) = default;
};
MB_DESCRIBE(BillLine, (id, key, rounding, quantity, exact, posted, posted_quantity))

/// The agreement's cumulative quantity in one cycle; tiers are counted along it.
struct CycleUse {
    CycleId cycle = 0;
    Quantity quantity;

    friend bool operator==(const CycleUse&, const CycleUse&) = default;
};
MB_DESCRIBE(CycleUse, (cycle, quantity))

/// The exact sum of those lines of a cycle that are rounded together.
struct CycleTotal {
    CycleId cycle = 0;
    ExactMoney exact;

    friend bool operator==(const CycleTotal&, const CycleTotal&) = default;
};
MB_DESCRIBE(CycleTotal, (cycle, exact))

/// A stretch of time in which version, band and cycle are constant, with what it takes to charge
/// into it. Empty by default; never stored.
struct RatingWindow {
    static constexpr std::uint32_t no_line = UINT32_MAX;

    Instant from;
    Instant to;
    std::uint32_t book_revision = 0;
    std::int32_t code_index = -1;
    Price price;                   // of the tier last charged
    Quantity tier_end;             // cumulative quantity up to which that tier goes
    std::uint32_t line = no_line;  // index into lines
    std::uint32_t use = 0;         // index into uses
    std::int32_t total = -1;       // index into totals, −1: rounded by line
};

/// State of one agreement. `window` is a cache: not described, so neither stored nor hashed.
struct AgreementAccrual {
    std::int32_t tariff_code_index = -1;
    std::int32_t next_line_id = 1;
    CycleId last_cycle = 0;          // of the latest interval's end
    Money pending;                   // what post() would post now
    std::vector<CycleUse> uses;      // in order of appearance
    std::vector<BillLine> lines;     // by id
    std::vector<CycleTotal> totals;  // only where rounding is at the total

    RatingWindow window;
};
MB_DESCRIBE(AgreementAccrual,
            (tariff_code_index, next_line_id, last_cycle, pending, uses, lines, totals))

/// One register difference, already × ratio. total ≥ 0, from < to.
struct Interval {
    Instant from;
    Instant to;
    Quantity total;
    std::array<Quantity, metering::max_registers> by_register{};  // [1…] = T1…T5
    std::uint8_t register_count = 1;
    /// The meter's own period table equals the tariff's: T1 sharp, T2 peak, T3 flat, T4 valley, T5
    /// deep.
    bool registers_match_table = false;
};

struct AccrualResult {
    Money pending_change;
    bool split_by_time = false;  // some of the quantity was divided by time: show it on the bill
    bool estimated = false;      // … over more than 60 minutes
    std::uint8_t slices = 0;     // line parts charged (0: nothing was used), at most 255
};

/// Largest quantity of one interval, 10^10 billing units; keeps every product inside 128 bits and
/// fen in 64.
constexpr Quantity max_interval_quantity{100'000'000'000'000};
/// A longer gap that must be divided by time is an estimate.
constexpr Duration estimate_beyond = Duration::minutes(60);

/// Charges an interval, all or nothing. An interval inside one band, version and cycle goes there
/// whole. One that crosses is split (a) by the meter's registers, when their table is the tariff's,
/// none ran backward, their sum is the total and each that moved has its band within the interval;
/// (b) else by time, in proportion to microseconds, largest remainder first, earlier first on a
/// tie. Quantities then fill the tiers in time order. Parts always sum to the total. Errors, state
/// unchanged: tariff.none_in_force {on}, tariff.no_price {band, on} (a register of a band without
/// price moved), billing.empty_interval, billing.negative_quantity, billing.too_large.
Result<AccrualResult> accrue(AgreementAccrual& accrual, const tariff::TariffBook& book,
                             const Zone& zone, const Interval& interval);

/// Accrued and not yet posted, in fen: the tenant's balance is ledger − due. O(1).
inline Money due(const AgreementAccrual& accrual) { return accrual.pending; }

/// One line's part of a posting. amount ≠ 0; with rounding at the total it may be negative when a
/// fen moves between lines, never so in the sum.
struct PostingLine {
    std::int32_t line_id = 0;
    LineKey key;
    Money amount;
    Quantity quantity;  // used since the line was last posted
    Quantity line_quantity;
    ExactMoney line_exact;
    Money line_posted;  // including this
};
MB_DESCRIBE(PostingLine, (line_id, key, amount, quantity, line_quantity, line_exact, line_posted))

/// Posts what is due: per line round(running total) − posted; with rounding at the total that sum
/// is rounded and the lines are its shares by largest remainder, lower id first on a tie. The
/// amounts sum to due(), which is zero afterwards. By line id.
std::vector<PostingLine> post(AgreementAccrual& accrual);

/// Drops fully posted lines, totals and cumulative quantities of cycles that ended on or before
/// `before`. The cycle last charged stays: the meter may have been silent since. Returns how many
/// lines went.
std::size_t close_cycles(AgreementAccrual& accrual, CivilDate before);

}  // namespace mb::rules::billing
