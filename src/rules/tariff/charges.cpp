#include "rules/tariff/charges.hpp"

#include "rules/tariff/pointer.hpp"
#include "rules/tariff/price_sets.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>

namespace mb::rules::tariff {

namespace {

constexpr std::array<std::string_view, 6> reserved = {"energy",   "free",         "demand",
                                                      "capacity", "power_factor", "subsidy"};
constexpr std::size_t max_charges = 32;
constexpr std::int64_t fen_per_cent_unit = 100;  // 10⁻⁴ yuan in a fen

bool good_item(const std::string& item) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    };
    return !item.empty() && item.size() <= 32 && std::all_of(item.begin(), item.end(), allowed) &&
           std::find(reserved.begin(), reserved.end(), item) == reserved.end();
}

Result<void> judge_price(Price price, const std::string& pointer) {
    if (price < Price{0}) {
        return fail(refusal("tariff.negative_price", pointer));
    }
    if (price > max_price) {
        return fail(refusal("tariff.price_too_high", pointer));
    }
    return {};
}

Result<void> judge_fixed(const FixedCharge& fee, const std::string& pointer) {
    if (fee.per > FixedPer::m2_month) {
        return fail(refusal("tariff.unknown_value", below(pointer, "per")));
    }
    if (fee.price.units < 0) {
        return fail(refusal("tariff.negative_price", below(pointer, "price")));
    }
    if (fee.price.units > 1'000'000 * ratio_one.units) {
        return fail(refusal("tariff.price_too_high", below(pointer, "price")));
    }
    return {};
}

Result<void> judge_demand(const DemandCharge& demand) {
    const std::string pointer = "/demand";
    const int window = demand.window_minutes;
    const int slide = demand.slide_minutes;
    if (window < 1 || window > 60 || 60 % window != 0) {
        return fail(refusal("tariff.bad_window", below(pointer, "window_minutes")));
    }
    if (slide < 0 || slide > window || (slide > 0 && window % slide != 0)) {
        return fail(refusal("tariff.bad_window", below(pointer, "slide_minutes")));
    }
    return judge_price(demand.price, below(pointer, "price"));
}

Result<void> judge_allowances(const std::vector<Allowance>& allowances) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < allowances.size(); ++i) {
        const Allowance& one = allowances[i];
        const std::string place = below("/allowances", i);
        const bool money = one.kind == AllowanceKind::money;
        if (one.name.empty() || !names.insert(one.name).second) {
            return fail(refusal("tariff.bad_item", below(place, "name")));
        }
        if (one.amount.units < 0 || one.amount.units > 1'000'000 * ratio_one.units ||
            (money && one.amount.units % fen_per_cent_unit != 0)) {
            return fail(refusal("tariff.bad_amount", below(place, "amount")));
        }
        if (one.expires_after_months < 1 || one.expires_after_months > 120) {
            return fail(refusal("tariff.bad_amount", below(place, "expires_after_months")));
        }
        if (money && one.counts_in_tiers) {
            return fail(refusal("tariff.conflicting", below(place, "counts_in_tiers"))
                            .with("with", "kind"));
        }
    }
    return {};
}

}  // namespace

Result<std::vector<Price>> compile_per_unit(const TariffDocument& document) {
    std::vector<Price> out;
    for (std::size_t i = 0; i < document.per_unit.size(); ++i) {
        const PerUnitCharge& charge = document.per_unit[i];
        const std::string place = below("/per_unit", i);
        TRY_VOID(judge_price(charge.price, below(place, "price")));
        if (charge.share.units < 0 || charge.share > ratio_one) {
            return fail(refusal("tariff.bad_amount", below(place, "share")));
        }
        const auto price = exact_product(charge.price, charge.share);
        if (!price) {
            return fail(refusal("tariff.inexact_price", below(place, "share")));
        }
        out.push_back(*price);
    }
    return out;
}

Result<void> judge_charges(const TariffDocument& document) {
    std::set<std::string> items;
    const auto judge_item = [&](const std::string& item, const std::string& place) -> Result<void> {
        if (!good_item(item) || !items.insert(item).second) {
            return fail(refusal("tariff.bad_item", below(place, "item")));
        }
        return {};
    };
    for (std::size_t i = 0; i < document.per_unit.size(); ++i) {
        TRY_VOID(judge_item(document.per_unit[i].item, below("/per_unit", i)));
    }
    for (std::size_t i = 0; i < document.fixed.size(); ++i) {
        TRY_VOID(judge_item(document.fixed[i].item, below("/fixed", i)));
        TRY_VOID(judge_fixed(document.fixed[i], below("/fixed", i)));
    }
    if (document.per_unit.size() > max_charges || document.fixed.size() > max_charges) {
        return fail(refusal("tariff.bad_item",
                            document.fixed.size() > max_charges ? "/fixed" : "/per_unit"));
    }
    if (document.demand) {
        TRY_VOID(judge_demand(*document.demand));
    }
    return judge_allowances(document.allowances);
}

}  // namespace mb::rules::tariff
