// When a meter is asked for what, without being told to: registers, status and power each quarter
// of an hour, its clock each hour. A round that cannot be held is skipped, never queued.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/events.hpp"
#include "headend/ask.hpp"
#include "headend/settings.hpp"

namespace mb::headend {

class PollPlan {
public:
    /// `jitter` is any number that stays the same for a meter: it staggers the meters.
    explicit PollPlan(std::uint64_t jitter) : jitter_(jitter) {}

    /// The meter can be reached from now on. The first round comes at once (staggered), unless the
    /// last good reading is still fresh.
    void link_up(const PollSettings& settings, const engine::Now& now);
    /// Wall time of the next question; past: now. Call begin_if_due() first.
    [[nodiscard]] Instant due(const engine::Now& now) const;
    /// Begins a round when its time has come; returns how many rounds fell out since the last one.
    std::uint64_t begin_if_due(const PollSettings& settings, const engine::Now& now);
    [[nodiscard]] bool in_round() const { return items_ != 0; }
    /// This round fell out (the engine is behind).
    void skip_round(const PollSettings& settings, const engine::Now& now);
    /// The item to ask for; nothing outside of a round. PollPlan knows no clock item: see
    /// wants_clock().
    [[nodiscard]] std::optional<Ask> next() const;

    void answered(Ask ask, const engine::Now& now);
    /// The meter has no such data, or what it said was useless. Blocks fall back to the total
    /// register.
    void refused(Ask ask, bool no_such_data);
    /// True when the meter has just fallen silent for as many rounds as allowed.
    bool silent(const PollSettings& settings, const engine::Now& now);
    /// The meter said something. True when it had been silent.
    bool heard(const PollSettings& settings);

    /// Asks for registers, status and power once more soon: after a relay moved, load is seen or
    /// gone.
    void look_again() { extra_ = true; }
    /// What this meter answers: the block, or only the total.
    [[nodiscard]] Ask registers() const {
        return total_only_ ? Ask::registers_total : Ask::registers_block;
    }
    [[nodiscard]] Instant last_reading_at() const { return last_reading_at_; }
    void note_reading(Instant business) { last_reading_at_ = business; }
    /// The round is over and has answered: a good moment to look at the meter's clock.
    [[nodiscard]] bool calm() const { return !in_round() && silent_rounds_ == 0; }

private:
    void schedule(const PollSettings& settings, const engine::Now& now, std::int64_t rounds);
    void finish(std::uint8_t item) { items_ = static_cast<std::uint8_t>(items_ & ~item); }

    std::uint64_t jitter_;
    Instant next_at_;          // business; when the next round is due
    Instant not_before_;       // wall; stagger of new links
    Instant last_reading_at_;  // business
    std::uint8_t items_ = 0;   // of the running round
    bool retried_ = false;     // the current item, once
    bool total_only_ = false;
    bool no_status_ = false;
    bool no_power_ = false;
    bool extra_ = false;
    std::uint8_t silent_rounds_ = 0;
};

}  // namespace mb::headend
