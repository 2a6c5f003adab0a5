#include "headend/poll_plan.hpp"

#include <algorithm>

namespace mb::headend {

using engine::Now;

namespace {

constexpr std::uint8_t item_registers = 1;
constexpr std::uint8_t item_status = 2;
constexpr std::uint8_t item_power = 4;

std::uint8_t item_of(Ask ask) {
    if (is_registers(ask)) return item_registers;
    return ask == Ask::status ? item_status : ask == Ask::power ? item_power : std::uint8_t{0};
}

/// Spreads consecutive numbers evenly (a 64-bit finaliser).
std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdULL;
    x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    return x ^ (x >> 33);
}

Duration share(std::uint64_t jitter, Duration of) {
    return {of.us > 0 ? static_cast<std::int64_t>(mix(jitter) % static_cast<std::uint64_t>(of.us))
                      : 0};
}

}  // namespace

void PollPlan::schedule(const PollSettings& settings, const Now& now, std::int64_t rounds) {
    const std::int64_t quarter = now.business.us / settings.period.us;
    const Duration jitter = share(jitter_, settings.spread);
    Instant at = Instant{quarter * settings.period.us} + jitter;
    if (at <= now.business) at = at + settings.period;
    next_at_ = at + settings.period * (rounds - 1);
}

void PollPlan::link_up(const PollSettings& settings, const Now& now) {
    items_ = 0;
    silent_rounds_ = 0;
    retried_ = false;
    not_before_ = {};
    const bool fresh = last_reading_at_ && now.business - last_reading_at_ < settings.fresh;
    if (fresh) {
        schedule(settings, now, 1);
        return;
    }
    next_at_ = now.business;
    not_before_ = now.wall + share(jitter_, settings.connect_spread);
}

Instant PollPlan::due(const Now& now) const {
    if (in_round()) return now.wall;
    if (extra_ || next_at_ <= now.business) return std::max(now.wall, not_before_);
    // Rounded up: at that wall time the business time has come.
    const std::int64_t speed = std::max(now.speed, 1);
    const Duration wait{((next_at_ - now.business).us + speed - 1) / speed};
    return std::max(now.wall + wait, not_before_);
}

std::uint64_t PollPlan::begin_if_due(const PollSettings& settings, const Now& now) {
    if (in_round() || now.wall < not_before_) return 0;
    if (extra_) {
        extra_ = false;
        items_ = item_registers | item_status | item_power;
    }
    if (now.business < next_at_) return 0;
    const Duration late = now.business - next_at_;
    const bool first = static_cast<bool>(not_before_);
    not_before_ = {};
    schedule(settings, now, 1);
    const bool backing_off = silent_rounds_ >= settings.silent_rounds_max;
    // A line that is behind carries what is billed, nothing else.
    const bool behind = !first && late > Duration{settings.period.us / 2};
    items_ = item_registers;
    if (!behind && !backing_off) {
        if (!no_status_) items_ |= item_status;
        if (!no_power_) items_ |= item_power;
    }
    retried_ = backing_off;  // a silent meter gets one question a round
    return first ? 0 : static_cast<std::uint64_t>(late.us / settings.period.us);
}

void PollPlan::skip_round(const PollSettings& settings, const Now& now) {
    items_ = 0;
    schedule(settings, now, 1);
}

std::optional<Ask> PollPlan::next() const {
    if ((items_ & item_registers) != 0) return registers();
    if ((items_ & item_status) != 0) return Ask::status;
    if ((items_ & item_power) != 0) return Ask::power;
    return std::nullopt;
}

void PollPlan::answered(Ask ask, const Now& now) {
    if (is_registers(ask)) last_reading_at_ = now.business;
    finish(item_of(ask));
    retried_ = false;
}

void PollPlan::refused(Ask ask, bool no_such_data) {
    if (no_such_data && ask == Ask::registers_block && !total_only_) {
        total_only_ = true;  // asked again in this round, as the total
        return;
    }
    finish(item_of(ask));
    retried_ = false;
    if (no_such_data && ask == Ask::status) no_status_ = true;
    if (no_such_data && ask == Ask::power) no_power_ = true;
}

bool PollPlan::silent(const PollSettings& settings, const Now& now) {
    if (!retried_) {
        retried_ = true;
        return false;
    }
    items_ = 0;
    retried_ = false;
    silent_rounds_ = static_cast<std::uint8_t>(std::min<int>(silent_rounds_ + 1, 200));
    const int over = silent_rounds_ - settings.silent_rounds_max;
    const std::int64_t rounds = over < 0
                                    ? 1
                                    : std::min<std::int64_t>(std::int64_t{2} << std::min(over, 10),
                                                             settings.back_off_rounds_max);
    schedule(settings, now, rounds);
    return over == 0;
}

bool PollPlan::heard(const PollSettings& settings) {
    const bool was_silent = silent_rounds_ >= settings.silent_rounds_max;
    silent_rounds_ = 0;
    return was_silent;
}

}  // namespace mb::headend
