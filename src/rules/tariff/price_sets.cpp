#include "rules/tariff/price_sets.hpp"

#include "rules/tariff/pointer.hpp"

#include <algorithm>
#include <string>

namespace mb::rules::tariff {

namespace {

using Bands = std::array<bool, band_count>;

bool in_use(const Bands& bands, Band band) {
    const auto i = static_cast<std::size_t>(band);
    return i < band_count && bands[i];
}

Result<void> judge_range(Price price, const std::string& pointer) {
    if (price < Price{0}) {
        return fail(refusal("tariff.negative_price", pointer));
    }
    if (price > max_price) {
        return fail(refusal("tariff.price_too_high", pointer));
    }
    return {};
}

Error missing(std::string pointer, std::size_t band, std::size_t tier) {
    return refusal("tariff.missing_price", std::move(pointer))
        .with("band", std::string(enum_text(static_cast<Band>(band))))
        .with("tier", std::to_string(tier + 1));
}

/// The absolute prices of a document, before tier_add.
struct AbsolutePrices {
    const TariffDocument& document;
    const Bands& bands;
    std::size_t tiers;
    PriceSet out{};
    std::array<std::array<bool, max_tiers>, band_count> priced{};

    Result<void> judge(const TariffPrice& entry, const std::string& pointer) const {
        if (entry.band && !in_use(bands, *entry.band)) {
            return fail(refusal("tariff.unknown_band", below(pointer, "band")));
        }
        if (entry.tier && !document.tier_add.empty()) {
            return fail(
                refusal("tariff.conflicting", below(pointer, "tier")).with("with", "tier_add"));
        }
        if (entry.tier && (*entry.tier < 1 || static_cast<std::size_t>(*entry.tier) > tiers)) {
            return fail(refusal("tariff.unknown_tier", below(pointer, "tier")));
        }
        return judge_range(entry.price, below(pointer, "price"));
    }

    Result<void> take(const TariffPrice& entry, const std::string& pointer) {
        TRY_VOID(judge(entry, pointer));
        for (std::size_t band = 0; band < band_count; ++band) {
            if (!bands[band] || (entry.band && static_cast<std::size_t>(*entry.band) != band)) {
                continue;
            }
            for (std::size_t tier = 0; tier < tiers; ++tier) {
                if (entry.tier && static_cast<std::size_t>(*entry.tier) != tier + 1) {
                    continue;
                }
                if (priced[band][tier]) {
                    return fail(refusal("tariff.double_price", pointer));
                }
                priced[band][tier] = true;
                out.price[band][tier] = entry.price;
            }
        }
        return {};
    }

    Result<void> all() {
        for (std::size_t i = 0; i < document.prices.size(); ++i) {
            TRY_VOID(take(document.prices[i], below("/prices", i)));
        }
        for (std::size_t band = 0; band < band_count; ++band) {
            for (std::size_t tier = 0; tier < tiers && bands[band]; ++tier) {
                if (!priced[band][tier]) {
                    return fail(missing("/prices", band, tier));
                }
            }
        }
        return {};
    }
};

/// base × ratio, as the document rounds it.
Result<Price> derived(const TariffDocument& document, std::size_t base, Ratio ratio) {
    const Price price = document.base_prices[base].price;
    const std::string place = below(below("/base_prices", base), "price");
    const int128 product = static_cast<int128>(price.units) * ratio.units;
    if (product > static_cast<int128>(max_price.units) * ratio_one.units) {
        return fail(refusal("tariff.price_too_high", place));
    }
    if (document.price_decimals) {
        const std::int64_t step = pow10(price_places - *document.price_decimals);
        const int128 steps =
            round_div<int128>(product, static_cast<int128>(step) * ratio_one.units);
        return Price{narrow(steps * step)};
    }
    const auto exact = exact_product(price, ratio);
    if (!exact) {
        return fail(refusal("tariff.inexact_price", place));
    }
    return *exact;
}

Result<std::array<Ratio, band_count>> read_ratios(const TariffDocument& document,
                                                  const Bands& bands) {
    std::array<Ratio, band_count> out{};
    std::array<bool, band_count> given{};
    for (std::size_t i = 0; i < document.ratios.size(); ++i) {
        const BandRatio& entry = document.ratios[i];
        const std::string place = below("/ratios", i);
        if (!in_use(bands, entry.band)) {
            return fail(refusal("tariff.unknown_band", below(place, "band")));
        }
        const auto band = static_cast<std::size_t>(entry.band);
        if (given[band]) {
            return fail(refusal("tariff.double_price", place));
        }
        if (entry.ratio.units < 0) {
            return fail(refusal("tariff.negative_price", below(place, "ratio")));
        }
        if (entry.ratio.units > 100 * ratio_one.units) {
            return fail(refusal("tariff.price_too_high", below(place, "ratio")));
        }
        given[band] = true;
        out[band] = entry.ratio;
    }
    for (std::size_t band = 0; band < band_count; ++band) {
        if (bands[band] && !given[band]) {
            return fail(missing("/ratios", band, 0));
        }
    }
    return out;
}

/// The dates of base price i; those before it are in `sets`.
Result<PriceSet> base_dates(const TariffDocument& document, std::size_t i,
                            const std::vector<PriceSet>& sets) {
    const BasePrice& entry = document.base_prices[i];
    const std::string place = below("/base_prices", i);
    if (i == 0 && entry.from > document.effective_from) {
        return fail(refusal("tariff.hole", below(place, "from")));
    }
    if (i > 0 && sets.back().to != entry.from) {
        const bool hole = sets.back().to < entry.from;
        return fail(refusal(hole ? "tariff.hole" : "tariff.overlap", below(place, "from")));
    }
    if (entry.to && *entry.to < entry.from) {
        return fail(refusal("tariff.reversed_period", place));
    }
    PriceSet out;
    out.from = entry.from;
    out.to = entry.to ? *entry.to + 1 : end_of_time;
    return out;
}

Result<std::vector<PriceSet>> by_ratio(const TariffDocument& document, const Bands& bands,
                                       std::size_t tiers) {
    if (document.base_prices.empty()) {
        return fail(refusal("tariff.missing_price", "/base_prices"));
    }
    const auto ratios = TRY(read_ratios(document, bands));
    std::vector<PriceSet> out;
    for (std::size_t i = 0; i < document.base_prices.size(); ++i) {
        const std::string place = below(below("/base_prices", i), "price");
        TRY_VOID(judge_range(document.base_prices[i].price, place));
        PriceSet set = TRY(base_dates(document, i, out));
        for (std::size_t band = 0; band < band_count; ++band) {
            if (bands[band]) {
                const Price price = TRY(derived(document, i, ratios[band]));
                TRY_VOID(judge_range(price, place));
                std::fill_n(set.price[band].begin(), tiers, price);
            }
        }
        out.push_back(set);
    }
    return out;
}

Result<void> add_by_tier(const TariffDocument& document, std::size_t tiers,
                         std::vector<PriceSet>& sets) {
    if (document.tier_add.empty()) {
        return {};
    }
    if (document.tier_add.size() > tiers) {
        return fail(refusal("tariff.unknown_tier", below("/tier_add", tiers)));
    }
    if (document.tier_add.size() < tiers) {
        return fail(
            refusal("tariff.missing_price", "/tier_add").with("tier", std::to_string(tiers)));
    }
    for (std::size_t tier = 0; tier < tiers; ++tier) {
        const std::string place = below("/tier_add", tier);
        TRY_VOID(judge_range(document.tier_add[tier], place));
        for (PriceSet& set : sets) {
            for (auto& price : set.price) {
                price[tier] = price[tier] + document.tier_add[tier];
                TRY_VOID(judge_range(price[tier], place));
            }
        }
    }
    return {};
}

}  // namespace

std::optional<Price> exact_product(Price price, Ratio factor) {
    const int128 product = static_cast<int128>(price.units) * factor.units;
    if (product % ratio_one.units != 0) {
        return std::nullopt;
    }
    return Price{narrow(product / ratio_one.units)};
}

Result<std::vector<PriceSet>> compile_prices(const TariffDocument& document, const Bands& bands,
                                             std::size_t tiers) {
    if (document.price_decimals &&
        (*document.price_decimals < 0 || *document.price_decimals > price_places)) {
        return fail(refusal("tariff.unknown_value", "/price_decimals"));
    }
    const bool ratios = !document.ratios.empty() || !document.base_prices.empty();
    if (ratios && !document.prices.empty()) {
        return fail(
            refusal("tariff.conflicting", document.base_prices.empty() ? "/ratios" : "/base_prices")
                .with("with", "prices"));
    }
    if (!ratios && document.price_decimals) {
        return fail(refusal("tariff.conflicting", "/price_decimals").with("with", "prices"));
    }
    std::vector<PriceSet> out;
    if (ratios) {
        out = TRY(by_ratio(document, bands, tiers));
    } else {
        AbsolutePrices absolute{document, bands, tiers};
        TRY_VOID(absolute.all());
        out.push_back(absolute.out);
        out.back().from = document.effective_from;
    }
    TRY_VOID(add_by_tier(document, tiers, out));
    return out;
}

}  // namespace mb::rules::tariff
