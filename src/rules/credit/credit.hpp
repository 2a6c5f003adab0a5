// Credit control: the ladder normal → alarm 1 → alarm 2 → trip pending → tripped (domain C4, design
// §5). Readings only lead down the ladder; what leads up again is a credit (a payment, a
// correction, emergency credit), so a balance that flaps around a level is told once (F48).
#pragma once

#include "rules/credit/policy.hpp"

#include <cstdint>

namespace mb::rules::credit {

enum class CreditLevel : std::uint8_t { normal, alarm1, alarm2, trip_pending, tripped };
MB_ENUM(CreditLevel, normal, alarm1, alarm2, trip_pending, tripped)

/// State of one account. An arrears episode runs from the alarm-2 notice to the credit that ends
/// it; both notices a trip needs are served within it.
struct CreditState {
    CreditLevel level = CreditLevel::normal;
    std::int32_t episode = 0;
    Instant alarm2_served_at;
    Instant pretrip_served_at;
    bool emergency_active = false;  // taken and not repaid

    friend bool operator==(const CreditState&, const CreditState&) = default;
};
MB_DESCRIBE(CreditState, (level, episode, alarm2_served_at, pretrip_served_at, emergency_active))

struct CreditInput {
    Money balance;                       // ledger − accrued, not yet posted
    Instant now;                         // business
    std::int32_t days_left_tenths = -1;  // forecast from the last days' cost; −1 unknown
    Instant limit_at;                    // forecast from the last hour's cost; 0 unknown or never
    bool credited = false;               // a credit came in
    bool arrears_active = false;         // some service point of the account is cut for arrears
    std::int32_t notices_left = 1'000;   // of today's cap
};

struct CreditDecision {
    bool notify_alarm1 = false;
    bool notify_alarm2 = false;
    bool notify_pretrip = false;
    bool may_trip =
        false;  // all that concerns the account is fulfilled: points with a fresh reading trip
    bool end_arrears = false;  // the reason goes
    Instant check_again;       // 0: not before the next reading or credit
};

/// The balance below which an arrears trip is due.
Money trip_limit(const CreditPolicy& policy, const CreditState& state);

/// Leads `state` on and says what to do. Notices count as served at input.now (their row commits
/// with it).
CreditDecision evaluate(const CreditPolicy& policy, const Calendar& calendar, const Zone& zone,
                        CreditState& state, const CreditInput& input);

/// Protection began on a cut or pending point: its next trip needs a new pre-trip notice (F41).
void protect(CreditState& state);

}  // namespace mb::rules::credit
