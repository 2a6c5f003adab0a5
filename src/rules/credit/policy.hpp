// The credit policy of a project: when to warn, trip, restore. Defaults: design §5, strict.
#pragma once

#include "base/binary.hpp"
#include "base/money.hpp"
#include "base/time.hpp"
#include "rules/calendar.hpp"

namespace mb::rules::credit {

struct CreditPolicy {
    Money alarm1{2000};  // below: first warning
    Money alarm2{500};   // below: second warning; an arrears episode begins
    std::int32_t alarm1_days =
        3;  // or when the forecast says so many days are left, whichever is earlier
    std::int32_t alarm2_days = 1;
    Money trip_below{0};          // arrears trip when balance < this
    Money restore_at{100};        // arrears end when balance ≥ this
    Money emergency_credit{500};  // once until repaid, on request only; lowers trip_below by itself
    std::int32_t notice_before_trip_min = 30;  // both notices served at least so long before
    std::int32_t allowed_from_min = 9 * 60;    // minute of the local day, [from, to)
    std::int32_t allowed_to_min = 17 * 60;     // 1440 = end of the day
    bool working_days_only = true;
    std::int32_t fresh_max_min = 60;       // an older reading never cuts power
    std::int32_t clock_tolerance_s = 300;  // meter clock further off: no trip
    std::int32_t poll_interval_min = 15;
    std::int32_t lost_after_polls = 3;
    std::int32_t notices_per_day_max = 12;  // per account (I15); above it no notice, so no trip

    friend bool operator==(const CreditPolicy&, const CreditPolicy&) = default;
};
MB_DESCRIBE(CreditPolicy, (alarm1, alarm2, alarm1_days, alarm2_days, trip_below, restore_at,
                           emergency_credit, notice_before_trip_min, allowed_from_min,
                           allowed_to_min, working_days_only, fresh_max_min, clock_tolerance_s,
                           poll_interval_min, lost_after_polls, notices_per_day_max))

/// May an arrears trip be sent at this local time?
bool trip_allowed_at(const CreditPolicy& policy, const Calendar& calendar, LocalTime local);

/// The next instant at or after `at` when a trip is allowed; at most 60 days ahead, else 0.
Instant next_allowed(const CreditPolicy& policy, const Calendar& calendar, const Zone& zone,
                     Instant at);

/// Errors: policy.invalid {field}: levels not in order, hours empty, ranges.
Result<void> validate(const CreditPolicy& policy);

}  // namespace mb::rules::credit
