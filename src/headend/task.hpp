// One command from the outbox on its way to a meter: a state machine without clock or socket. It is
// asked what to put to the meter next, told what came of it, and reports to the engine.
//
// relay: [status first, when it may have been sent before] → 1C frame → 9C, DC or silence → the
// relay's own delay →
//        status, repeated until it is as wanted or the window is over
// read:  registers → status → power
//
// It ends in exactly one of: StatusRead{command} (as wanted, or the last one the window saw),
// `refused`, `done`, `timed_out`. Silence after the 1C frame reports `timed_out` at once and reads
// back all the same; then a StatusRead{command} may follow.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/effects.hpp"
#include "headend/device.hpp"

namespace mb::headend {

struct Task {
    CommandId command;
    engine::CommandKind kind = engine::CommandKind::read;
    std::int32_t attempt = 1;
    Instant deadline;  // business; nothing is sent after it
    bool check_first =
        false;  // attempt > 1, or given again after a restart: it may have been done already

    static Task from(const engine::OutboxRow& row, bool redelivered) {
        return {row.command, row.command_kind, row.attempt, row.deadline,
                row.attempt > 1 || redelivered};
    }
    [[nodiscard]] bool is_relay() const { return kind != engine::CommandKind::read; }
};

/// How a task ended, for the counters.
enum class TaskEnd : std::uint8_t { verified, refused, timed_out, superseded, expired };

/// Where a meter's unit and its parts say what they have learnt.
class Reporter {
public:
    virtual ~Reporter() = default;
    virtual void report(ProjectId project, engine::Event&& event) = 0;
    virtual void task_ended(ProjectId project, CommandId command, TaskEnd how) = 0;
};

/// Whether the status word shows what the command wants. A trip that was accepted but has not
/// opened the contact (b6 = 1, b4 = 0) is neither open nor closed here.
bool as_wanted(engine::CommandKind kind, dlt645::StatusWord3 word);
/// Trip, close or permit.
dlt645::RelayAction action_of(engine::CommandKind kind);

class TaskRun {
public:
    TaskRun(const UnitKey& unit, const Task& task) : unit_(unit), task_(task) {}

    [[nodiscard]] const Task& task() const { return task_; }
    [[nodiscard]] bool ended() const { return step_ == Step::ended; }
    /// Nothing of this attempt has gone to the relay.
    [[nodiscard]] bool unsent() const { return step_ <= Step::check; }
    /// The relay frame was answered, or nobody answered it.
    [[nodiscard]] bool reading_back() const { return step_ == Step::read_back; }

    /// Wall time at which it wants the line; past: now. Nothing when it waits for an answer or has
    /// ended.
    [[nodiscard]] std::optional<Instant> due(const engine::Now& now) const;
    /// What to put to the meter now; it then waits for reply() or silence(). `registers` is what
    /// this meter answers.
    std::optional<Ask> next(const engine::Now& now, Ask registers, Reporter& out);

    /// `relay_uncertain`: a 9C or DC that could belong to an earlier relay frame.
    void relay_answered(const dlt645::Reply& reply, bool uncertain, const RelayTiming& timing,
                        const engine::Now& now, Reporter& out);
    void status_read(dlt645::StatusWord3 word, const RelayTiming& timing, const engine::Now& now,
                     Reporter& out);
    /// A read task's registers came in (and were reported by the unit).
    void registers_read() { advance_read(); }
    void power_read(Reporter& out);
    /// The meter said no to a read, or its value was useless.
    void read_refused(bool no_such_data, const RelayTiming& timing, const engine::Now& now,
                      Reporter& out);
    void silence(const RelayTiming& timing, const engine::Now& now, Reporter& out);
    /// The answer was not to be trusted: the question is put again, no try is used up.
    void again() { asked_.reset(); }

    void link_lost(Reporter& out);
    void wait_for_link(Reporter& out);  // reports waiting_online, once
    /// The deadline is over and the frame was never sent, or a read never ended.
    void expire(const engine::Now& now, Reporter& out);
    void supersede(Reporter& out) {
        end(TaskEnd::superseded, engine::CommandPhase::timed_out, "headend.superseded", out);
    }
    void refuse(std::string_view code, Reporter& out) {
        end(TaskEnd::refused, engine::CommandPhase::refused, code, out);
    }

private:
    enum class Step : std::uint8_t {
        waiting,
        check,
        send,
        ack,
        read_back,
        registers,
        status,
        power,
        ended
    };

    void begin();
    void advance_read();
    void phase(engine::CommandPhase phase, std::string_view code, Reporter& out) const;
    void status_event(dlt645::StatusWord3 word, bool named, Instant at, Reporter& out) const;
    void end(TaskEnd how, std::optional<engine::CommandPhase> last, std::string_view code,
             Reporter& out);
    void start_read_back(const RelayTiming& timing, const engine::Now& now);
    /// The next read-back, or the end when the window is over.
    void read_back_later(const RelayTiming& timing, const engine::Now& now, Reporter& out);

    UnitKey unit_;
    Task task_;
    Step step_ = Step::waiting;
    std::optional<Ask> asked_;  // waits for its answer
    bool waiting_reported_ = false;
    bool sent_reported_ = false;
    bool timed_out_reported_ = false;
    std::uint8_t tries_ = 0;
    std::optional<dlt645::StatusWord3> last_status_;
    Instant last_status_at_;  // business
    Instant next_at_;         // wall: next read-back
    Instant window_end_;      // wall
};

}  // namespace mb::headend
