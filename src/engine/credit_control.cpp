// The credit ladder of an account, and the arrears reason of its service points.
#include "engine/context.hpp"

#include <algorithm>
#include <limits>

namespace mb::engine {

namespace {

using rules::credit::CreditDecision;
using rules::credit::CreditInput;
using rules::credit::CreditLevel;
using rules::relay::Reason;

bool prepaid(const AgreementState& agreement) {
    return agreement.config.mode == PaymentMode::prepaid && !agreement.config.to;
}

/// Service points with a prepaid agreement in force, by agreement id.
std::vector<ServicePointState*> prepaid_points(Context& c, const AccountState& account) {
    std::vector<ServicePointState*> out;
    for (const AgreementId id : account.agreements) {
        const AgreementState& agreement = c.state.agreements.at(id);
        if (prepaid(agreement)) {
            out.push_back(&c.state.service_points.at(agreement.config.service_point));
        }
    }
    return out;
}

/// A stale balance or a wrong clock never cuts power (design §5.7).
bool may_cut(const Context& c, const ServicePointState& sp) {
    const MeterState* meter = sp.meter ? c.state.meters.find(sp.meter) : nullptr;
    if (meter == nullptr || !meter->last_at) {
        return false;
    }
    const auto& policy = c.policy();
    const bool fresh = c.now.business - meter->last_at <= Duration::minutes(policy.fresh_max_min);
    const std::int64_t ahead =
        meter->clock_ahead_s.value_or(std::numeric_limits<std::int64_t>::max());
    const bool clock_ok = ahead <= policy.clock_tolerance_s && ahead >= -policy.clock_tolerance_s;
    const auto& protection = sp.relay.protection;
    return fresh && clock_ok && !protection.keep_power && !protection.no_disconnect;
}

void notify(Context& c, AccountId id, AccountState& account, ServicePointId sp, NoticeKind kind) {
    NoticeRow row;
    row.id = NoticeId{++c.state.counters.notice};
    row.account = id;
    row.service_point = sp;
    row.kind = kind;
    row.episode = account.credit.episode;
    row.balance = account.balance();
    row.served = c.step();
    c.out.emit(row);
    ++account.noticed;
    c.timeline(sp, "notice." + std::string(enum_text(kind)),
               {{"balance", account.balance().text()}});
}

/// From the cost of the last hour: when the balance reaches the limit. 0: unknown or never.
Instant forecast(const Context& c, const AccountState& account) {
    const Instant now = c.now.business;
    const CostMark* oldest = nullptr;
    for (const CostMark& mark : account.marks) {
        if (mark.at && now - mark.at <= Duration::minutes(75) &&
            (oldest == nullptr || mark.at < oldest->at)) {
            oldest = &mark;
        }
    }
    if (oldest == nullptr || now - oldest->at < Duration::minutes(10)) {
        return {};
    }
    const std::int64_t spent = (account.spent - oldest->spent).fen;
    const std::int64_t left =
        (account.balance() - rules::credit::trip_limit(c.policy(), account.credit)).fen;
    if (spent <= 0 || left <= 0) {
        return left <= 0 ? now : Instant{};
    }
    const int128 us = static_cast<int128>((now - oldest->at).us) * left / spent;
    if (us > Duration::days(365).us) {
        return {};
    }
    return now + Duration{narrow(us)};
}

void roll_notice_day(Context& c, AccountState& account) {
    if (account.noticed_on != c.today) {
        account.noticed_on = c.today;
        account.noticed = 0;
    }
}

void cut(Context& c, ServicePointState& sp) {
    sp.relay.reasons.set(Reason::arrears, true);
    sp.staff_close = false;
    c.timeline(sp.config.id, "credit.trip_due");
    reconcile(c, sp, "arrears", "", {});
}

}  // namespace

bool arrears_trip_allowed(const Context& c, const ServicePointState& sp) {
    if (!sp.agreement) {
        return false;
    }
    const AgreementState* agreement = c.state.agreements.find(sp.agreement);
    const AccountState& account = c.state.accounts.at(agreement->config.account);
    const auto& policy = c.policy();
    const auto& credit = account.credit;
    const Instant now = c.now.business;
    const Duration ahead = Duration::minutes(policy.notice_before_trip_min);
    const bool told = credit.alarm2_served_at && credit.pretrip_served_at &&
                      std::max(credit.alarm2_served_at, credit.pretrip_served_at) + ahead <= now;
    return told && account.balance() < rules::credit::trip_limit(policy, credit) &&
           may_cut(c, sp) &&
           rules::credit::next_allowed(policy, c.state.config.calendar, c.derived.zone, now) == now;
}

std::int32_t days_left_tenths(const AccountState& account) {
    if (account.days_known <= 0) {
        return -1;
    }
    std::int64_t sum = 0;
    for (std::int32_t i = 0; i < account.days_known; ++i) {
        sum += account.daily[static_cast<std::size_t>(i)].fen;
    }
    const std::int64_t balance = account.balance().fen;
    if (sum <= 0) {
        return -1;
    }
    if (balance <= 0) {
        return 0;
    }
    const int128 tenths = static_cast<int128>(balance) * 10 * account.days_known / sum;
    return tenths > 100'000 ? 100'000 : static_cast<std::int32_t>(tenths);
}

void evaluate_account(Context& c, AccountId id, bool credited) {
    AccountState& account = c.state.accounts.at(id);
    const std::vector<ServicePointState*> points = prepaid_points(c, account);
    if (points.empty()) {
        return;
    }
    roll_notice_day(c, account);
    CreditInput input;
    input.balance = account.balance();
    input.now = c.now.business;
    input.days_left_tenths = days_left_tenths(account);
    input.limit_at = forecast(c, account);
    input.credited = credited;
    input.notices_left = c.policy().notices_per_day_max - account.noticed;
    for (const ServicePointState* sp : points) {
        input.arrears_active |= sp->relay.reasons.has(Reason::arrears);
    }
    const CreditLevel before = account.credit.level;
    const CreditDecision decision = rules::credit::evaluate(c.policy(), c.state.config.calendar,
                                                            c.derived.zone, account.credit, input);
    const ServicePointId first = points.front()->config.id;
    if (decision.notify_alarm1) {
        notify(c, id, account, first, NoticeKind::alarm1);
    }
    if (decision.notify_alarm2) {
        notify(c, id, account, first, NoticeKind::alarm2);
    }
    if (decision.notify_pretrip) {
        notify(c, id, account, first, NoticeKind::pretrip);
    }
    for (ServicePointState* sp : points) {
        if (decision.end_arrears && sp->relay.reasons.has(Reason::arrears)) {
            sp->relay.reasons.set(Reason::arrears, false);
            c.timeline(sp->config.id, "credit.arrears_ended",
                       {{"balance", account.balance().text()}});
        } else if (decision.may_trip && !sp->relay.reasons.has(Reason::arrears) &&
                   may_cut(c, *sp)) {
            account.credit.level = CreditLevel::tripped;
            cut(c, *sp);
        } else if (decision.may_trip && sp->relay.desired == rules::relay::Action::trip &&
                   !sp->relay.command) {
            reconcile(c, *sp, "arrears", "", {});  // it was held back until now
        }
    }
    c.set_timer({TimerKind::credit, id.value, ""}, decision.check_again);
    if (before != account.credit.level || credited) {
        c.mark_account_dirty(account);
    }
}

namespace {

void roll_day(Context& c, AccountState& account) {
    if (account.spent_on == c.today) {
        return;
    }
    if (account.spent_on.days == 0) {
        account.days_known = -1;  // the first day is not whole
    } else if (account.days_known < 0) {
        account.days_known = 0;
    } else {
        // Newest first.
        for (std::size_t i = account.daily.size() - 1; i > 0; --i) {
            account.daily[i] = account.daily[i - 1];
        }
        account.daily[0] = account.spent - account.spent_at_midnight;
        account.days_known = account.days_known < 7 ? account.days_known + 1 : 7;
    }
    account.spent_on = c.today;
    account.spent_at_midnight = account.spent;
}

}  // namespace

void after_use(Context& c, AccountId id, AccountState& account, Money change, Instant at) {
    roll_day(c, account);
    account.pending += change;
    account.spent += change;
    const std::size_t newest = static_cast<std::size_t>(
        (account.next_mark + static_cast<std::int32_t>(account.marks.size()) - 1) %
        static_cast<std::int32_t>(account.marks.size()));
    if (at - account.marks[newest].at >= Duration::minutes(10)) {
        account.marks[static_cast<std::size_t>(account.next_mark)] = {at, account.spent};
        account.next_mark =
            (account.next_mark + 1) % static_cast<std::int32_t>(account.marks.size());
    }
    if (account.agreements.size() > 1) {
        c.mark_account_dirty(account);
    }
    const auto& policy = c.policy();
    const std::int32_t tenths = days_left_tenths(account);
    const bool near =
        account.balance() < policy.alarm1 || (tenths >= 0 && tenths <= policy.alarm1_days * 10);
    if (near || account.credit.level != CreditLevel::normal) {
        evaluate_account(c, id, false);
    }
}

Answer on_emergency_credit(Context& c, const EmergencyCreditTaken& e) {
    AccountState* account = c.state.accounts.find(e.account);
    if (account == nullptr) {
        return fail("credit.unknown_account", ErrorKind::not_found);
    }
    if (account->credit.emergency_active) {
        return fail("credit.emergency_used", ErrorKind::conflict);
    }
    const bool none = c.policy().emergency_credit.fen == 0;
    if (none || account->balance() >= c.policy().restore_at) {
        return fail("credit.emergency_not_needed", ErrorKind::conflict);
    }
    account->credit.emergency_active = true;
    for (ServicePointState* sp : prepaid_points(c, *account)) {
        c.timeline(sp->config.id, "credit.emergency_taken",
                   {{"amount", c.policy().emergency_credit.text()}}, "", {}, e.actor);
    }
    evaluate_account(c, e.account, true);
    for (ServicePointState* sp : prepaid_points(c, *account)) {
        reconcile(c, *sp, "emergency_credit", "", e.actor);
    }
    c.mark_account_dirty(*account);
    return std::string("ok");
}

}  // namespace mb::engine
