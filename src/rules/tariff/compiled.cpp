#include "rules/tariff/compiled.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <string>

namespace mb::rules::tariff {

namespace {

Error at(std::string_view code, std::string pointer) {
    return error(code, ErrorKind::unprocessable).with("pointer", std::move(pointer));
}

std::string item(std::string_view list, std::size_t index, std::string_view member = {}) {
    std::string out = "/" + std::string(list) + "/" + std::to_string(index);
    if (!member.empty()) {
        out += "/" + std::string(member);
    }
    return out;
}

bool known(Band band) { return static_cast<std::size_t>(band) < band_count; }

bool good_code(const std::string& code) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    };
    return !code.empty() && code.size() <= 64 && std::all_of(code.begin(), code.end(), allowed);
}

Result<int> minutes_at(const std::string& text, std::string pointer) {
    auto minutes = parse_minutes(text);
    if (!minutes) {
        return fail(std::move(minutes.error()).with("pointer", std::move(pointer)));
    }
    return minutes;
}

Result<void> compile_period(const TariffDocument& document, std::size_t i, CompiledTariff& out) {
    const TariffPeriod& period = document.periods[i];
    const int from = TRY(minutes_at(period.from, item("periods", i, "from")));
    const int to = TRY(minutes_at(period.to, item("periods", i, "to")));
    const int expected = out.periods.empty() ? 0 : out.periods.back().to;
    if (!known(period.band)) {
        return fail(at("tariff.unknown_band", item("periods", i, "band")));
    }
    if (expected == minutes_per_day) {
        return fail(at("tariff.not_last", item("periods", i - 1, "to")));
    }
    if (from == to || (from == minutes_per_day && to == 0)) {
        return fail(at("tariff.empty_period", item("periods", i)));
    }
    if (from > to) {
        return fail(at("tariff.reversed_period", item("periods", i)));
    }
    if (from != expected) {
        const std::string_view code = from > expected ? "tariff.hole" : "tariff.overlap";
        return fail(at(code, item("periods", i, "from")));
    }
    out.periods.push_back(
        {static_cast<std::int16_t>(from), static_cast<std::int16_t>(to), period.band});
    out.has_band[static_cast<std::size_t>(period.band)] = true;
    return {};
}

Result<void> compile_periods(const TariffDocument& document, CompiledTariff& out) {
    if (document.periods.empty()) {
        out.periods.push_back({});
        out.has_band[static_cast<std::size_t>(Band::flat)] = true;
        return {};
    }
    for (std::size_t i = 0; i < document.periods.size(); ++i) {
        TRY_VOID(compile_period(document, i, out));
    }
    if (out.periods.back().to != minutes_per_day) {
        return fail(at("tariff.hole", item("periods", out.periods.size() - 1, "to")));
    }
    return {};
}

Result<void> compile_limits(const TariffDocument& document, CompiledTariff& out) {
    if (document.tier_cycle == TierCycle::none && !document.tier_limits.empty()) {
        return fail(at("tariff.limits_without_cycle", "/tier_limits"));
    }
    if (document.tier_limits.size() >= max_tiers) {
        return fail(at("tariff.too_many_tiers", "/tier_limits"));
    }
    Quantity below{0};
    for (std::size_t i = 0; i < document.tier_limits.size(); ++i) {
        if (document.tier_limits[i] <= below) {
            return fail(at("tariff.bad_limit", item("tier_limits", i)));
        }
        below = out.limits[i] = document.tier_limits[i];
    }
    out.tiers = static_cast<std::uint8_t>(document.tier_limits.size() + 1);
    std::fill(out.limits.begin() + out.tiers - 1, out.limits.end(), Quantity{INT64_MAX});
    return {};
}

using Priced = std::array<std::array<bool, max_tiers>, band_count>;

/// Whether prices[i] names only bands and tiers that the document has.
Result<void> judge_price(const TariffDocument& document, std::size_t i, const CompiledTariff& out) {
    const TariffPrice& entry = document.prices[i];
    if (entry.band &&
        (!known(*entry.band) || !out.has_band[static_cast<std::size_t>(*entry.band)])) {
        return fail(at("tariff.unknown_band", item("prices", i, "band")));
    }
    if (entry.tier && (*entry.tier < 1 || *entry.tier > out.tiers)) {
        return fail(at("tariff.unknown_tier", item("prices", i, "tier")));
    }
    if (entry.price < Price{0}) {
        return fail(at("tariff.negative_price", item("prices", i, "price")));
    }
    if (entry.price > max_price) {
        return fail(at("tariff.price_too_high", item("prices", i, "price")));
    }
    return {};
}

Result<void> compile_price(const TariffDocument& document, std::size_t i, CompiledTariff& out,
                           Priced& priced) {
    const TariffPrice& entry = document.prices[i];
    TRY_VOID(judge_price(document, i, out));
    for (std::size_t band = 0; band < band_count; ++band) {
        if (!out.has_band[band] || (entry.band && static_cast<std::size_t>(*entry.band) != band)) {
            continue;
        }
        for (std::size_t tier = 0; tier < out.tiers; ++tier) {
            if (entry.tier && static_cast<std::size_t>(*entry.tier) != tier + 1) {
                continue;
            }
            if (priced[band][tier]) {
                return fail(at("tariff.double_price", item("prices", i)));
            }
            priced[band][tier] = true;
            out.price[band][tier] = entry.price;
        }
    }
    return {};
}

Result<void> compile_prices(const TariffDocument& document, CompiledTariff& out) {
    Priced priced{};
    for (std::size_t i = 0; i < document.prices.size(); ++i) {
        TRY_VOID(compile_price(document, i, out, priced));
    }
    for (std::size_t band = 0; band < band_count; ++band) {
        for (std::size_t tier = 0; tier < out.tiers && out.has_band[band]; ++tier) {
            if (!priced[band][tier]) {
                return fail(at("tariff.missing_price", "/prices")
                                .with("band", std::string(enum_text(static_cast<Band>(band))))
                                .with("tier", std::to_string(tier + 1)));
            }
        }
    }
    return {};
}

Result<void> judge_choices(const TariffDocument& document) {
    if (!good_code(document.code)) {
        return fail(at("tariff.bad_code", "/code"));
    }
    if (document.version < 1) {
        return fail(at("tariff.bad_version", "/version"));
    }
    if (document.commodity > Commodity::gas) {
        return fail(at("tariff.unknown_value", "/commodity"));
    }
    if (document.rounding > RoundingPlace::total) {
        return fail(at("tariff.unknown_value", "/rounding"));
    }
    if (document.tier_cycle > TierCycle::year) {
        return fail(at("tariff.unknown_value", "/tier_cycle"));
    }
    return {};
}

}  // namespace

Result<int> parse_minutes(std::string_view text) {
    const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
    const bool form =
        text.size() == 5 && text[2] == ':' && digit(0) && digit(1) && digit(3) && digit(4);
    const int hour = form ? (text[0] - '0') * 10 + (text[1] - '0') : 99;
    const int minute = form ? (text[3] - '0') * 10 + (text[4] - '0') : 99;
    const int out = hour * 60 + minute;
    if (minute > 59 || out > minutes_per_day) {
        return fail(error("tariff.malformed_time", ErrorKind::unprocessable)
                        .with("text", std::string(text.substr(0, 40))));
    }
    return out;
}

const CompiledPeriod& CompiledTariff::period_at(int minute_of_day) const {
    DCHECK(minute_of_day >= 0 && minute_of_day < minutes_per_day);
    const auto after = std::upper_bound(
        periods.begin(), periods.end(), minute_of_day,
        [](int minute, const CompiledPeriod& period) { return minute < period.from; });
    return *(after - 1);
}

Result<CompiledTariff> compile(const TariffDocument& document) {
    CompiledTariff out;
    TRY_VOID(judge_choices(document));
    out.effective_from = document.effective_from;
    out.rounding = document.rounding;
    out.tier_cycle = document.tier_cycle;
    TRY_VOID(compile_periods(document, out));
    TRY_VOID(compile_limits(document, out));
    TRY_VOID(compile_prices(document, out));
    return out;
}

}  // namespace mb::rules::tariff
