#include "headend/task.hpp"

#include <algorithm>

namespace mb::headend {

using engine::CommandKind;
using engine::CommandPhase;
using engine::Now;

namespace {

constexpr std::uint8_t tries_max = 2;  // of a read that the meter does not answer

}  // namespace

bool as_wanted(CommandKind kind, dlt645::StatusWord3 word) {
    switch (kind) {
        case CommandKind::trip: return word.relay_open() && word.commanded_open();
        case CommandKind::close: return !word.relay_open() && !word.commanded_open();
        case CommandKind::permit: return !word.commanded_open();
        case CommandKind::read: break;
    }
    return true;
}

dlt645::RelayAction action_of(CommandKind kind) {
    switch (kind) {
        case CommandKind::trip: return dlt645::RelayAction::trip;
        case CommandKind::permit: return dlt645::RelayAction::close_permit;
        default: return dlt645::RelayAction::close;
    }
}

void TaskRun::begin() {
    tries_ = 0;
    step_ = !task_.is_relay() ? Step::registers : task_.check_first ? Step::check : Step::send;
}

std::optional<Instant> TaskRun::due(const Now& now) const {
    if (asked_ || ended()) return std::nullopt;
    return step_ == Step::read_back ? next_at_ : now.wall;
}

std::optional<Ask> TaskRun::next(const Now& now, Ask registers, Reporter& out) {
    if (asked_ || ended()) return std::nullopt;
    if (step_ == Step::waiting) begin();
    switch (step_) {
        case Step::check: asked_ = Ask::status; break;
        case Step::send:
            // Behind its deadline nothing leaves; expire() ends it.
            if (now.business >= task_.deadline) return std::nullopt;
            asked_ = Ask::relay;
            step_ = Step::ack;
            break;
        case Step::read_back:
            if (now.wall < next_at_) return std::nullopt;
            asked_ = Ask::status;
            break;
        case Step::registers: asked_ = registers; break;
        case Step::status: asked_ = Ask::status; break;
        case Step::power: asked_ = Ask::power; break;
        default: return std::nullopt;
    }
    const bool leaves = step_ == Step::ack || step_ == Step::registers;
    if (leaves && !sent_reported_) {
        sent_reported_ = true;
        phase(CommandPhase::sent, "", out);
    }
    return asked_;
}

void TaskRun::relay_answered(const dlt645::Reply& reply, bool uncertain, const RelayTiming& timing,
                             const Now& now, Reporter& out) {
    if (step_ != Step::ack) return;
    asked_.reset();
    const auto* refused = std::get_if<dlt645::ErrorReply>(&reply);
    if (refused != nullptr && !uncertain) {
        refuse(refusal_code(*refused), out);
        return;
    }
    if (!uncertain) phase(CommandPhase::acked, "", out);
    start_read_back(timing, now);
}

void TaskRun::start_read_back(const RelayTiming& timing, const Now& now) {
    Duration delay = timing.actuation_delay;
    if (task_.kind == CommandKind::trip) {
        delay = delay + Duration{timing.pretrip_delay.us / std::max(now.speed, 1)};
    }
    step_ = Step::read_back;
    next_at_ = now.wall + delay;
    window_end_ = next_at_ + timing.read_back_window;
}

void TaskRun::status_read(dlt645::StatusWord3 word, const RelayTiming& timing, const Now& now,
                          Reporter& out) {
    asked_.reset();
    const bool wanted = as_wanted(task_.kind, word);
    if (step_ == Step::check) {
        // Named only when it settles the command: a named status that is not as wanted means "it
        // did not work".
        status_event(word, wanted, now.business, out);
        if (wanted) {
            end(TaskEnd::verified, std::nullopt, "", out);
        } else {
            step_ = Step::send;
        }
    } else if (step_ == Step::read_back) {
        last_status_ = word;
        last_status_at_ = now.business;
        if (wanted) {
            status_event(word, true, now.business, out);
            end(TaskEnd::verified, std::nullopt, "", out);
        } else {
            read_back_later(timing, now, out);
        }
    } else if (step_ == Step::status) {
        status_event(word, true, now.business, out);
        advance_read();
    }
}

void TaskRun::read_back_later(const RelayTiming& timing, const Now& now, Reporter& out) {
    next_at_ = now.wall + timing.read_back_every;
    if (next_at_ <= window_end_) return;
    if (last_status_) {
        status_event(*last_status_, true, last_status_at_, out);
        end(TaskEnd::timed_out, std::nullopt, "", out);
    } else {
        end(TaskEnd::timed_out, CommandPhase::timed_out, "meter.no_answer", out);
    }
}

void TaskRun::power_read(Reporter& out) {
    if (step_ != Step::power) return;
    asked_.reset();
    end(TaskEnd::verified, CommandPhase::done, "", out);
}

void TaskRun::advance_read() {
    asked_.reset();
    tries_ = 0;
    step_ = step_ == Step::registers ? Step::status : Step::power;
}

void TaskRun::read_refused(bool no_such_data, const RelayTiming& timing, const Now& now,
                           Reporter& out) {
    if (!no_such_data) {
        silence(timing, now, out);
        return;
    }
    asked_.reset();
    switch (step_) {
        // A relay command is absolute: what cannot be read first may be sent again.
        case Step::check: step_ = Step::send; break;
        case Step::read_back:
            end(TaskEnd::timed_out, CommandPhase::timed_out, "meter.no_status_word", out);
            break;
        // The unit falls back to the total register; without that one there is nothing to read.
        case Step::registers:
            if (++tries_ >= tries_max) refuse("meter.no_such_data", out);
            break;
        case Step::status: advance_read(); break;
        case Step::power: power_read(out); break;
        default: break;
    }
}

void TaskRun::silence(const RelayTiming& timing, const Now& now, Reporter& out) {
    asked_.reset();
    switch (step_) {
        case Step::ack:
            timed_out_reported_ = true;
            phase(CommandPhase::timed_out, "meter.no_answer", out);
            start_read_back(timing, now);
            break;
        case Step::read_back: read_back_later(timing, now, out); break;
        case Step::check:
        case Step::registers:
            if (++tries_ >= tries_max) {
                end(TaskEnd::timed_out, CommandPhase::timed_out, "meter.no_answer", out);
            }
            break;
        // The registers are in: what else the meter does not say does no harm.
        case Step::status: advance_read(); break;
        case Step::power: power_read(out); break;
        default: break;
    }
}

void TaskRun::link_lost(Reporter& out) {
    asked_.reset();
    if (ended()) return;
    if (step_ == Step::ack || step_ == Step::read_back) {
        if (last_status_) status_event(*last_status_, false, last_status_at_, out);
        end(TaskEnd::timed_out, CommandPhase::timed_out, "link.closed", out);
        return;
    }
    step_ = Step::waiting;
    wait_for_link(out);
}

void TaskRun::wait_for_link(Reporter& out) {
    if (ended() || waiting_reported_ || sent_reported_) return;
    waiting_reported_ = true;
    phase(CommandPhase::waiting_online, "", out);
}

void TaskRun::expire(const Now& now, Reporter& out) {
    const bool unfinished = step_ != Step::ack && step_ != Step::read_back && !ended();
    if (unfinished && now.business >= task_.deadline) {
        end(TaskEnd::expired, CommandPhase::timed_out, "headend.expired", out);
    }
}

void TaskRun::phase(CommandPhase phase, std::string_view code, Reporter& out) const {
    out.report(unit_.project,
               engine::CommandReported{task_.command, task_.attempt, phase, std::string(code)});
}

void TaskRun::status_event(dlt645::StatusWord3 word, bool named, Instant at, Reporter& out) const {
    out.report(unit_.project,
               engine::StatusRead{unit_.meter, at, word.relay_open(), word.commanded_open(),
                                  word.keep_power(), named ? task_.command : CommandId{}});
}

void TaskRun::end(TaskEnd how, std::optional<CommandPhase> last, std::string_view code,
                  Reporter& out) {
    if (ended()) return;
    step_ = Step::ended;
    asked_.reset();
    const bool told = last == CommandPhase::timed_out && timed_out_reported_;
    if (last && !told) phase(*last, code, out);
    out.task_ended(unit_.project, task_.command, how);
}

}  // namespace mb::headend
