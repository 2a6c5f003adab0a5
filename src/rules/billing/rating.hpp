// Rating a whole use at once, from documents and usage alone: `meterbook rate`, the examples that a
// tariff document carries, previews. The same accrual as in the server, from the first interval on.
#pragma once

#include "base/result.hpp"
#include "rules/billing/accrual.hpp"
#include "rules/billing/usage.hpp"
#include "rules/calendar.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mb::rules::billing {

/// A line as people read it; numbers are exact decimal text (docs/reference/rate.md).
struct RatedLine {
    std::string cycle;  // "2026-07"
    std::int32_t occupant = 1;
    std::string item;
    std::optional<tariff::Band> band;
    std::optional<std::int32_t> tier;
    std::int32_t version = 0;
    std::optional<CivilDate> base_from;
    std::string quantity;
    std::string unit;
    std::string price;
    std::string exact;
    Money amount;
};
MB_DESCRIBE(RatedLine, (cycle, occupant, item, band, tier, version, base_from, quantity, unit,
                        price, exact, amount))

/// A part of an interval that went to a line; tier 0: its stretch is divided as a whole.
struct RatedSlice {
    std::string from;
    std::string to;
    std::string cycle;
    std::int32_t occupant = 1;
    std::string item;
    std::optional<tariff::Band> band;
    std::optional<std::int32_t> tier;
    std::int32_t version = 0;
    std::string quantity;
    std::string price;
    std::string exact;
    bool split_by_time = false;
    bool estimated = false;
};
MB_DESCRIBE(RatedSlice, (from, to, cycle, occupant, item, band, tier, version, quantity, price,
                         exact, split_by_time, estimated))

/// What a reader should know about a sum.
struct RatedNote {
    std::string code;  // split_by_time, estimated, ratio_divided, estimated_reading
    std::string from;
    std::string to;
    std::string quantity;
};
MB_DESCRIBE(RatedNote, (code, from, to, quantity))

struct RatedBill {
    std::string code;
    Money total;
    std::vector<RatedLine> lines;
    std::vector<RatedNote> notes;
    std::vector<RatedSlice> slices;
};

/// {"code", "total", "lines", "notes"}, and "slices" when wished.
std::string bill_json(const RatedBill& bill, bool with_slices);

/// `documents`: versions of one code, in any order. `zone` when the usage names none. Errors: of
/// publication (with `document`, its place in the list, when there is more than one),
/// tariff.code_differs, tariff.wrong_total, of used_intervals, judge_usage, accrue and
/// settle_month.
Result<RatedBill> rate(const std::vector<tariff::TariffDocument>& documents, const Usage& usage,
                       const Zone& zone, const Calendar& calendar);

/// Whether the examples of a document come out, it being the only version. Errors:
/// tariff.wrong_total {expected, got}; those of rate(), with a pointer to the example.
Result<void> judge_examples(const tariff::TariffDocument& document, const Zone& zone,
                            const Calendar& calendar);

}  // namespace mb::rules::billing
