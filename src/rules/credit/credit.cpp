#include "rules/credit/credit.hpp"

#include <algorithm>

namespace mb::rules::credit {

Money trip_limit(const CreditPolicy& policy, const CreditState& state) {
    return state.emergency_active ? policy.trip_below - policy.emergency_credit : policy.trip_below;
}

namespace {

bool at_or_below(std::int32_t days_left_tenths, std::int32_t days) {
    return days_left_tenths >= 0 && days_left_tenths <= days * 10;
}

/// A credit came in: repaid emergency credit ends, and an episode whose cause is gone.
void climb(const CreditPolicy& policy, CreditState& state, const CreditInput& input,
           CreditDecision& out) {
    if (state.emergency_active && input.balance >= policy.restore_at) {
        state.emergency_active = false;
    }
    const Money needed = state.emergency_active ? trip_limit(policy, state) : policy.restore_at;
    const bool recovered = input.balance >= needed;
    out.end_arrears = input.arrears_active && recovered;
    if (recovered) {
        state.level = CreditLevel::normal;
        state.alarm2_served_at = {};
        state.pretrip_served_at = {};
    }
}

void warn(const CreditPolicy& policy, CreditState& state, const CreditInput& input,
          CreditDecision& out) {
    std::int32_t left = input.notices_left;
    const bool below1 =
        input.balance < policy.alarm1 || at_or_below(input.days_left_tenths, policy.alarm1_days);
    const bool below2 =
        input.balance < policy.alarm2 || at_or_below(input.days_left_tenths, policy.alarm2_days);
    if (below2 && state.level <= CreditLevel::alarm1 && left > 0) {
        state.level = CreditLevel::alarm2;
        ++state.episode;
        state.alarm2_served_at = input.now;
        out.notify_alarm2 = true;
        --left;
    } else if (below1 && state.level == CreditLevel::normal && left > 0) {
        state.level = CreditLevel::alarm1;
        out.notify_alarm1 = true;
        --left;
    }
    const Duration ahead =
        Duration::minutes(policy.notice_before_trip_min + policy.poll_interval_min);
    const bool near = input.balance < trip_limit(policy, state) ||
                      (input.limit_at && input.limit_at - input.now <= ahead);
    if (near && state.alarm2_served_at && !state.pretrip_served_at && left > 0) {
        state.pretrip_served_at = input.now;
        out.notify_pretrip = true;
    }
}

void decide(const CreditPolicy& policy, const Calendar& calendar, const Zone& zone,
            CreditState& state, const CreditInput& input, CreditDecision& out) {
    if (input.balance >= trip_limit(policy, state)) {
        if (state.level == CreditLevel::trip_pending) {
            state.level = CreditLevel::alarm2;
        }
        return;
    }
    if (state.level == CreditLevel::alarm2) {
        state.level = CreditLevel::trip_pending;
    }
    if (!state.alarm2_served_at || !state.pretrip_served_at) {
        return;  // today's notices are used up: tomorrow's reading serves them
    }
    const Instant earliest = std::max(state.alarm2_served_at, state.pretrip_served_at) +
                             Duration::minutes(policy.notice_before_trip_min);
    const Instant due = next_allowed(policy, calendar, zone, std::max(earliest, input.now));
    if (due && due <= input.now) {
        out.may_trip = true;
    } else {
        out.check_again = due;
    }
}

}  // namespace

CreditDecision evaluate(const CreditPolicy& policy, const Calendar& calendar, const Zone& zone,
                        CreditState& state, const CreditInput& input) {
    CreditDecision out;
    if (input.credited) {
        climb(policy, state, input, out);
    }
    warn(policy, state, input, out);
    decide(policy, calendar, zone, state, input, out);
    return out;
}

void protect(CreditState& state) {
    state.pretrip_served_at = {};
    if (state.level >= CreditLevel::trip_pending) {
        state.level = CreditLevel::alarm2;
    }
}

}  // namespace mb::rules::credit
