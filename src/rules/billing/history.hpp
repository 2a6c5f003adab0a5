// All that happened at a service point, and what it comes to: the readings of its meters,
// exchanges, ratios, who was there and on which terms, folded in order of time. The order in which
// the facts became known does not matter, so a fact that comes late, or is corrected, is rated by
// folding again (design §1; faults F18, F21, F22).
#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "rules/billing/accrual.hpp"
#include "rules/metering/day_block.hpp"
#include "rules/metering/register.hpp"

#include <cstdint>
#include <vector>

namespace mb::rules::billing {

/// The CT × PT ratio from that time on, 1…1 000 000.
struct RatioFrom {
    Instant from;
    std::int32_t ratio = 1;

    friend bool operator==(const RatioFrom&, const RatioFrom&) = default;
};
MB_DESCRIBE(RatioFrom, (from, ratio))

/// A meter while it hung there, [from, to]; to = 0: it still does. The reading at `from` is its
/// first base, the one at `to` its last.
struct PointMeter {
    MeterId id;
    metering::MeterSpec spec;       // its ratio holds before the first of `ratios`
    std::vector<RatioFrom> ratios;  // by time
    bool registers_match_table = false;
    Instant from;
    Instant to;
    std::vector<metering::DayReading> readings;  // of one time: in the order they came

    [[nodiscard]] std::int32_t ratio_at(Instant at) const;
};

/// An agreement while it ran, [from, to); to = 0: it still does.
struct PointAgreement {
    AgreementId id;
    std::int32_t tariff_code_index = -1;
    tariff::Terms terms;
    Instant from;
    Instant to;
    AgreementId continues;  // goes on with the tier counters of that one; 0: none
    CycleId settle_to = 0;  // the last month whose fees are due; 0: none yet
};

struct PointHistory {
    std::vector<PointMeter> meters;          // by `from`; they do not overlap
    std::vector<PointAgreement> agreements;  // by `from`; they do not overlap
};

/// The use between two readings that followed each other, or a part of it: across a change of ratio
/// or of agreement it is divided by time.
struct RatedStep {
    MeterId meter;
    AgreementId agreement;  // 0: nobody was there
    metering::DayReading before;
    metering::DayReading after;
    Instant from;
    Instant to;
    std::int32_t ratio = 1;
    bool rollover = false;
    bool divided = false;
    Quantity quantity;  // × ratio
    std::vector<Slice> slices;
};

/// The last good reading of a meter: what its next one is compared with.
struct MeterBase {
    MeterId meter;
    metering::Registers registers;
    Instant at;
    bool estimated = false;

    friend bool operator==(const MeterBase&, const MeterBase&) = default;
};
MB_DESCRIBE(MeterBase, (meter, registers, at, estimated))

struct AgreementRating {
    AgreementId agreement;
    AgreementAccrual accrual;  // nothing posted
};

struct PointRating {
    std::vector<AgreementRating> agreements;  // as in the history
    std::vector<MeterBase> bases;             // of each meter that has a reading
    std::vector<RatedStep> steps;             // by time; only when wished
};

/// Rates a point from its first reading on. Which readings count:
/// - of one time: the last that a person entered (`manual`), else the first that came, else the
/// last
///   estimate;
/// - each is compared with the last that counted (register_difference()); what is no step forward
/// is
///   left out;
/// - one that came late, and one that a person entered, must lead on to the next that was charged;
///   a late one that does not is left out;
/// - an estimate that a later reading contradicts is left out;
/// - one whose use has no price (yet) is left out: it lies in the next interval.
/// Use across a bound of agreements is divided by time, as is that across a change of ratio; use
/// while nobody was there is charged to nobody. Errors: rating.does_not_fit {meter, at} (a reading
/// that a person entered), rating.no_base {meter}, billing.too_large; those of settle_month().
Result<PointRating> rate_point(const tariff::TariffBook& book, const Calendar& calendar,
                               const Zone& zone, const PointHistory& history, bool keep_steps);

}  // namespace mb::rules::billing
