#include "rules/credit/policy.hpp"

#include <algorithm>

namespace mb::rules::credit {

bool trip_allowed_at(const CreditPolicy& policy, const Calendar& calendar, LocalTime local) {
    const int minute = local.minute_of_day();
    return minute >= policy.allowed_from_min && minute < policy.allowed_to_min &&
           (!policy.working_days_only || calendar.is_working_day(local.date));
}

Instant next_allowed(const CreditPolicy& policy, const Calendar& calendar, const Zone& zone,
                     Instant at) {
    const LocalTime local = zone.local(at);
    if (trip_allowed_at(policy, calendar, local)) {
        return at;
    }
    for (int ahead = 0; ahead <= 60; ++ahead) {
        const CivilDate day = local.date + ahead;
        const Instant start = zone.instant(day, policy.allowed_from_min);
        if (start > at && (!policy.working_days_only || calendar.is_working_day(day))) {
            return start;
        }
    }
    return {};
}

Result<void> validate(const CreditPolicy& policy) {
    const auto invalid = [](const char* field) {
        return fail(error("policy.invalid", ErrorKind::unprocessable).with("field", field));
    };
    if (policy.alarm1 < policy.alarm2) {
        return invalid("alarm1");
    }
    if (policy.alarm2 < policy.trip_below) {
        return invalid("alarm2");
    }
    if (policy.restore_at < policy.trip_below) {
        return invalid("restore_at");
    }
    if (policy.emergency_credit.fen < 0) {
        return invalid("emergency_credit");
    }
    if (policy.allowed_from_min < 0 || policy.allowed_from_min >= policy.allowed_to_min ||
        policy.allowed_to_min > 1440) {
        return invalid("allowed_from_min");
    }
    if (policy.notice_before_trip_min < 0 || policy.notice_before_trip_min > 10'080) {
        return invalid("notice_before_trip_min");
    }
    if (policy.fresh_max_min < 1 || policy.poll_interval_min < 1 || policy.lost_after_polls < 1 ||
        policy.clock_tolerance_s < 1 || policy.notices_per_day_max < 1) {
        return invalid("fresh_max_min");
    }
    return {};
}

}  // namespace mb::rules::credit
