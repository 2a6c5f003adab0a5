#include "rules/billing/accrual.hpp"

#include "base/check.hpp"
#include "rules/billing/shares.hpp"
#include "rules/billing/stretch.hpp"

#include <algorithm>

namespace mb::rules::billing {

namespace {

using tariff::band_count;

/// quantity × price; one 64-bit division where that suffices, which is nearly always.
ExactMoney cost(Quantity quantity, Price price) {
    std::int64_t rests = 0;
    if (!__builtin_mul_overflow(quantity.units, price.units, &rests) && rests >= 0) [[likely]] {
        const std::int64_t fen = rests / ExactMoney::rests_per_fen;
        return {fen, rests - fen * ExactMoney::rests_per_fen};
    }
    return ExactMoney::product(quantity, price);
}

Money add(ExactMoney& sum, const ExactMoney& part) {
    const Money before = sum.rounded();
    sum += part;
    return sum.rounded() - before;
}

/// Adds to a line (and its total) and to pending; returns by how much pending changed.
Money charge(AgreementAccrual& accrual, BillLine& line, std::int32_t total, Quantity quantity,
             Price price) {
    const ExactMoney exact = cost(quantity, price);
    line.quantity += quantity;
    Money change;
    if (total < 0) {
        change = add(line.exact, exact);
    } else {
        line.exact += exact;
        change = add(accrual.totals[static_cast<std::size_t>(total)].exact, exact);
    }
    accrual.pending += change;
    return change;
}

std::uint32_t line_for(AgreementAccrual& accrual, const LineKey& key,
                       tariff::RoundingPlace rounding) {
    auto& lines = accrual.lines;
    for (std::size_t i = lines.size(); i > 0; --i) {
        if (lines[i - 1].key == key) {
            return static_cast<std::uint32_t>(i - 1);
        }
    }
    BillLine line;
    line.id = accrual.next_line_id++;
    line.key = key;
    line.rounding = rounding;
    lines.push_back(line);
    return static_cast<std::uint32_t>(lines.size() - 1);
}

std::uint32_t use_for(AgreementAccrual& accrual, CycleId cycle) {
    auto& uses = accrual.uses;
    for (std::size_t i = uses.size(); i > 0; --i) {
        if (uses[i - 1].cycle == cycle) {
            return static_cast<std::uint32_t>(i - 1);
        }
    }
    uses.push_back({cycle, {}});
    return static_cast<std::uint32_t>(uses.size() - 1);
}

/// −1 when the version rounds by line.
std::int32_t total_for(AgreementAccrual& accrual, CycleId cycle, tariff::RoundingPlace rounding) {
    if (rounding == tariff::RoundingPlace::line) {
        return -1;
    }
    auto& totals = accrual.totals;
    const auto it = std::find_if(totals.begin(), totals.end(),
                                 [&](const CycleTotal& t) { return t.cycle == cycle; });
    if (it != totals.end()) {
        return static_cast<std::int32_t>(it - totals.begin());
    }
    totals.push_back({cycle, {}});
    return static_cast<std::int32_t>(totals.size() - 1);
}

/// Opens the window on a stretch; its line is not known yet.
void open_window(AgreementAccrual& accrual, const tariff::TariffBook& book, const Stretch& in,
                 Instant to) {
    RatingWindow& window = accrual.window;
    window = {};
    window.from = in.from;
    window.to = to;
    window.book_revision = book.revision();
    window.code_index = accrual.tariff_code_index;
    accrual.last_cycle = in.cycle;
}

/// Charges a quantity used within one stretch, tier by tier, and points the window at the last
/// line.
void charge_tiers(AgreementAccrual& accrual, const Stretch& in, Quantity quantity,
                  AccrualResult& result) {
    const tariff::CompiledTariff& compiled = in.version->compiled;
    RatingWindow& window = accrual.window;
    window.use = use_for(accrual, in.cycle);
    window.total = total_for(accrual, in.cycle, compiled.rounding);
    Quantity& used = accrual.uses[window.use].quantity;
    std::size_t tier = 0;
    while (quantity.units > 0) {
        while (tier + 1 < compiled.tiers && used >= compiled.limits[tier]) {
            ++tier;
        }
        const Quantity part = std::min(quantity, compiled.limits[tier] - used);
        const LineKey key{in.cycle, LineItem::energy, in.band, static_cast<std::uint8_t>(tier + 1),
                          in.version->id};
        window.line = line_for(accrual, key, compiled.rounding);
        window.price = compiled.price_of(in.band, tier);
        window.tier_end = compiled.limits[tier];
        result.pending_change +=
            charge(accrual, accrual.lines[window.line], window.total, part, window.price);
        result.slices = static_cast<std::uint8_t>(std::min(result.slices + 1, 255));
        used += part;
        quantity -= part;
    }
}

std::vector<std::int64_t> by_time(Quantity total, const std::vector<Stretch>& stretches) {
    std::vector<std::int64_t> weights;
    weights.reserve(stretches.size());
    for (const Stretch& stretch : stretches) {
        weights.push_back((stretch.to - stretch.from).us);
    }
    return shares_of(total.units, weights);
}

enum class Registers : std::uint8_t { usable, time_decides };

/// Whether the tariff registers can tell the bands of this interval apart.
Result<Registers> judge_registers(const Interval& interval, const std::vector<Stretch>& stretches) {
    if (!interval.registers_match_table || interval.register_count > metering::max_registers) {
        return Registers::time_decides;
    }
    int128 sum = 0;
    bool forward = true;
    for (std::size_t i = 1; i < interval.register_count; ++i) {
        forward = forward && interval.by_register[i].units >= 0;
        sum += interval.by_register[i].units;
    }
    if (!forward || sum != interval.total.units) {
        return Registers::time_decides;
    }
    Registers out = Registers::usable;
    for (std::size_t i = 1; i < interval.register_count; ++i) {
        const auto band = static_cast<tariff::Band>(i - 1);
        const auto shows = [&](const Stretch& s) { return s.band == band; };
        const auto prices = [&](const Stretch& s) { return s.version->compiled.has_band[i - 1]; };
        if (interval.by_register[i].units == 0 ||
            std::any_of(stretches.begin(), stretches.end(), shows)) {
            continue;
        }
        if (std::none_of(stretches.begin(), stretches.end(), prices)) {
            return fail(error("tariff.no_price", ErrorKind::unprocessable)
                            .with("band", std::string(enum_text(band))));
        }
        out = Registers::time_decides;  // the meter's clock and ours disagree on the bound
    }
    return out;
}

/// A band's quantity divided among its stretches by time: does the division touch prices?
bool division_matters(const std::vector<Stretch>& of_band) {
    return of_band.size() > 1 && std::any_of(of_band.begin(), of_band.end(), [&](const Stretch& s) {
               return !s.same_price(of_band.front()) || s.version->compiled.tiers > 1;
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
Result<AccrualResult> accrue_crossing(AgreementAccrual& accrual, const tariff::TariffBook& book,
                                      const Interval& interval,
                                      const std::vector<Stretch>& stretches) {
    AccrualResult result;
    const bool registers = TRY(judge_registers(interval, stretches)) == Registers::usable;
    result.split_by_time = !registers && interval.total.units > 0;
    const std::vector<std::int64_t> parts =
        registers ? by_registers(interval, stretches, result.split_by_time)
                  : by_time(interval.total, stretches);
    result.estimated = result.split_by_time && interval.to - interval.from > estimate_beyond;
    for (std::size_t i = 0; i < stretches.size(); ++i) {
        open_window(accrual, book, stretches[i], stretches[i].to);
        charge_tiers(accrual, stretches[i], {parts[i]}, result);
    }
    return result;
}

/// Every interval that the window does not answer.
Result<AccrualResult> accrue_anew(AgreementAccrual& accrual, const tariff::TariffBook& book,
                                  const Zone& zone, const Interval& interval) {
    TRY_VOID(judge_interval(interval));
    const Stretch first = TRY(stretch_at(book, accrual.tariff_code_index, zone, interval.from));
    if (interval.to > first.to) {
        const std::vector<Stretch> all = TRY(
            stretches_between(book, accrual.tariff_code_index, zone, interval.from, interval.to));
        if (all.size() > 1) {
            return accrue_crossing(accrual, book, interval, all);
        }
    }
    AccrualResult result;
    open_window(accrual, book, first, std::max(first.to, interval.to));
    charge_tiers(accrual, first, interval.total, result);
    return result;
}

}  // namespace

Result<AccrualResult> accrue(AgreementAccrual& accrual, const tariff::TariffBook& book,
                             const Zone& zone, const Interval& interval) {
    const RatingWindow& window = accrual.window;
    const bool inside =
        interval.from >= window.from && interval.to <= window.to && interval.from < interval.to &&
        interval.total.units >= 0 && interval.total <= max_interval_quantity &&
        window.book_revision == book.revision() && window.code_index == accrual.tariff_code_index;
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
    return accrue_anew(accrual, book, zone, interval);
}

}  // namespace mb::rules::billing
