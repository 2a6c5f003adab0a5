// The same rules as accrual.hpp written a second time, slowly: minute by minute from the documents,
// no code shared with the fast path. `meterbook verify` re-rates a sample with it; property tests
// compare the two.
#pragma once

#include "base/result.hpp"
#include "rules/billing/accrual.hpp"
#include "rules/metering/register.hpp"
#include "rules/tariff/document.hpp"

#include <vector>

namespace mb::rules::billing {

struct SlowVersion {
    TariffId id;
    tariff::TariffDocument document;
};

struct SlowReading {
    Instant at;
    metering::Registers registers;
};

struct SlowLine {
    LineKey key;
    Quantity quantity;
    ExactMoney exact;
    Money amount;  // what must have been posted once everything is
};

struct SlowBill {
    std::vector<SlowLine> lines;  // by key
    Quantity quantity;
    Money total;
};

/// The intervals between the charged readings of one installation, oldest first. Rollovers are
/// those of a falling total. Errors: rating.readings_out_of_order.
Result<std::vector<Interval>> slow_intervals(const metering::MeterSpec& spec,
                                             const std::vector<SlowReading>& readings,
                                             bool registers_match_table);

/// Lines and total of a history from its first interval on. `versions`: of one tariff code. Ties
/// between equal shares of a rounded total go by order of first appearance, as line ids do. Errors:
/// as accrue().
Result<SlowBill> rate_slowly(const std::vector<SlowVersion>& versions, const Zone& zone,
                             const std::vector<Interval>& intervals);

}  // namespace mb::rules::billing
