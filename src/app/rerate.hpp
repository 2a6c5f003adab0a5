// Rating the agreements of a project anew from what the store keeps: months of bills, by any book
// of tariffs, on any number of threads, with one result.
#pragma once

#include "app/stored_readings.hpp"
#include "base/result.hpp"
#include "engine/engine.hpp"
#include "engine/state.hpp"
#include "rules/billing/accrual.hpp"
#include "rules/tariff/book.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace mb::app {

/// Months of bills, both inclusive.
struct RerateMonths {
    rules::billing::CycleId from = 0;
    rules::billing::CycleId to = 0;

    [[nodiscard]] bool has(rules::billing::CycleId cycle) const {
        return cycle >= from && cycle <= to;
    }
};

/// A line and the whole fen it comes to; with rounding at the total its share of that.
struct AmountLine {
    rules::billing::BillLine line;
    Money amount;
};

/// The lines of these months that say something, by key.
std::vector<AmountLine> amounts_of(std::vector<rules::billing::BillLine> lines,
                                   const RerateMonths& months);

struct RatedAgreement {
    AgreementId id;
    std::vector<AmountLine> lines;
    std::optional<Error> refused;  // its point could not be rated; no lines then
    bool waiting = false;  // its point will be rated anew by the server: the books are behind

    [[nodiscard]] Money amount() const;
};

struct RerateFacts {
    const engine::Engine& engine;
    const rules::tariff::TariffBook& book;
    const StoredReadings& readings;
    RerateMonths months;

    [[nodiscard]] const engine::State& state() const { return engine.state(); }
};

/// The day from which readings matter to these months: they begin the tier cycle that the first
/// month lies in, by every version of the code; where an allowance may be carried over, everything
/// does (the first day of all).
CivilDate rated_from(const rules::tariff::TariffBook& book, std::int32_t code_index,
                     rules::billing::CycleId first);

/// The agreements of one service point that ran in the months: history → rating → lines. Errors are
/// kept in the result. Throws StoreUnavailable, StoreCorrupt.
std::vector<RatedAgreement> rerate_point_months(const RerateFacts& facts, const Zone& zone,
                                                ServicePointId point);

/// Where an agreement ran; with a code, one on that tariff.
std::vector<ServicePointId> points_to_rate(const engine::State& state,
                                           std::optional<std::int32_t> code_index);

/// As many as are done, now and then, on the calling thread.
using RerateProgress = std::function<void(std::size_t done)>;

/// By id, whatever the number of threads (1…8). Throws as rerate_point_months().
std::vector<RatedAgreement> rerate_all(const RerateFacts& facts,
                                       const std::vector<ServicePointId>& points, int threads,
                                       const RerateProgress& progress);

}  // namespace mb::app
