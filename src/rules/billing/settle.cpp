#include "rules/billing/settle.hpp"

#include "rules/billing/charging.hpp"
#include "rules/billing/lines.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace mb::rules::billing {

namespace {

constexpr int128 rests_per_fen = ExactMoney::rests_per_fen;
/// 10⁻⁴ yuan in 10⁻¹⁵ fen.
constexpr std::int64_t rests_per_fee_unit = 10'000'000'000'000;
constexpr std::int64_t units_per_fen = 100;  // 10⁻⁴ yuan
/// Percentages are 10⁻⁴ of a hundredth.
constexpr int128 percent_scale = 1'000'000;
constexpr int128 max_basis_rests = int128{1'000'000'000'000'000} * 1'000'000'000'000'000;

class Settlement {
public:
    Settlement(AgreementAccrual& accrual, const tariff::TariffVersion& version, CycleId cycle)
        : accrual_(accrual), version_(version), cycle_(cycle) {}

    [[nodiscard]] LineKey key_of(LineItem item, std::size_t index = 0) const {
        LineKey key;
        key.cycle = cycle_;
        key.item = item;
        key.index = static_cast<std::uint8_t>(index);
        key.version = version_.id;
        return key;
    }

    void set(const LineKey& key, Quantity quantity, const ExactMoney& exact) {
        BillLine& line = accrual_.lines[line_for(accrual_, key, tariff::RoundingPlace::line)];
        set_line(accrual_, line, -1, quantity, exact);
    }

    void fees(const RatingFacts& facts, const MonthFacts& month) {
        const int days = month.service_to.days - month.service_from.days;
        const int all = cycle_to(cycle_).days - cycle_from(cycle_).days;
        const auto& list = version_.document.fixed;
        for (std::size_t i = 0; i < list.size(); ++i) {
            const bool by_area = list[i].per == tariff::FixedPer::m2_month;
            const Quantity quantity =
                by_area ? facts.terms.area : Quantity{tariff::ratio_one.units};
            int128 rests = static_cast<int128>(list[i].price.units) * quantity.units *
                           (rests_per_fee_unit / tariff::ratio_one.units);
            if (list[i].prorate) {
                rests = round_div<int128>(rests * days, rests_per_fen * all) * rests_per_fen;
            }
            set(key_of(LineItem::fixed, i), quantity, ExactMoney::from_rests(rests));
        }
    }

    void demand(const RatingFacts& facts, const MonthFacts& month) {
        const auto& rule = version_.document.demand;
        if (!rule) {
            return;
        }
        const bool capacity = rule->basis == tariff::DemandBasis::capacity;
        const Quantity quantity = capacity ? facts.terms.capacity : *month.demand;
        set(key_of(capacity ? LineItem::capacity : LineItem::demand), quantity,
            cost(quantity, rule->price));
    }

    void power_factor(const PowerFactorBasis& basis) {
        const int128 fen =
            round_div<int128>(basis.rests * basis.percent.units, rests_per_fen * percent_scale);
        set(key_of(LineItem::power_factor), {basis.hundredths * units_per_fen}, {narrow(fen), 0});
    }

    /// Money allowances of the version in force on the first day in service.
    void grant_money(const tariff::TariffVersion* granting) {
        std::erase_if(accrual_.grants, [&](const Grant& grant) {
            return grant.kind == tariff::AllowanceKind::money &&
                   (grant.expires <= cycle_ || grant.left == 0);
        });
        if (granting == nullptr) {
            return;
        }
        for (const tariff::Allowance& one : granting->document.allowances) {
            if (one.kind == tariff::AllowanceKind::money) {
                accrual_.grants.push_back({one.name, one.kind, cycle_,
                                           later_cycle(cycle_, one.expires_after_months),
                                           one.amount.units / units_per_fen});
            }
        }
    }

    void subsidy(const RatingFacts& facts, CivilDate on) {
        std::int64_t due = due_without_fees();
        std::int64_t used = 0;
        for (const tariff::Allowance& one : version_.document.allowances) {
            for (Grant& grant : accrual_.grants) {
                if (grant.kind == tariff::AllowanceKind::money && grant.name == one.name &&
                    due > 0 && still_named(grant, accrual_, facts, on)) {
                    const std::int64_t part = std::min(due, grant.left);
                    grant.left -= part;
                    due -= part;
                    used += part;
                }
            }
        }
        if (used > 0) {
            set(key_of(LineItem::subsidy), {used * units_per_fen}, {-used, 0});
        }
    }

private:
    [[nodiscard]] std::int64_t due_without_fees() const {
        const std::vector<Money> targets = posting_targets(accrual_);
        std::int64_t out = 0;
        for (std::size_t i = 0; i < targets.size(); ++i) {
            const LineKey& key = accrual_.lines[i].key;
            if (key.cycle == cycle_ && key.item != LineItem::fixed) {
                out += targets[i].fen;
            }
        }
        return out;
    }

    AgreementAccrual& accrual_;
    const tariff::TariffVersion& version_;
    CycleId cycle_;
};

bool in_basis(const tariff::TariffBook& book, const LineKey& key) {
    switch (key.item) {
        case LineItem::energy:
        case LineItem::free:
        case LineItem::demand:
        case LineItem::capacity: return true;
        case LineItem::per_unit:
            return book.find(key.version)->document.per_unit[key.index].in_power_factor;
        case LineItem::fixed:
            return book.find(key.version)->document.fixed[key.index].in_power_factor;
        case LineItem::power_factor:
        case LineItem::subsidy: return false;
    }
    return false;
}

}  // namespace

std::string cycle_text(CycleId cycle) {
    return fmt::format("{:04}-{:02}", cycle / 100, cycle % 100);
}

std::string PowerFactorBasis::exact_text() const {
    int128 value = rests * percent.units;  // 10⁻²³ yuan
    const bool negative = value < 0;
    std::string digits;
    for (value = negative ? -value : value; value > 0; value /= 10) {
        digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
    }
    constexpr std::size_t places = 23;
    if (digits.size() <= places) {
        digits.insert(0, places + 1 - digits.size(), '0');
    }
    digits.insert(digits.size() - places, ".");
    while (digits.back() == '0' && digits.size() - digits.find('.') > 3) {
        digits.pop_back();
    }
    return (negative ? "-" : "") + digits;
}

Result<std::optional<PowerFactorBasis>> power_factor_basis(const AgreementAccrual& accrual,
                                                           const tariff::TariffBook& book,
                                                           const tariff::TariffVersion& version,
                                                           CycleId cycle, const MonthFacts& month) {
    if (!version.compiled.power_factor) {
        return std::nullopt;
    }
    PowerFactorBasis out;
    Quantity active;
    for (const BillLine& line : accrual.lines) {
        if (line.key.cycle != cycle) {
            continue;
        }
        if (line.key.item == LineItem::energy || line.key.item == LineItem::free) {
            active += line.quantity;
        }
        if (in_basis(book, line.key)) {
            out.rests += line.exact.rests();
        }
    }
    const Quantity reactive = month.reactive.value_or(Quantity{});
    if (!month.power_factor && active.units == 0 && reactive.units == 0) {
        return std::nullopt;
    }
    if (!month.power_factor && !month.reactive) {
        return fail(error("rate.reactive_missing", ErrorKind::unprocessable)
                        .with("month", cycle_text(cycle)));
    }
    if (out.rests > max_basis_rests || active > max_interval_quantity ||
        reactive > max_interval_quantity) {
        return fail("billing.too_large", ErrorKind::unprocessable);
    }
    out.hundredths = month.power_factor ? *month.power_factor
                                        : tariff::power_factor_hundredths(active, reactive);
    out.percent = (*version.compiled.power_factor)[static_cast<std::size_t>(out.hundredths)];
    return out;
}

bool has_fees(const tariff::TariffBook& book, std::int32_t code_index) {
    const auto versions = book.versions(code_index);
    return std::any_of(versions.begin(), versions.end(), [](const auto* version) {
        const tariff::TariffDocument& document = version->document;
        return !document.fixed.empty() || document.demand || version->compiled.power_factor ||
               std::any_of(document.allowances.begin(), document.allowances.end(),
                           [](const tariff::Allowance& one) {
                               return one.kind == tariff::AllowanceKind::money;
                           });
    });
}

Result<void> settle_month(AgreementAccrual& accrual, const RatingFacts& facts, CycleId cycle,
                          const MonthFacts& month) {
    if (month.service_from >= month.service_to) {
        return {};
    }
    const auto* version = facts.version_on(accrual.tariff_code_index, month.service_to + -1);
    if (version == nullptr) {
        return {};
    }
    const auto& demand = version->document.demand;
    if (demand && demand->basis == tariff::DemandBasis::measured && !month.demand) {
        return fail(error("rate.demand_unknown", ErrorKind::unprocessable)
                        .with("month", cycle_text(cycle)));
    }
    const auto& fees = version->document.fixed;
    const bool by_area = std::any_of(fees.begin(), fees.end(), [](const tariff::FixedCharge& fee) {
        return fee.per == tariff::FixedPer::m2_month;
    });
    if (by_area && facts.terms.area.units == 0) {
        return fail("rate.area_missing", ErrorKind::unprocessable);
    }
    if (demand && demand->basis == tariff::DemandBasis::capacity &&
        facts.terms.capacity.units == 0) {
        return fail("rate.capacity_missing", ErrorKind::unprocessable);
    }
    AgreementAccrual next = accrual;  // all or nothing
    next.window = {};
    Settlement settlement(next, *version, cycle);
    settlement.fees(facts, month);
    settlement.demand(facts, month);
    if (const auto basis = TRY(power_factor_basis(next, facts.book, *version, cycle, month))) {
        settlement.power_factor(*basis);
    }
    settlement.grant_money(facts.version_on(accrual.tariff_code_index, month.service_from));
    settlement.subsidy(facts, month.service_to + -1);
    next.settled_to = cycle;
    accrual = std::move(next);
    return {};
}

}  // namespace mb::rules::billing
