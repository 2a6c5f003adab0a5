#include "rules/billing/history.hpp"

#include "base/integer.hpp"
#include "rules/billing/demand.hpp"
#include "rules/billing/settle.hpp"
#include "rules/billing/shares.hpp"
#include "rules/billing/stretch.hpp"

#include <algorithm>
#include <optional>

namespace mb::rules::billing {

namespace {

using metering::DayReading;
using metering::Outcome;
using metering::OutcomeReason;

bool is_estimate(const DayReading& reading) { return reading.reason == OutcomeReason::estimated; }
bool is_entered(const DayReading& reading) { return reading.reason == OutcomeReason::manual; }
bool came_late(const DayReading& reading) {
    return reading.reason == OutcomeReason::late || reading.reason == OutcomeReason::day_closed;
}

/// Readings that say nothing of the register at their time, or nothing new.
bool is_nothing(const DayReading& reading) {
    switch (reading.reason) {
        case OutcomeReason::duplicate:
        case OutcomeReason::conflict:
        case OutcomeReason::future:
        case OutcomeReason::malformed:
        case OutcomeReason::unknown_meter:
        case OutcomeReason::removed_meter:
        case OutcomeReason::clock: return true;
        default: return false;
    }
}

// ---- which readings count --------------------------------------------------------------------

/// One reading for each time, by time.
std::vector<DayReading> one_a_time(const PointMeter& meter) {
    std::vector<DayReading> all;
    for (const DayReading& reading : meter.readings) {
        const bool in_place = reading.at >= meter.from && (!meter.to || reading.at <= meter.to);
        if (in_place && !is_nothing(reading)) {
            all.push_back(reading);
        }
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
    std::vector<DayReading> out;
    for (const DayReading& next : all) {
        if (out.empty() || out.back().at != next.at) {
            out.push_back(next);
        } else if (is_entered(next) || (is_estimate(out.back()) && !is_entered(out.back()))) {
            out.back() = next;
        }
    }
    return out;
}

metering::MeterSpec before_ratio(const PointMeter& meter) {
    metering::MeterSpec spec = meter.spec;
    spec.ratio = 1;
    return spec;
}

metering::Difference step_between(const metering::MeterSpec& spec, const DayReading& before,
                                  const DayReading& after) {
    return metering::register_difference(spec, before.at, before.registers, after.at,
                                         after.registers, after.at);
}

/// Readings that count, in order of time, each a step forward from the one before.
class Counting {
public:
    explicit Counting(const PointMeter& meter)
        : meter_(meter), spec_(before_ratio(meter)), all_(one_a_time(meter)) {}

    Result<std::vector<DayReading>> run() {
        for (std::size_t i = 0; i < all_.size(); ++i) {
            TRY_VOID(look_at(i));
        }
        return std::move(out_);
    }

private:
    Result<void> look_at(std::size_t i) {
        const DayReading& next = all_[i];
        if (out_.empty()) {
            out_.push_back(next);
            return {};
        }
        const bool leads_on = !came_late(next) && !is_entered(next) ? true : fits_before(i);
        if (leads_on && follows(next)) {
            out_.push_back(next);
        } else if (is_entered(next)) {
            return fail(error("rating.does_not_fit", ErrorKind::unprocessable)
                            .with("meter", meter_.id.text())
                            .with("at", utc_text(next.at)));
        }
        return {};
    }

    /// Estimates that it contradicts go.
    bool follows(const DayReading& next) {
        std::size_t last = out_.size() - 1;
        while (!is_charged(step_between(spec_, out_[last], next).verdict)) {
            if (!is_estimate(out_[last]) || is_estimate(next) || last == 0) {
                return false;
            }
            --last;
        }
        out_.resize(last + 1);
        return true;
    }

    /// Does it lead on to the next reading that was charged when it came?
    [[nodiscard]] bool fits_before(std::size_t i) const {
        for (std::size_t k = i + 1; k < all_.size(); ++k) {
            if (all_[k].outcome == Outcome::charged && !is_estimate(all_[k])) {
                return is_charged(step_between(spec_, all_[i], all_[k]).verdict);
            }
        }
        return true;
    }

    const PointMeter& meter_;
    metering::MeterSpec spec_;
    std::vector<DayReading> all_;
    std::vector<DayReading> out_;
};

// ---- what they come to -----------------------------------------------------------------------

class Folding {
public:
    Folding(const tariff::TariffBook& book, const Calendar& calendar, const Zone& zone,
            const PointHistory& history, bool keep_steps)
        : book_(book), calendar_(calendar), zone_(zone), history_(history), keep_(keep_steps) {
        for (const PointAgreement& agreement : history_.agreements) {
            AgreementRating& rating = out_.agreements.emplace_back();
            rating.agreement = agreement.id;
            rating.accrual.tariff_code_index = agreement.tariff_code_index;
        }
        begun_.resize(history_.agreements.size());
        used_.resize(history_.agreements.size());
        agreement_bounds_ = agreement_bounds();
    }

    Result<PointRating> run() {
        for (const PointMeter& meter : history_.meters) {
            TRY_VOID(one_meter(meter));
        }
        for (std::size_t i = 0; i < history_.agreements.size(); ++i) {
            begin(i);
            TRY_VOID(settle(i));
        }
        return std::move(out_);
    }

private:
    Result<void> one_meter(const PointMeter& meter) {
        const std::vector<DayReading> readings = TRY(Counting(meter).run());
        if (readings.empty()) {
            return {};
        }
        const metering::MeterSpec spec = before_ratio(meter);
        ratio_bounds_ = ratio_bounds(meter);
        std::size_t base = 0;
        for (std::size_t i = 1; i < readings.size(); ++i) {
            const auto step = step_between(spec, readings[base], readings[i]);
            // Behind one that was left out for want of a price all still rise; a register that was
            // left alone for longer than a tenth of its modulus may not be told from one that fell.
            if (is_charged(step.verdict) && TRY(charge(meter, readings[base], readings[i], step))) {
                base = i;
            }
        }
        const DayReading& last = readings[base];
        out_.bases.push_back({meter.id, last.registers, last.at, is_estimate(last)});
        return {};
    }

    /// Its parts by ratio and agreement. False: it has no price, nothing was charged.
    Result<bool> charge(const PointMeter& meter, const DayReading& before, const DayReading& after,
                        const metering::Difference& step) {
        std::vector<RatedStep>& parts = parts_;  // nearly always one: no memory is asked for
        parts.clear();
        divide(step.total, before.at, after.at, ratio_bounds_, by_ratio_);
        for (const Part& by_ratio : by_ratio_) {
            const std::int32_t ratio = meter.ratio_at(by_ratio.from);
            if (by_ratio.quantity.units > max_interval_quantity.units / ratio) {
                return fail(error("billing.too_large", ErrorKind::unprocessable)
                                .with("meter", meter.id.text())
                                .with("at", utc_text(after.at)));
            }
            const Quantity quantity{by_ratio.quantity.units * ratio};
            divide(quantity, by_ratio.from, by_ratio.to, agreement_bounds_, by_agreement_);
            for (const Part& part : by_agreement_) {
                const bool whole = part.from == before.at && part.to == after.at;
                const std::size_t there = agreement_at(part.from);
                RatedStep& rated = parts.emplace_back();
                rated.meter = meter.id;
                rated.agreement = there == nobody ? AgreementId{} : history_.agreements[there].id;
                rated.before = before;
                rated.after = after;
                rated.from = part.from;
                rated.to = part.to;
                rated.ratio = ratio;
                rated.rollover = step.verdict == metering::ReadingVerdict::rollover;
                rated.divided = !whole;
                rated.quantity = part.quantity;
            }
        }
        if (parts.size() > 1 && !all_have_prices(parts)) {
            return false;
        }
        for (RatedStep& part : parts) {
            if (!TRY(charge_part(meter, part, step))) {
                return false;
            }
        }
        return true;
    }

    Result<bool> charge_part(const PointMeter& meter, RatedStep& part,
                             const metering::Difference& step) {
        const std::size_t there = agreement_at(part.from);
        if (there != nobody && part.quantity.units > 0) {
            begin(there);
            Interval interval;
            interval.from = part.from;
            interval.to = part.to;
            interval.total = interval.by_register[0] = part.quantity;
            if (!part.divided) {
                interval.registers_match_table = meter.registers_match_table;
                interval.register_count = step.register_count;
                for (std::size_t i = 1; i < step.register_count; ++i) {
                    interval.by_register[i] = {mul_checked(step.by_register[i].units, part.ratio)};
                }
            }
            const auto result = accrue(out_.agreements[there].accrual, facts(there), interval,
                                       keep_ ? &part.slices : nullptr);
            if (!result) {
                return has_no_price(result.error()) ? Result<bool>(false) : fail(result.error());
            }
            if (history_.agreements[there].settle_to != 0) {
                used_[there].push_back(interval);
            }
        }
        if (keep_) {
            out_.steps.push_back(std::move(part));
        }
        return true;
    }

    static bool has_no_price(const Error& why) { return why.code.rfind("tariff.", 0) == 0; }

    [[nodiscard]] bool all_have_prices(const std::vector<RatedStep>& parts) const {
        return std::all_of(parts.begin(), parts.end(), [&](const RatedStep& part) {
            const std::size_t there = agreement_at(part.from);
            return there == nobody || part.quantity.units == 0 ||
                   stretches_between(facts(there), history_.agreements[there].tariff_code_index,
                                     part.from, part.to)
                       .has_value();
        });
    }

    // ---- time ----

    struct Part {
        Instant from;
        Instant to;
        Quantity quantity;
    };

    /// By time, at those bounds that lie within. `out` is used again and again.
    static void divide(Quantity quantity, Instant from, Instant to,
                       const std::vector<Instant>& bounds, std::vector<Part>& out) {
        out.clear();
        for (const Instant bound : bounds) {
            if (bound > from && bound < to) {
                out.push_back({from, bound, {}});
                from = bound;
            }
        }
        out.push_back({from, to, {}});
        if (out.size() == 1) {
            out[0].quantity = quantity;
            return;
        }
        std::vector<std::int64_t> weights;
        for (const Part& part : out) {
            weights.push_back((part.to - part.from).us);
        }
        const std::vector<std::int64_t> parts = shares_of(quantity.units, weights);
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i].quantity = {parts[i]};
        }
    }

    static std::vector<Instant> ratio_bounds(const PointMeter& meter) {
        std::vector<Instant> out;
        for (const RatioFrom& change : meter.ratios) {
            out.push_back(change.from);
        }
        return out;
    }

    [[nodiscard]] std::vector<Instant> agreement_bounds() const {
        std::vector<Instant> out;
        for (const PointAgreement& agreement : history_.agreements) {
            out.push_back(agreement.from);
            if (agreement.to) {
                out.push_back(agreement.to);
            }
        }
        std::sort(out.begin(), out.end());
        return out;
    }

    static constexpr std::size_t nobody = SIZE_MAX;

    [[nodiscard]] std::size_t agreement_at(Instant at) const {
        for (std::size_t i = 0; i < history_.agreements.size(); ++i) {
            const PointAgreement& agreement = history_.agreements[i];
            if (at >= agreement.from && (!agreement.to || at < agreement.to)) {
                return i;
            }
        }
        return nobody;
    }

    // ---- agreements ----

    [[nodiscard]] RatingFacts facts(std::size_t i) const {
        return {book_, calendar_, zone_, history_.agreements[i].terms};
    }

    /// Takes over the counters of the agreement it continues, once.
    void begin(std::size_t i) {
        if (begun_[i]) {
            return;
        }
        begun_[i] = true;
        for (std::size_t k = 0; k < i; ++k) {
            if (history_.agreements[k].id == history_.agreements[i].continues) {
                begin(k);
                out_.agreements[i].accrual.uses = out_.agreements[k].accrual.uses;
            }
        }
    }

    Result<void> settle(std::size_t i) {
        const PointAgreement& agreement = history_.agreements[i];
        const CivilDate from = agreement.terms.in_service_from.value_or(zone_.date(agreement.from));
        for (CycleId cycle = cycle_of(from); cycle <= agreement.settle_to;
             cycle = next_cycle(cycle)) {
            MonthFacts month;
            month.service_from = std::max(from, cycle_from(cycle));
            month.service_to = cycle_to(cycle);
            if (agreement.terms.in_service_to) {
                month.service_to = std::min(month.service_to, *agreement.terms.in_service_to);
            }
            const auto* version =
                facts(i).version_on(agreement.tariff_code_index, month.service_to + -1);
            if (version != nullptr && version->document.demand) {
                month.demand = measured_demand(used_[i], *version->document.demand, zone_,
                                               month.service_from, month.service_to);
            }
            TRY_VOID(settle_month(out_.agreements[i].accrual, facts(i), cycle, month));
        }
        return {};
    }

    const tariff::TariffBook& book_;
    const Calendar& calendar_;
    const Zone& zone_;
    const PointHistory& history_;
    bool keep_;
    std::vector<Instant> agreement_bounds_;
    std::vector<Instant> ratio_bounds_;  // of the present meter
    std::vector<RatedStep> parts_;       // of the present step, as are these
    std::vector<Part> by_ratio_;
    std::vector<Part> by_agreement_;
    std::vector<bool> begun_;
    std::vector<std::vector<Interval>> used_;  // by agreement; only where months are settled
    PointRating out_;
};

}  // namespace

std::int32_t PointMeter::ratio_at(Instant at) const {
    std::int32_t out = spec.ratio;
    for (const RatioFrom& change : ratios) {
        if (change.from <= at) {
            out = change.ratio;
        }
    }
    return out;
}

Result<PointRating> rate_point(const tariff::TariffBook& book, const Calendar& calendar,
                               const Zone& zone, const PointHistory& history, bool keep_steps) {
    return Folding(book, calendar, zone, history, keep_steps).run();
}

}  // namespace mb::rules::billing
