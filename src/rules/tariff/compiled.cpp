#include "rules/tariff/compiled.hpp"

#include "rules/tariff/caps.hpp"
#include "rules/tariff/charges.hpp"
#include "rules/tariff/pointer.hpp"

#include <algorithm>
#include <string>

namespace mb::rules::tariff {

namespace {

bool good_code(const std::string& code) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    };
    return !code.empty() && code.size() <= 64 && std::all_of(code.begin(), code.end(), allowed);
}

Result<void> judge_choices(const TariffDocument& document) {
    if (!good_code(document.code)) {
        return fail(refusal("tariff.bad_code", "/code"));
    }
    if (document.version < 1) {
        return fail(refusal("tariff.bad_version", "/version"));
    }
    if (document.commodity > Commodity::gas) {
        return fail(refusal("tariff.unknown_value", "/commodity"));
    }
    if (document.rounding > RoundingPlace::total) {
        return fail(refusal("tariff.unknown_value", "/rounding"));
    }
    return {};
}

}  // namespace

Result<std::size_t> CompiledTariff::price_set_on(CivilDate on) const {
    const auto after =
        std::upper_bound(price_sets.begin(), price_sets.end(), on,
                         [](CivilDate day, const PriceSet& set) { return day < set.from; });
    if (after == price_sets.begin() || (after - 1)->to <= on) {
        return fail(error("tariff.no_price", ErrorKind::unprocessable).with("on", on.text()));
    }
    return static_cast<std::size_t>(after - 1 - price_sets.begin());
}

Result<CompiledTariff> compile(const TariffDocument& document, const Calendar* calendar) {
    CompiledTariff out;
    TRY_VOID(judge_choices(document));
    out.effective_from = document.effective_from;
    out.rounding = document.rounding;
    out.schedule = TRY(Schedule::compile(document, calendar));
    out.tiers = TRY(TierRule::compile(document));
    out.price_sets = TRY(compile_prices(document, out.schedule.bands(), out.tiers.count));
    TRY_VOID(judge_charges(document));
    out.per_unit = TRY(compile_per_unit(document));
    if (document.power_factor) {
        out.power_factor = TRY(compile_power_factor(*document.power_factor));
    }
    TRY_VOID(judge_caps(document, out, document.caps, "/caps"));
    return out;
}

}  // namespace mb::rules::tariff
