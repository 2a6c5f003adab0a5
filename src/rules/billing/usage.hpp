// A use to be priced without a store, as docs/reference/rate.md describes it, and the intervals it
// comes to.
#pragma once

#include "base/describe.hpp"
#include "base/json.hpp"
#include "base/money.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "rules/billing/accrual.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mb::rules::billing {

struct UsageTerms {
    std::int32_t household = 0;
    Quantity area_m2;
    Quantity capacity_kva;
    std::optional<CivilDate> in_service_from;
    std::optional<CivilDate> in_service_to;

    static constexpr bool json_may_miss(std::string_view) { return true; }
};
MB_DESCRIBE(UsageTerms, (household, area_m2, capacity_kva, in_service_from, in_service_to))

struct UsageQuantity {
    tariff::Band band = tariff::Band::flat;
    Quantity quantity;

    static constexpr bool json_may_miss(std::string_view member) { return member == "band"; }
};
MB_DESCRIBE(UsageQuantity, (band, quantity))

struct UsageInterval {
    std::string from;
    std::string to;
    Quantity quantity;
    std::map<std::string, Quantity> registers;  // by band

    static constexpr bool json_may_miss(std::string_view member) { return member == "registers"; }
};
MB_DESCRIBE(UsageInterval, (from, to, quantity, registers))

/// Equal steps, the short form of a list of intervals.
struct UsageSeries {
    std::string start;
    std::int32_t minutes = 15;
    std::vector<Quantity> values;
};
MB_DESCRIBE(UsageSeries, (start, minutes, values))

struct UsageReading {
    std::string meter;
    std::string at;
    Quantity total;
    std::optional<Quantity> sharp;
    std::optional<Quantity> peak;
    std::optional<Quantity> flat;
    std::optional<Quantity> valley;
    std::optional<Quantity> deep_valley;
    bool estimated = false;

    static constexpr bool json_may_miss(std::string_view member) {
        return member != "at" && member != "total";
    }
};
MB_DESCRIBE(UsageReading, (meter, at, total, sharp, peak, flat, valley, deep_valley, estimated))

/// The registers of an exchange: a reading without time and meter.
struct UsageRegisters {
    Quantity total;
    std::optional<Quantity> sharp;
    std::optional<Quantity> peak;
    std::optional<Quantity> flat;
    std::optional<Quantity> valley;
    std::optional<Quantity> deep_valley;

    static constexpr bool json_may_miss(std::string_view member) { return member != "total"; }
};
MB_DESCRIBE(UsageRegisters, (total, sharp, peak, flat, valley, deep_valley))

struct UsageMeter {
    std::string id;
    std::int32_t ratio = 1;
    std::optional<Quantity> modulus;
    std::optional<Quantity> max_power_kw;

    static constexpr bool json_may_miss(std::string_view member) { return member != "id"; }
};
MB_DESCRIBE(UsageMeter, (id, ratio, modulus, max_power_kw))

enum class UsageEventKind : std::uint8_t { exchange, ratio, correction, household, occupant };
MB_ENUM(UsageEventKind, exchange, ratio, correction, household, occupant)

/// One struct for all kinds; which members a kind has says rate.md.
struct UsageEvent {
    UsageEventKind kind = UsageEventKind::exchange;
    std::string at;
    std::string from;
    std::string meter;
    std::string old;
    std::optional<UsageRegisters> old_final;
    std::string new_;
    std::optional<UsageRegisters> new_first;
    std::int32_t ratio = 0;
    std::optional<Quantity> total;
    std::optional<Quantity> sharp;
    std::optional<Quantity> peak;
    std::optional<Quantity> flat;
    std::optional<Quantity> valley;
    std::optional<Quantity> deep_valley;
    std::int32_t people = -1;
    bool keeps_tiers = false;
    std::string reason;

    static constexpr bool json_may_miss(std::string_view member) { return member != "kind"; }
};
MB_DESCRIBE(UsageEvent, (kind, at, from, meter, old, old_final, new_, new_first, ratio, total,
                         sharp, peak, flat, valley, deep_valley, people, keeps_tiers, reason))

struct Usage {
    std::string zone;
    UsageTerms terms;
    std::optional<CivilDate> on;
    Quantity cycle_before;
    std::map<std::string, Quantity> demand_kw;  // by "YYYY-MM"
    std::map<std::string, Quantity> reactive_kvarh;
    std::map<std::string, tariff::Ratio> power_factor;
    std::optional<std::vector<UsageQuantity>> quantities;
    RawJson intervals;  // a list of UsageInterval, or a UsageSeries
    std::optional<std::vector<UsageReading>> readings;
    std::vector<UsageMeter> meters;
    bool registers_match = false;
    std::vector<UsageEvent> events;

    static constexpr bool json_may_miss(std::string_view) { return true; }
};
MB_DESCRIBE(Usage, (zone, terms, on, cycle_before, demand_kw, reactive_kvarh, power_factor,
                    quantities, intervals, readings, meters, registers_match, events))

/// An interval of the use, and where it comes from.
struct UsedInterval {
    Interval interval;
    std::string meter;
    std::string pointer;             // into the usage; "" when it is no single entry
    bool divided = false;            // by time, where a ratio changed
    bool estimated_reading = false;  // at either end
};

/// RFC 3339, or "YYYY-MM-DD[T ]HH:MM[:SS]" in the zone. Errors: time.malformed.
Result<Instant> usage_time(std::string_view text, const Zone& zone);

/// From intervals or readings with their events, by time. Errors, with a pointer into the usage:
/// rate.overlap, rate.backward, rate.implausible, rate.conflict, rate.unknown_meter,
/// rate.bad_event, rate.bad_step, time.malformed, json.*.
Result<std::vector<UsedInterval>> used_intervals(const Usage& usage, const Zone& zone);

/// Members that make no sense together, or out of range. Errors: rate.one_use {…}, rate.bad_terms,
/// rate.bad_month.
Result<void> judge_usage(const Usage& usage);

}  // namespace mb::rules::billing
