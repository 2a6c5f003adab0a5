// A tariff version as it is published: the document people write and sign (design §5.6), as
// docs/reference/tariff.md describes it. Instances come from JSON; rules/tariff/compiled.hpp judges
// them. Published documents never change.
#pragma once

#include "base/binary.hpp"
#include "base/describe.hpp"
#include "base/json.hpp"
#include "base/money.hpp"
#include "base/shape.hpp"
#include "base/time.hpp"
#include "rules/calendar.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mb::rules::tariff {

/// 尖 峰 平 谷 深谷. Meter registers T1…T5 carry them in this order when the tables are equal.
enum class Band : std::uint8_t { sharp, peak, flat, valley, deep_valley };
MB_ENUM(Band, sharp, peak, flat, valley, deep_valley)
constexpr std::size_t band_count = 5;

enum class Commodity : std::uint8_t { electricity, water, gas };
MB_ENUM(Commodity, electricity, water, gas)

/// Where amounts become whole fen: each bill line, or the month's total with the lines as its
/// shares.
enum class RoundingPlace : std::uint8_t { line, total };
MB_ENUM(RoundingPlace, line, total)

/// Over what the cumulative quantity of an agreement runs. none: no tiers.
enum class TierCycle : std::uint8_t { none, month, year };
MB_ENUM(TierCycle, none, month, year)

/// How a use that crosses a limit is divided among the bands.
enum class TierSplit : std::uint8_t { share, time_order };
MB_ENUM(TierSplit, share, time_order)

/// A plain factor or percentage with four decimals.
using Ratio = Amount<struct RatioTag>;
constexpr Ratio ratio_one{10'000};

/// [from, to) of a day, "HH:MM" in the project's zone; `to` of the last one is "24:00".
struct TariffPeriod {
    std::string from;
    std::string to;
    Band band = Band::flat;
};
MB_DESCRIBE(TariffPeriod, (from, to, band))

/// Days of any year, "MM-DD", both inclusive; from after to wraps the turn of the year.
struct DateRange {
    std::string from;
    std::string to;
};
MB_DESCRIBE(DateRange, (from, to))

/// `days`: mon … sun, holiday, makeup, workday, weekend, restday; empty: all.
struct SeasonTable {
    std::vector<std::string> days;
    std::vector<TariffPeriod> periods;

    static constexpr bool json_may_miss(std::string_view member) { return member == "days"; }
};
MB_DESCRIBE(SeasonTable, (days, periods))

struct Season {
    std::string name;
    std::vector<DateRange> dates;  // empty: all year
    std::vector<SeasonTable> tables;

    static constexpr bool json_may_miss(std::string_view member) { return member != "tables"; }
};
MB_DESCRIBE(Season, (name, dates, tables))

/// Periods that replace a season's on days that fulfil all conditions given.
struct ScheduleException {
    std::string name;
    std::vector<DateRange> dates;
    std::vector<CivilDate> on;
    std::vector<std::string> days;
    std::vector<Holiday> holidays;
    std::vector<TariffPeriod> periods;

    static constexpr bool json_may_miss(std::string_view member) { return member != "periods"; }
};
MB_DESCRIBE(ScheduleException, (name, dates, on, days, holidays, periods))

/// Yuan per billing unit in one band and tier. Without a band: in every band of the table. Without
/// a tier: in every tier.
struct TariffPrice {
    std::optional<Band> band;
    std::optional<std::int32_t> tier;  // 1 = first
    Price price;
};
MB_DESCRIBE(TariffPrice, (band, tier, price))

/// The flat price that ratios multiply, on dates from … to inclusive.
struct BasePrice {
    CivilDate from;
    std::optional<CivilDate> to;
    Price price;
};
MB_DESCRIBE(BasePrice, (from, to, price))

struct BandRatio {
    Band band = Band::flat;
    Ratio ratio;
};
MB_DESCRIBE(BandRatio, (band, ratio))

struct MonthLimits {
    std::vector<std::int32_t> months;
    std::vector<Quantity> limits;
};
MB_DESCRIBE(MonthLimits, (months, limits))

struct HouseholdLimits {
    std::int32_t people = 0;  // at least
    std::vector<Quantity> add;
};
MB_DESCRIBE(HouseholdLimits, (people, add))

/// Funds, sewage, refuse: by the billing unit.
struct PerUnitCharge {
    std::string item;
    std::string name;
    Price price;
    Ratio share = ratio_one;
    bool in_power_factor = false;

    static constexpr bool json_may_miss(std::string_view member) {
        return member != "item" && member != "price";
    }
};
MB_DESCRIBE(PerUnitCharge, (item, name, price, share, in_power_factor))

enum class FixedPer : std::uint8_t { month, m2_month };
MB_ENUM(FixedPer, month, m2_month)

struct FixedCharge {
    std::string item;
    std::string name;
    Ratio price;  // yuan, four decimals
    FixedPer per = FixedPer::month;
    bool prorate = false;
    bool in_power_factor = false;

    static constexpr bool json_may_miss(std::string_view member) {
        return member == "name" || member == "prorate" || member == "in_power_factor";
    }
};
MB_DESCRIBE(FixedCharge, (item, name, price, per, prorate, in_power_factor))

enum class DemandBasis : std::uint8_t { measured, capacity };
MB_ENUM(DemandBasis, measured, capacity)

/// Two-part prices: yuan per kW of measured demand, or per kVA of capacity, and month.
struct DemandCharge {
    DemandBasis basis = DemandBasis::measured;
    Price price;
    std::int32_t window_minutes = 15;
    std::int32_t slide_minutes = 0;  // 0: windows do not overlap

    static constexpr bool json_may_miss(std::string_view member) {
        return member == "window_minutes" || member == "slide_minutes";
    }
};
MB_DESCRIBE(DemandCharge, (basis, price, window_minutes, slide_minutes))

/// Hundredths from … to inclusive; the percentage is positive for a surcharge.
struct PowerFactorStep {
    std::int32_t from = 0;
    std::int32_t to = 0;
    Ratio percent;
};
MB_DESCRIBE(PowerFactorStep, (from, to, percent))

/// Either a standard ("0.90", "0.85", "0.80") or a table of its own.
struct PowerFactorRule {
    std::string standard;
    std::vector<PowerFactorStep> table;

    static constexpr bool json_may_miss(std::string_view) { return true; }
};
MB_DESCRIBE(PowerFactorRule, (standard, table))

enum class AllowanceKind : std::uint8_t { quantity, money };
MB_ENUM(AllowanceKind, quantity, money)

/// Granted each month: free billing units, or yuan that come off before cash.
struct Allowance {
    std::string name;
    AllowanceKind kind = AllowanceKind::quantity;
    Quantity amount;  // billing units, or yuan
    std::int32_t expires_after_months = 1;
    bool counts_in_tiers = false;

    static constexpr bool json_may_miss(std::string_view member) {
        return member == "expires_after_months" || member == "counts_in_tiers";
    }
};
MB_DESCRIBE(Allowance, (name, kind, amount, expires_after_months, counts_in_tiers))

/// The highest price for users of a class, on dates from … to inclusive.
struct PriceCap {
    std::string class_;
    CivilDate from;
    std::optional<CivilDate> to;
    Price price;
    std::string source;

    static constexpr bool json_may_miss(std::string_view member) {
        return member == "to" || member == "source";
    }
};
MB_DESCRIBE(PriceCap, (class_, from, to, price, source))

/// A use (docs/reference/rate.md) and what it must come to.
struct TariffExample {
    std::string name;
    RawJson usage;
    Money total;

    static constexpr bool json_may_miss(std::string_view member) { return member == "name"; }
};
MB_DESCRIBE(TariffExample, (name, usage, total))

struct TariffDocument {
    std::string code;  // the tariff that agreements name: a–z 0–9 . _ -, 1…64 characters
    std::string name;
    std::int32_t version = 0;  // ≥ 1, counts up within the code
    CivilDate effective_from;  // from 00:00 of this day in the project's zone
    Commodity commodity = Commodity::electricity;
    RoundingPlace rounding = RoundingPlace::line;
    std::string user_class;
    std::vector<TariffPeriod> periods;  // in order from 00:00 to 24:00; empty: flat all day
    std::vector<Season> seasons;        // instead of periods
    std::vector<ScheduleException> exceptions;
    TierCycle tier_cycle = TierCycle::none;
    std::string tier_start;  // "MM-DD" or "DD"; "": the calendar's own
    TierSplit tier_split = TierSplit::share;
    std::vector<Quantity> tier_limits;  // of all tiers but the last, ascending; inclusive
    std::vector<MonthLimits> tier_limits_by_month;  // instead
    std::vector<HouseholdLimits> household;
    bool months_in_service = false;
    std::vector<TariffPrice> prices;  // each band of the table × each tier exactly once
    std::vector<Price> tier_add;
    std::vector<BasePrice> base_prices;  // with ratios, instead of prices
    std::vector<BandRatio> ratios;
    std::optional<std::int32_t> price_decimals;
    std::vector<PerUnitCharge> per_unit;
    std::vector<FixedCharge> fixed;
    std::optional<DemandCharge> demand;
    std::optional<PowerFactorRule> power_factor;
    std::vector<Allowance> allowances;
    std::vector<PriceCap> caps;
    std::vector<TariffExample> examples;

    static constexpr bool json_may_miss(std::string_view member) {
        return member != "code" && member != "name" && member != "version" &&
               member != "effective_from" && member != "commodity";
    }
};
MB_DESCRIBE(TariffDocument,
            (code, name, version, effective_from, commodity, rounding, user_class, periods, seasons,
             exceptions, tier_cycle, tier_start, tier_split, tier_limits, tier_limits_by_month,
             household, months_in_service, prices, tier_add, base_prices, ratios, price_decimals,
             per_unit, fixed, demand, power_factor, allowances, caps, examples))

}  // namespace mb::rules::tariff

namespace mb {

/// As JSON: a document that an older program published is read by a newer one.
template <>
struct BinaryForm<rules::tariff::TariffDocument> {
    static void write(ByteWriter& out, const rules::tariff::TariffDocument& value) {
        out.sized(as_bytes(to_json(value)));
    }
    static void read(ByteReader& in, rules::tariff::TariffDocument& value) {
        auto read = from_json<rules::tariff::TariffDocument>(as_text(in.sized()));
        if (!read) {
            in.fail();
            return;
        }
        value = std::move(*read);
    }
};

template <>
struct ShapeForm<rules::tariff::TariffDocument> {
    static constexpr const char* name = "tariff_json";

    static std::uint32_t build(ShapeBuilder& builder) {
        return builder.add({ShapeKind::document, 0, name, {}});
    }
    static void read(ShapedReader& reader, const ShapeNode& node,
                     rules::tariff::TariffDocument& value) {
        const std::string_view json = as_text(reader.document(node, name));
        if (!reader.ok()) {
            return;
        }
        auto read = from_json<rules::tariff::TariffDocument>(json);
        if (read) {
            value = std::move(*read);
        } else {
            reader.refuse(read.error().text());
        }
    }
};

}  // namespace mb
