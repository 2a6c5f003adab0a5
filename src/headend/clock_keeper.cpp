#include "headend/clock_keeper.hpp"

#include <cstdlib>

namespace mb::headend {

using engine::Now;

namespace {

constexpr std::int64_t day_us = 86'400'000'000;

bool near_midnight(const LocalTime& local, Duration guard) {
    return local.us_of_day < guard.us || local.us_of_day > day_us - guard.us;
}

Instant instant_of(const Zone& zone, const LocalTime& local) {
    return zone.instant(local.date, local.minute_of_day()) + Duration{local.us_of_day % 60'000'000};
}

}  // namespace

bool ClockKeeper::due(const ClockSettings& settings, const Zone& zone, const Now& now) const {
    if (busy() || (checked_at_ && now.business - checked_at_ < settings.check_every)) return false;
    return !near_midnight(zone.local(now.business), settings.midnight_guard);
}

void ClockKeeper::begin(const Now& now) {
    checked_at_ = now.business;
    step_ = apart_ ? Step::time_of_day : Step::clock;
}

std::optional<Ask> ClockKeeper::next() const {
    switch (step_) {
        case Step::idle: return std::nullopt;
        case Step::clock: return Ask::clock;
        case Step::time_of_day: return Ask::time_of_day;
        case Step::date: return Ask::date;
        case Step::broadcast: return Ask::broadcast_time;
        case Step::write_clock: return Ask::write_clock;
        case Step::write_date: return Ask::write_date;
        case Step::write_time: return Ask::write_time;
    }
    return std::nullopt;
}

std::optional<std::int64_t> ClockKeeper::read(Ask ask, const dlt645::ReadReply& reply,
                                              const MeterConfig& meter,
                                              const ClockSettings& settings, const Now& sent,
                                              const Now& now) {
    if (ask == Ask::time_of_day) {
        const auto time = dlt645::read_time_of_day(reply);
        step_ = time ? Step::date : Step::idle;
        if (time) time_us_ = *time + (now.business - sent.business).us / 2;
        time_sent_at_ = now.business;
        return std::nullopt;
    }
    step_ = Step::idle;
    if (ask == Ask::clock) {
        const auto clock = dlt645::read_clock(reply);
        return clock ? judge(*clock, meter, settings, sent, now) : std::nullopt;
    }
    const auto date = dlt645::read_date(reply);
    if (!date) return std::nullopt;
    // The time of day was read a moment ago; checks keep away from midnight, so the date is still
    // its own.
    const std::int64_t us = time_us_ + (now.business - time_sent_at_).us;
    if (us >= day_us) return std::nullopt;
    return judge({*date, us}, meter, settings, now, now);
}

std::optional<std::int64_t> ClockKeeper::judge(const LocalTime& shown, const MeterConfig& meter,
                                               const ClockSettings& settings, const Now& sent,
                                               const Now& now) {
    const Zone zone = *meter.zone;
    // The meter looked at its clock somewhere between question and answer.
    const Duration uncertain{(now.business - sent.business).us / 2};
    const Duration ahead = instant_of(zone, shown) - (sent.business + uncertain);
    const std::int64_t seconds = ahead.us / 1'000'000;
    const Duration error{std::abs(ahead.us)};
    const LocalTime local = zone.local(now.business);
    if (!settings.set_clocks || error <= settings.tolerance + uncertain || set_on_ == local.date) {
        return seconds;
    }
    // Over a midnight a meter would lose or repeat its daily freeze; an error of half a day or more
    // has lost it.
    const bool over_midnight = shown.date != local.date && error < Duration::hours(12);
    if (over_midnight || near_midnight(local, settings.midnight_guard)) return seconds;
    if (error <= settings.broadcast_max) {
        if (!near_midnight(shown, settings.midnight_guard)) step_ = Step::broadcast;
    } else if (meter.may_write) {
        step_ = apart_ ? Step::write_date : Step::write_clock;
    }
    if (busy()) set_on_ = local.date;
    return seconds;
}

void ClockKeeper::refused(Ask ask, bool no_such_data) {
    if (ask == Ask::clock && no_such_data) {
        apart_ = true;
        step_ = Step::time_of_day;
    } else if (ask == Ask::write_clock) {
        step_ = Step::write_date;
    } else {
        step_ = Step::idle;
    }
}

void ClockKeeper::done(Ask ask) { step_ = ask == Ask::write_date ? Step::write_time : Step::idle; }

}  // namespace mb::headend
