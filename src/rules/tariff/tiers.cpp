#include "rules/tariff/tiers.hpp"

#include "base/integer.hpp"
#include "rules/tariff/pointer.hpp"
#include "rules/tariff/schedule.hpp"

#include <algorithm>
#include <string>

namespace mb::rules::tariff {

namespace {

constexpr int months_per_year = 12;
/// So that sums with what a household adds stay inside 64 bits.
constexpr std::int64_t max_limit_units = INT64_MAX / 4;

/// Positive and ascending; one more tier than limits.
Result<Limits> read_limits(const std::vector<Quantity>& list, const std::string& pointer) {
    if (list.size() >= max_tiers) {
        return fail(refusal("tariff.too_many_tiers", pointer));
    }
    Limits out;
    out.fill(Quantity{INT64_MAX});
    Quantity last{0};
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (list[i] <= last || list[i].units > max_limit_units) {
            return fail(refusal("tariff.bad_limit", below(pointer, i)));
        }
        last = out[i] = list[i];
    }
    return out;
}

/// Two digits, 01 … 28.
int day_number(const std::string& text) {
    const bool form =
        text.size() == 2 && text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9';
    const int day = form ? (text[0] - '0') * 10 + (text[1] - '0') : 0;
    return day <= 28 ? day : 0;
}

int month_number(CivilDate date) {
    int year = 0;
    int month = 0;
    int day = 0;
    date.to_ymd(year, month, day);
    return month;
}

int length_of_month(int year, int month) {
    const CivilDate next = month == months_per_year ? CivilDate::from_ymd(year + 1, 1, 1)
                                                    : CivilDate::from_ymd(year, month + 1, 1);
    return next.days - CivilDate::from_ymd(year, month, 1).days;
}

constexpr int days_of_every_month = 28;

using ByMonth = std::array<Limits, 13>;

Result<std::size_t> limits_by_month(const std::vector<MonthLimits>& sets, ByMonth& out) {
    std::array<bool, 13> covered{};
    for (std::size_t i = 0; i < sets.size(); ++i) {
        const std::string place = below("/tier_limits_by_month", i);
        const Limits limits = TRY(read_limits(sets[i].limits, below(place, "limits")));
        if (sets[i].limits.size() != sets.front().limits.size()) {
            return fail(refusal("tariff.bad_limit", below(place, "limits")));
        }
        for (std::size_t k = 0; k < sets[i].months.size(); ++k) {
            const std::int32_t month = sets[i].months[k];
            const std::string at = below(below(place, "months"), k);
            if (month < 1 || month > months_per_year) {
                return fail(refusal("tariff.malformed_date", at));
            }
            if (covered[static_cast<std::size_t>(month)]) {
                return fail(refusal("tariff.overlap", at));
            }
            covered[static_cast<std::size_t>(month)] = true;
            out[static_cast<std::size_t>(month)] = limits;
        }
    }
    for (std::size_t month = 1; month <= months_per_year; ++month) {
        if (!covered[month]) {
            return fail(refusal("tariff.hole", "/tier_limits_by_month")
                            .with("month", std::to_string(month)));
        }
    }
    return sets.front().limits.size();
}

/// First month and day of the cycle.
Result<void> read_start(const TariffDocument& document, int& month, int& day) {
    const std::string& text = document.tier_start;
    if (text.empty()) {
        return {};
    }
    const auto malformed = [&] {
        return fail(
            refusal("tariff.malformed_date", "/tier_start").with("text", text.substr(0, 40)));
    };
    if (document.tier_cycle == TierCycle::none) {
        return fail(refusal("tariff.limits_without_cycle", "/tier_start"));
    }
    if (document.tier_cycle == TierCycle::month) {
        day = day_number(text);
        return day == 0 ? Result<void>(malformed()) : Result<void>();
    }
    const auto year_day = parse_year_day(text);
    if (!year_day || text == "02-29") {
        return malformed();
    }
    int year = 0;
    (CivilDate::from_ymd(2024, 1, 1) + static_cast<int>(*year_day)).to_ymd(year, month, day);
    return {};
}

Result<void> judge_choices(const TariffDocument& document) {
    const bool by_month = !document.tier_limits_by_month.empty();
    const bool none = document.tier_cycle == TierCycle::none;
    if (document.tier_cycle > TierCycle::year) {
        return fail(refusal("tariff.unknown_value", "/tier_cycle"));
    }
    if (document.tier_split > TierSplit::time_order) {
        return fail(refusal("tariff.unknown_value", "/tier_split"));
    }
    if (by_month && !document.tier_limits.empty()) {
        return fail(
            refusal("tariff.conflicting", "/tier_limits_by_month").with("with", "tier_limits"));
    }
    if (none && (by_month || !document.tier_limits.empty())) {
        return fail(refusal("tariff.limits_without_cycle",
                            by_month ? "/tier_limits_by_month" : "/tier_limits"));
    }
    if (by_month && document.tier_cycle == TierCycle::year) {
        return fail(
            refusal("tariff.conflicting", "/tier_limits_by_month").with("with", "tier_cycle"));
    }
    if (document.months_in_service && document.tier_cycle != TierCycle::year) {
        return fail(refusal("tariff.conflicting", "/months_in_service").with("with", "tier_cycle"));
    }
    return {};
}

}  // namespace

CivilDate month_of(CivilDate date) {
    int year = 0;
    int month = 0;
    int day = 0;
    date.to_ymd(year, month, day);
    return CivilDate::from_ymd(year, month, 1);
}

CivilDate add_months(CivilDate date, int months, int day) {
    int year = 0;
    int month = 0;
    int unused = 0;
    date.to_ymd(year, month, unused);
    const int total = year * months_per_year + month - 1 + months;
    year = floor_div(total, months_per_year);
    month = floor_mod(total, months_per_year) + 1;
    if (day > days_of_every_month) {
        day = std::min(day, length_of_month(year, month));
    }
    return CivilDate::from_ymd(year, month, day);
}

Result<TierRule> TierRule::compile(const TariffDocument& document) {
    TierRule out;
    TRY_VOID(judge_choices(document));
    TRY_VOID(read_start(document, out.start_month_, out.start_day_));
    out.cycle = document.tier_cycle;
    out.split = document.tier_split;
    out.months_in_service = document.months_in_service;
    std::size_t limits = document.tier_limits.size();
    out.limits_.fill(TRY(read_limits(document.tier_limits, "/tier_limits")));
    if (!document.tier_limits_by_month.empty()) {
        limits = TRY(limits_by_month(document.tier_limits_by_month, out.limits_));
    }
    out.count = static_cast<std::uint8_t>(limits + 1);
    std::int32_t people = 0;
    for (std::size_t i = 0; i < document.household.size(); ++i) {
        const HouseholdLimits& entry = document.household[i];
        Household household{entry.people, {}};
        const auto negative = std::any_of(entry.add.begin(), entry.add.end(), [](Quantity add) {
            return add.units < 0 || add.units > max_limit_units;
        });
        const std::string place = below("/household", i);
        if (entry.add.size() != limits || negative) {
            return fail(refusal("tariff.bad_household", below(place, "add")));
        }
        if (entry.people <= people) {
            return fail(refusal("tariff.bad_household", place));
        }
        people = entry.people;
        std::copy(entry.add.begin(), entry.add.end(), household.add.begin());
        out.households_.push_back(household);
    }
    return out;
}

CivilDate TierRule::month_step(CivilDate first, int months) const {
    return add_months(first, months, start_day_);
}

CycleSpan TierRule::cycle_at(CivilDate date) const {
    if (cycle == TierCycle::none) {
        return {};
    }
    if (cycle != TierCycle::year) {
        CivilDate from = add_months(date, 0, start_day_);
        if (from > date) {
            from = add_months(date, -1, start_day_);
        }
        return {from, month_step(from, 1)};
    }
    int year = 0;
    int month = 0;
    int day = 0;
    date.to_ymd(year, month, day);
    CivilDate from = CivilDate::from_ymd(year, start_month_, start_day_);
    if (from > date) {
        from = CivilDate::from_ymd(--year, start_month_, start_day_);
    }
    return {from, CivilDate::from_ymd(year + 1, start_month_, start_day_)};
}

Limits TierRule::of_household(const Limits& limits, std::int32_t people) const {
    Limits out = limits;
    for (auto entry = households_.rbegin(); entry != households_.rend(); ++entry) {
        if (entry->people <= people) {
            for (std::size_t i = 0; i + 1 < count; ++i) {
                out[i] += entry->add[i];
            }
            break;
        }
    }
    return out;
}

Limits TierRule::limits_of(const CycleSpan& span, const Terms& terms) const {
    const Limits& own = limits_[static_cast<std::size_t>(month_number(span.from))];
    if (count == 1 || (households_.empty() && !months_in_service)) {
        return own;
    }
    if (cycle != TierCycle::year) {
        return of_household(own, terms.people_on(span.from));
    }
    std::array<int128, max_tiers> sums{};
    for (int step = 0; step < months_per_year; ++step) {
        const CivilDate from = month_step(span.from, step);
        if (months_in_service && !terms.counts_for_tiers(from, month_step(span.from, step + 1))) {
            continue;
        }
        const Limits month = of_household(own, terms.people_on(from));
        for (std::size_t i = 0; i + 1 < count; ++i) {
            sums[i] += month[i].units;
        }
    }
    Limits out = own;
    for (std::size_t i = 0; i + 1 < count; ++i) {
        out[i] = {narrow(round_div<int128>(sums[i], months_per_year))};
    }
    return out;
}

}  // namespace mb::rules::tariff
