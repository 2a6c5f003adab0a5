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
#include "rules/billing/stretch.hpp"
#include "rules/metering/register.hpp"
#include "rules/tariff/book.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace mb::rules::billing {

enum class LineItem : std::uint8_t {
    energy,
    free,          // of an allowance, at price 0
    per_unit,      // by the billing unit besides the energy
    fixed,         // fees by the month
    demand,        // by kW of the month's highest mean power
    capacity,      // by kVA
    power_factor,  // a percentage of other lines
    subsidy,       // an allowance of money
};
MB_ENUM(LineItem, energy, free, per_unit, fixed, demand, capacity, power_factor, subsidy)

/// What a bill line is about. One price belongs to a key. The order of keys is the order of lines
/// on a bill, and breaks ties where a total is shared.
struct LineKey {
    CycleId cycle = 0;
    LineItem item = LineItem::energy;
    std::uint8_t index = 0;  // per_unit, fixed: which of the document
    TariffId version;
    std::uint16_t price_set = 0;             // energy: which base price
    std::uint8_t tier = 0;                   // energy: 1 = first
    tariff::Band band = tariff::Band::flat;  // energy, free

    friend auto operator<=>(const LineKey&, const LineKey&) = default;
};
MB_DESCRIBE(LineKey, (cycle, item, index, version, price_set, tier, band))

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

/// The agreement's cumulative quantity in one tier cycle.
struct CycleUse {
    tariff::CycleSpan cycle;
    Quantity quantity;

    friend bool operator==(const CycleUse&, const CycleUse&) = default;
};
MB_DESCRIBE(CycleUse, (cycle, quantity))

/// The exact sum of those lines of a month that are rounded together.
struct CycleTotal {
    CycleId cycle = 0;
    ExactMoney exact;

    friend bool operator==(const CycleTotal&, const CycleTotal&) = default;
};
MB_DESCRIBE(CycleTotal, (cycle, exact))

/// A billing stretch whose tiers are divided by the bands' shares: its lines follow from this.
struct ShareBlock {
    CycleId cycle = 0;
    TariffId version;
    std::uint16_t price_set = 0;
    tariff::CycleSpan tier_cycle;
    Quantity before;  // of the tier cycle when the stretch began
    std::array<Quantity, tariff::band_count> by_band{};

    friend bool operator==(const ShareBlock&, const ShareBlock&) = default;
};
MB_DESCRIBE(ShareBlock, (cycle, version, price_set, tier_cycle, before, by_band))

/// What is left of an allowance that was granted in a month.
struct Grant {
    std::string name;
    tariff::AllowanceKind kind = tariff::AllowanceKind::quantity;
    CycleId cycle = 0;
    CycleId expires = 0;    // the first month in which it may not be used any more
    std::int64_t left = 0;  // 10⁻⁴ billing units, or fen

    friend bool operator==(const Grant&, const Grant&) = default;
};
MB_DESCRIBE(Grant, (name, kind, cycle, expires, left))

/// A stretch of time in which version, base price, band, month and tier cycle are constant, with
/// what it takes to charge into it. Empty by default; never stored.
struct RatingWindow {
    static constexpr std::uint32_t no_line = UINT32_MAX;

    Instant from;
    Instant to;
    std::uint32_t book_revision = 0;
    std::int32_t code_index = -1;
    Price price;                   // of the tier last charged
    Quantity tier_end;             // cumulative quantity up to which that tier goes
    std::uint32_t line = no_line;  // index into lines; none when more than one line is charged
    std::uint32_t use = 0;         // index into uses
    std::int32_t total = -1;       // index into totals, −1: rounded by line
};

/// State of one agreement. `window` is a cache: not described, so neither stored nor hashed.
/// Whoever changes the terms empties it.
struct AgreementAccrual {
    std::int32_t tariff_code_index = -1;
    std::int32_t next_line_id = 1;
    CycleId last_cycle = 0;          // of the latest interval's end
    CycleId granted_to = 0;          // the latest month whose free quantity was granted
    CycleId settled_to = 0;          // the latest month that was settled
    Money pending;                   // what post() would post now
    std::vector<CycleUse> uses;      // in order of appearance
    std::vector<BillLine> lines;     // by id
    std::vector<CycleTotal> totals;  // only where rounding is at the total
    std::vector<ShareBlock> blocks;  // only where tiers are divided by share
    std::vector<Grant> grants;       // by month

    RatingWindow window;
};
MB_DESCRIBE(AgreementAccrual, (tariff_code_index, next_line_id, last_cycle, granted_to, settled_to,
                               pending, uses, lines, totals, blocks, grants))

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

/// A part of an interval that went to one line, for who wants it explained. With tiers by share the
/// tier is 0: it is the stretch as a whole that is divided.
struct Slice {
    Instant from;
    Instant to;
    LineKey key;
    Quantity quantity;
    bool split_by_time = false;
    bool estimated = false;
};

/// Charges an interval, all or nothing. An interval inside one stretch goes there whole. One that
/// crosses is split (a) by the meter's registers, when their table is the tariff's, none ran
/// backward, their sum is the total and each that moved has its band within the interval; (b) else
/// by time, in proportion to microseconds, largest remainder first, earlier first on a tie. Of each
/// part, free quantity is taken first; the rest fills the tiers. Parts always sum to the total.
/// `slices`, when given, gets what was charged where. Errors, state unchanged: tariff.none_in_force
/// {on}, tariff.no_price {on}, tariff.no_calendar {year}, billing.empty_interval,
/// billing.negative_quantity, billing.too_large.
Result<AccrualResult> accrue(AgreementAccrual& accrual, const RatingFacts& facts,
                             const Interval& interval, std::vector<Slice>* slices = nullptr);

/// Charges a use of which only day and band are known. Errors: as stretch_on.
Result<AccrualResult> accrue_on(AgreementAccrual& accrual, const RatingFacts& facts, CivilDate on,
                                tariff::Band band, Quantity quantity,
                                std::vector<Slice>* slices = nullptr);

/// Accrued and not yet posted, in fen: the tenant's balance is ledger − due. O(1).
inline Money due(const AgreementAccrual& accrual) { return accrual.pending; }

/// One line's part of a posting. amount ≠ 0; it may be negative when a fen moves between
/// lines (rounding at the total), or quantity between tiers (by share).
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
/// is rounded and the lines are its shares by largest remainder, in order of their keys on a tie.
/// The amounts sum to due(), which is zero afterwards. By line id.
std::vector<PostingLine> post(AgreementAccrual& accrual);

/// What each line must have posted in all, by its place in lines.
std::vector<Money> posting_targets(const AgreementAccrual& accrual);

/// Drops fully posted lines, totals and blocks of months, and quantities of tier cycles, that ended
/// on or before `before`. The month last charged stays: the meter may have been silent since.
/// Returns how many lines went.
std::size_t close_cycles(AgreementAccrual& accrual, CivilDate before);

/// The price behind a key: yuan per unit. Zero for what has none (free, power_factor; subsidy).
Price unit_price(const tariff::TariffVersion& version, const LineKey& key);
/// What the line is called on a bill: "energy", "free", the code of a charge, …
std::string item_name(const tariff::TariffVersion& version, const LineKey& key);
/// kWh, m³, m², month, kW, kVA, pf, yuan.
std::string unit_name(const tariff::TariffVersion& version, const LineKey& key);

}  // namespace mb::rules::billing
