#include "rules/billing/accrual.hpp"

#include "rules/billing/charging.hpp"
#include "rules/billing/lines.hpp"
#include "rules/billing/shares.hpp"
#include "rules/billing/stretch.hpp"

#include <algorithm>

namespace mb::rules::billing {

namespace {

/// Opens the window on a stretch; its line is not known yet.
void open_window(AgreementAccrual& accrual, const RatingFacts& facts, const Stretch& in,
                 Instant to) {
    RatingWindow& window = accrual.window;
    window = {};
    window.from = in.from;
    window.to = to;
    window.book_revision = facts.book.revision();
    window.code_index = accrual.tariff_code_index;
    accrual.last_cycle = in.cycle;
}

std::vector<std::int64_t> by_time(Quantity total, const std::vector<Stretch>& stretches) {
    std::vector<std::int64_t> weights;
    weights.reserve(stretches.size());
    for (const Stretch& stretch : stretches) {
        weights.push_back((stretch.to - stretch.from).us);
    }
    return shares_of(total.units, weights);
}

/// Whether the tariff registers can tell the bands of this interval apart: none ran backward, they
/// sum to the total, and each that moved has its band in the interval (else the meter's clock or
/// table differs from ours).
bool registers_serve(const Interval& interval, const std::vector<Stretch>& stretches) {
    if (!interval.registers_match_table || interval.register_count > metering::max_registers) {
        return false;
    }
    int128 sum = 0;
    for (std::size_t i = 1; i < interval.register_count; ++i) {
        const std::int64_t units = interval.by_register[i].units;
        const auto band = static_cast<tariff::Band>(i - 1);
        const bool shown = std::any_of(stretches.begin(), stretches.end(),
                                       [&](const Stretch& s) { return s.band == band; });
        if (units < 0 || (units > 0 && !shown)) {
            return false;
        }
        sum += units;
    }
    return sum == interval.total.units;
}

/// A band's quantity divided among its stretches by time: does the division touch prices?
bool division_matters(const std::vector<Stretch>& of_band) {
    return of_band.size() > 1 && std::any_of(of_band.begin(), of_band.end(), [&](const Stretch& s) {
               return !s.same_price(of_band.front()) || s.version->compiled.tiers.count > 1;
           });
}

std::vector<std::int64_t> by_registers(const Interval& interval,
                                       const std::vector<Stretch>& stretches, bool& split_by_time) {
    std::vector<std::int64_t> out(stretches.size());
    for (std::size_t i = 1; i < interval.register_count; ++i) {
        std::vector<Stretch> of_band;
        std::vector<std::size_t> places;
        for (std::size_t at = 0; at < stretches.size(); ++at) {
            if (static_cast<std::size_t>(stretches[at].band) == i - 1) {
                of_band.push_back(stretches[at]);
                places.push_back(at);
            }
        }
        const Quantity quantity = interval.by_register[i];
        if (quantity.units == 0) {
            continue;
        }
        const std::vector<std::int64_t> parts = by_time(quantity, of_band);
        for (std::size_t k = 0; k < parts.size(); ++k) {
            out[places[k]] = parts[k];
        }
        split_by_time = split_by_time || division_matters(of_band);
    }
    return out;
}

Result<void> judge_interval(const Interval& interval) {
    if (interval.from >= interval.to) {
        return fail("billing.empty_interval", ErrorKind::unprocessable);
    }
    if (interval.total.units < 0) {
        return fail("billing.negative_quantity", ErrorKind::unprocessable);
    }
    if (interval.total > max_interval_quantity) {
        return fail("billing.too_large", ErrorKind::unprocessable);
    }
    return {};
}

/// An interval that crosses a bound.
AccrualResult accrue_crossing(AgreementAccrual& accrual, const RatingFacts& facts,
                              const Interval& interval, const std::vector<Stretch>& stretches,
                              std::vector<Slice>* slices) {
    const bool registers = registers_serve(interval, stretches);
    bool split_by_time = !registers && interval.total.units > 0;
    const std::vector<std::int64_t> parts = registers
                                                ? by_registers(interval, stretches, split_by_time)
                                                : by_time(interval.total, stretches);
    const bool estimated = split_by_time && interval.to - interval.from > estimate_beyond;
    Charging charging(accrual, facts, slices);
    for (std::size_t i = 0; i < stretches.size(); ++i) {
        open_window(accrual, facts, stretches[i], stretches[i].to);
        charging.charge(stretches[i], {parts[i]}, split_by_time, estimated);
    }
    AccrualResult result = charging.result();
    result.split_by_time = split_by_time;
    result.estimated = estimated;
    return result;
}

/// Every interval that the window does not answer.
Result<AccrualResult> accrue_anew(AgreementAccrual& accrual, const RatingFacts& facts,
                                  const Interval& interval, std::vector<Slice>* slices) {
    TRY_VOID(judge_interval(interval));
    const std::int32_t code = accrual.tariff_code_index;
    Stretch first = TRY(stretch_at(facts, code, interval.from));
    if (interval.to > first.to) {
        const std::vector<Stretch> all =
            TRY(stretches_between(facts, code, interval.from, interval.to));
        if (all.size() > 1) {
            return accrue_crossing(accrual, facts, interval, all, slices);
        }
    }
    open_window(accrual, facts, first, std::max(first.to, interval.to));
    first.to = interval.to;
    Charging charging(accrual, facts, slices);
    charging.charge(first, interval.total, false, false);
    return charging.result();
}

}  // namespace

Result<AccrualResult> accrue(AgreementAccrual& accrual, const RatingFacts& facts,
                             const Interval& interval, std::vector<Slice>* slices) {
    const RatingWindow& window = accrual.window;
    const bool inside = interval.from >= window.from && interval.to <= window.to &&
                        interval.from < interval.to && interval.total.units >= 0 &&
                        interval.total <= max_interval_quantity && slices == nullptr &&
                        window.book_revision == facts.book.revision() &&
                        window.code_index == accrual.tariff_code_index;
    if (inside && interval.total.units == 0) {
        return AccrualResult{};
    }
    if (inside && window.line != RatingWindow::no_line) [[likely]] {
        Quantity& used = accrual.uses[window.use].quantity;
        if (interval.total.units <= window.tier_end.units - used.units) {
            AccrualResult result;
            used += interval.total;
            result.pending_change = charge(accrual, accrual.lines[window.line], window.total,
                                           interval.total, window.price);
            result.slices = 1;
            return result;
        }
    }
    return accrue_anew(accrual, facts, interval, slices);
}

Result<AccrualResult> accrue_on(AgreementAccrual& accrual, const RatingFacts& facts, CivilDate on,
                                tariff::Band band, Quantity quantity, std::vector<Slice>* slices) {
    const Stretch in = TRY(stretch_on(facts, accrual.tariff_code_index, on, band));
    TRY_VOID(judge_interval({in.from, in.to, quantity, {}, 1, false}));
    open_window(accrual, facts, in, in.from);  // an interval of that day may lie in another band
    Charging charging(accrual, facts, slices);
    charging.charge(in, quantity, false, false);
    return charging.result();
}

}  // namespace mb::rules::billing
