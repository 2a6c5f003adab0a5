// Everything the head-end keeps of one meter, whether it has a link or not: its tasks, its polling
// plan, its clock, and which questions it still owes an answer. One question at a time; the session
// carries it.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "headend/clock_keeper.hpp"
#include "headend/counters.hpp"
#include "headend/device.hpp"
#include "headend/poll_plan.hpp"
#include "headend/settings.hpp"
#include "headend/task.hpp"

namespace mb::headend {

/// What every unit works with; lives as long as the switchboard.
struct UnitContext {
    const HeadendSettings& settings;
    Reporter& out;
    HeadendCounters& counters;
};

/// A question on its way, with what is needed to judge the answer.
struct Question {
    Ask ask = Ask::status;
    Bytes frame;
    bool answered = true;  // false: nobody answers (broadcast)
};

class MeterUnit {
public:
    MeterUnit(const UnitContext& context, MeterConfig config);

    [[nodiscard]] const MeterConfig& config() const { return config_; }
    void configure(MeterConfig config) { config_ = std::move(config); }

    // ---- link ----
    void link_up(const engine::Now& now);
    void link_down();
    [[nodiscard]] bool online() const { return online_; }
    /// Behind a living link, but it has not answered for some rounds.
    [[nodiscard]] bool silent() const { return silent_; }

    // ---- tasks ----
    /// A relay task supersedes unsent older ones; the same command with a higher attempt replaces
    /// itself. False: it is there already, or too many wait (then it was refused).
    bool submit(const Task& task);
    /// False: no such task here (any more).
    bool supersede(CommandId command);
    void expire(const engine::Now& now);
    /// Ends all tasks: the meter was taken out of the configuration.
    void remove();
    [[nodiscard]] std::size_t tasks() const { return runs_.size(); }
    /// Business; the earliest of its tasks. Only with tasks.
    [[nodiscard]] Instant next_deadline() const;

    // ---- questions; only while online ----
    /// Wall time at which it wants the line, for a task or else; past: now.
    [[nodiscard]] std::optional<Instant> task_due(const engine::Now& now) const;
    [[nodiscard]] Instant poll_due(const engine::Now& now) const;
    std::optional<Question> next_task(const LinkProfile& profile, const engine::Now& now);
    /// `polling`: the engine keeps up; else rounds are skipped.
    std::optional<Question> next_poll(const LinkProfile& profile, const engine::Now& now,
                                      bool polling);

    /// Whether `reply` can answer the question that is on its way.
    [[nodiscard]] bool expects(const dlt645::Reply& reply) const;
    /// The answer to the question on its way.
    void answered(const dlt645::Reply& reply, const LinkProfile& profile, const engine::Now& sent,
                  const engine::Now& now, LinkCounters& counts);
    void silence(const LinkProfile& profile, const engine::Now& sent, const engine::Now& now);
    /// An answer nobody waits for: late, repeated, or of another master.
    void stray(const dlt645::Reply& reply, const engine::Now& now, LinkCounters& counts);

private:
    enum class Owner : std::uint8_t { nobody, task, plan, clock };

    [[nodiscard]] Question question(Ask ask, Owner owner, const LinkProfile& profile,
                                    const engine::Now& now);
    [[nodiscard]] bool owes(Ask ask) const { return owed_[static_cast<std::size_t>(ask)] != 0; }
    /// Takes one off; the answer at hand may be that old one. True when there was one.
    bool forgive(Ask ask);
    bool forgive_any_read();
    TaskRun* current_task();
    void drop_ended();
    void heard();

    // What an answer means; each hands it to the question's owner.
    bool take_registers(const dlt645::ReadReply& reply, const engine::Now& now,
                        LinkCounters& counts);
    void take_status(const dlt645::ReadReply& reply, const LinkProfile& profile,
                     const engine::Now& now, LinkCounters& counts);
    void take_power(const dlt645::ReadReply& reply, const LinkProfile& profile,
                    const engine::Now& now, LinkCounters& counts);
    void take_read(const dlt645::ReadReply& reply, const LinkProfile& profile,
                   const engine::Now& sent, const engine::Now& now, LinkCounters& counts);
    void take_refusal(Ask ask, bool no_such_data, const LinkProfile& profile,
                      const engine::Now& now);
    bool report_registers(const dlt645::ReadReply& reply, engine::ReadingSource source,
                          const engine::Now& now, LinkCounters& counts);
    void ask_again();

    const UnitContext& context_;
    MeterConfig config_;
    PollPlan plan_;
    ClockKeeper clock_;
    std::vector<TaskRun> runs_;  // [0] is the one under way
    std::unique_ptr<dlt645::FollowOn> parts_;
    std::array<std::uint8_t, ask_count>
        owed_{};                       // questions that timed out and were not answered since
    engine::Now owed_registers_sent_;  // when the last of those for registers left
    Owner owner_ = Owner::nobody;      // of the question on its way
    Ask asked_ = Ask::status;
    CommandId asked_command_;
    std::int32_t asked_attempt_ = 0;
    bool online_ = false;
    bool silent_ = false;
};

}  // namespace mb::headend
