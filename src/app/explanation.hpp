// A bill taken apart: month → line → day → pair of readings → slice, adding up at every level.
#pragma once

#include "base/describe.hpp"
#include "base/money.hpp"
#include "base/time.hpp"
#include "engine/state.hpp"
#include "rules/billing/history.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mb::app {

/// A part of the step between two readings that went to a line.
struct ExplainedSlice {
    std::string meter;
    std::string from;  // the readings
    std::string to;
    std::string register_from;  // total as the meter showed it
    std::string register_to;
    std::int32_t ratio = 1;
    std::string step;       // quantity of the step; of its part, when it is divided
    std::string quantity;   // of it, here
    std::string exact;      // "" while the tier is settled by the stretch as a whole
    std::string part_from;  // "" unless ratio or agreement changed between the readings
    std::string part_to;
    bool rollover = false;
    bool split_by_time = false;
    bool estimated = false;
};
MB_DESCRIBE(ExplainedSlice, (meter, from, to, register_from, register_to, ratio, step, quantity,
                             exact, part_from, part_to, rollover, split_by_time, estimated))

struct ExplainedDay {
    CivilDate on;
    std::string quantity;
    std::string exact;
    std::vector<ExplainedSlice> slices;
};
MB_DESCRIBE(ExplainedDay, (on, quantity, exact, slices))

struct ExplainedLine {
    std::string item;
    std::optional<rules::tariff::Band> band;
    std::optional<std::int32_t> tier;
    std::int32_t version = 0;
    std::string effective_from;
    std::string quantity;
    std::string unit;
    std::string price;
    std::string exact;  // "" when the tiers below are what it comes to
    Money amount;       // exact, rounded
    std::string carry;  // exact − amount: what rounding leaves to the next posting
    Money posted;       // of it, in the ledger
    std::vector<ExplainedDay> days;
};
MB_DESCRIBE(ExplainedLine, (item, band, tier, version, effective_from, quantity, unit, price, exact,
                            amount, carry, posted, days))

struct ExplainedMonth {
    std::string month;
    std::string quantity;
    Money amount;
    Money posted;
    std::vector<ExplainedLine> lines;
};
MB_DESCRIBE(ExplainedMonth, (month, quantity, amount, posted, lines))

/// What re-rating changed, and why.
struct ExplainedAdjustment {
    AdjustmentId id;
    std::string made;
    Money amount;
    std::string quantity;
};
MB_DESCRIBE(ExplainedAdjustment, (id, made, amount, quantity))

struct ExplainedAgreement {
    AgreementId agreement;
    std::string meter;  // that hangs there now, or hung there last
    std::string place;
    std::string tariff;
    Money amount;
    Money posted;
    bool rerating = false;  // a fact of the past is not in the ledger yet
    std::vector<ExplainedMonth> months;
    std::vector<ExplainedAdjustment> adjustments;  // made in the time that is explained
    std::vector<std::string> problems;             // what does not add up; empty
};
MB_DESCRIBE(ExplainedAgreement, (agreement, meter, place, tariff, amount, posted, rerating, months,
                                 adjustments, problems))

/// The months that share a day with [from, to]; days outside are left out, their sums are in the
/// lines all the same.
ExplainedAgreement explain_agreement(const engine::State& state, AgreementId id,
                                     const rules::billing::PointRating& rating,
                                     const std::vector<rules::billing::BillLine>& kept,
                                     const std::vector<engine::AdjustmentRow>& adjustments,
                                     CivilDate from, CivilDate to);

std::string explanation_text(const ExplainedAgreement& agreement);

}  // namespace mb::app
