#include "rules/tariff/caps.hpp"

#include "rules/tariff/pointer.hpp"

#include <algorithm>

namespace mb::rules::tariff {

namespace {

Error above(const TariffDocument& document, const PriceCap& cap, Price price, CivilDate from,
            std::size_t band, std::size_t tier, std::string pointer) {
    return refusal("tariff.above_cap", std::move(pointer))
        .with("cap", cap.price.text())
        .with("class", document.user_class)
        .with("from", from.text())
        .with("price", price.text())
        .with("band", std::string(enum_text(static_cast<Band>(band))))
        .with("tier", std::to_string(tier + 1));
}

/// Where the document says the price.
std::string place_of(const TariffDocument& document, std::size_t set, std::size_t band,
                     std::size_t tier) {
    if (!document.base_prices.empty()) {
        return below(below("/base_prices", set), "price");
    }
    std::size_t i = 0;
    while (i + 1 < document.prices.size()) {
        const TariffPrice& entry = document.prices[i];
        if (static_cast<std::size_t>(entry.band.value_or(static_cast<Band>(band))) == band &&
            static_cast<std::size_t>(entry.tier.value_or(static_cast<std::int32_t>(tier) + 1)) ==
                tier + 1) {
            break;
        }
        ++i;
    }
    return below(below("/prices", i), "price");
}

/// The part of a price set's dates on which the version can be in force and the cap holds is not
/// empty; gives its first day.
std::optional<CivilDate> first_common_day(const TariffDocument& document, const PriceSet& set,
                                          const PriceCap& cap) {
    const CivilDate from = std::max({set.from, cap.from, document.effective_from});
    const CivilDate to = std::min(set.to, cap.to ? *cap.to + 1 : end_of_time);
    return from < to ? std::optional(from) : std::nullopt;
}

Result<void> judge_cap(const TariffDocument& document, const CompiledTariff& compiled,
                       const PriceCap& cap, Price per_unit) {
    for (std::size_t i = 0; i < compiled.price_sets.size(); ++i) {
        const PriceSet& set = compiled.price_sets[i];
        const auto from = first_common_day(document, set, cap);
        if (!from) {
            continue;
        }
        for (std::size_t band = 0; band < band_count; ++band) {
            for (std::size_t tier = 0;
                 tier < compiled.tiers.count && compiled.schedule.bands()[band]; ++tier) {
                const Price price = set.price[band][tier] + per_unit;
                if (price > cap.price) {
                    return fail(above(document, cap, price, *from, band, tier,
                                      place_of(document, i, band, tier)));
                }
            }
        }
    }
    return {};
}

}  // namespace

Result<void> judge_caps(const TariffDocument& document, const CompiledTariff& compiled,
                        const std::vector<PriceCap>& caps, const std::string& pointer) {
    Price per_unit;
    for (const Price price : compiled.per_unit) {
        per_unit = per_unit + price;
    }
    for (std::size_t i = 0; i < caps.size(); ++i) {
        const std::string place = below(pointer, i);
        if (caps[i].price < Price{0}) {
            return fail(refusal("tariff.negative_price", below(place, "price")));
        }
        if (caps[i].to && *caps[i].to < caps[i].from) {
            return fail(refusal("tariff.reversed_period", place));
        }
        if (!document.user_class.empty() && caps[i].class_ == document.user_class) {
            TRY_VOID(judge_cap(document, compiled, caps[i], per_unit));
        }
    }
    return {};
}

}  // namespace mb::rules::tariff
