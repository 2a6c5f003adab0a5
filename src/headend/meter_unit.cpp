#include "headend/meter_unit.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"

namespace mb::headend {

using engine::Now;

namespace {

constexpr std::uint8_t owed_max = 3;

std::uint64_t jitter_of(const MeterConfig& config) {
    std::uint64_t out =
        static_cast<std::uint64_t>(config.key.project.value) * 0x9E3779B97F4A7C15ULL;
    for (const std::uint8_t byte : config.address.bytes) out = out * 257 + byte;
    return out;
}

/// Registers as the engine knows them; nothing without a total. What a meter does not know ends the
/// list.
std::optional<rules::metering::Registers> registers_of(const dlt645::EnergyRegisters& read) {
    if (!read.total()) return std::nullopt;
    rules::metering::Registers out;
    out.count = 0;
    for (std::size_t i = 0; i < read.size() && i < rules::metering::max_registers; ++i) {
        const auto value = read.at(i);
        if (!value) break;
        out.value[i] = *value;
        ++out.count;
    }
    return out;
}

}  // namespace

MeterUnit::MeterUnit(const UnitContext& context, MeterConfig config)
    : context_(context), config_(std::move(config)), plan_(jitter_of(config_)) {}

// ---- link ------------------------------------------------------------------------------------

void MeterUnit::link_up(const Now& now) {
    online_ = true;
    silent_ = false;
    owner_ = Owner::nobody;
    owed_ = {};  // a new link carries no old answers
    plan_.link_up(context_.settings.poll, now);
}

void MeterUnit::link_down() {
    online_ = false;
    owner_ = Owner::nobody;
    parts_.reset();
    clock_.silence();
    for (TaskRun& run : runs_) run.link_lost(context_.out);
    drop_ended();
}

// ---- tasks -----------------------------------------------------------------------------------

bool MeterUnit::submit(const Task& task) {
    for (TaskRun& run : runs_) {
        if (run.task().command != task.command) continue;
        if (run.task().attempt >= task.attempt) return false;
        run = TaskRun(config_.key, task);  // the engine has given up on the older attempt
        if (!online_) run.wait_for_link(context_.out);
        return true;
    }
    TaskRun fresh(config_.key, task);
    ++context_.counters.tasks;
    if (runs_.size() >= context_.settings.tasks_per_meter_max) {
        fresh.refuse("headend.too_many_tasks", context_.out);
        return false;
    }
    if (task.is_relay() && !config_.may_write) {
        fresh.refuse("headend.password", context_.out);
        return false;
    }
    for (TaskRun& run : runs_) {
        // The newest intent wins: what has not left does not leave, and nobody waits for an older
        // read-back.
        const bool older = task.is_relay() && run.task().is_relay();
        if (older && (run.unsent() || run.reading_back())) run.supersede(context_.out);
    }
    drop_ended();
    // Relays go before reads, behind the task under way.
    auto place = runs_.end();
    if (task.is_relay() && !runs_.empty()) {
        place = std::find_if(runs_.begin() + 1, runs_.end(),
                             [](const TaskRun& run) { return !run.task().is_relay(); });
    }
    if (!online_) fresh.wait_for_link(context_.out);
    runs_.insert(place, std::move(fresh));
    return true;
}

bool MeterUnit::supersede(CommandId command) {
    const auto found =
        std::ranges::find(runs_, command, [](const TaskRun& r) { return r.task().command; });
    if (found == runs_.end()) return false;
    found->supersede(context_.out);
    drop_ended();
    return true;
}

void MeterUnit::expire(const Now& now) {
    for (TaskRun& run : runs_) run.expire(now, context_.out);
    drop_ended();
}

void MeterUnit::remove() {
    for (TaskRun& run : runs_) run.refuse("headend.unknown_meter", context_.out);
    runs_.clear();
}

Instant MeterUnit::next_deadline() const {
    CHECK(!runs_.empty());
    return std::ranges::min(runs_, {}, [](const TaskRun& r) { return r.task().deadline; })
        .task()
        .deadline;
}

TaskRun* MeterUnit::current_task() { return runs_.empty() ? nullptr : &runs_.front(); }

void MeterUnit::drop_ended() {
    std::erase_if(runs_, [](const TaskRun& run) { return run.ended(); });
}

// ---- questions -------------------------------------------------------------------------------

std::optional<Instant> MeterUnit::task_due(const Now& now) const {
    if (runs_.empty() || owner_ != Owner::nobody) return std::nullopt;
    const TaskRun& run = runs_.front();
    // Past its deadline a task only waits to be expired.
    if (run.unsent() && now.business >= run.task().deadline) return std::nullopt;
    return run.due(now);
}

Instant MeterUnit::poll_due(const Now& now) const {
    if (clock_.busy()) return now.wall;
    return plan_.due(now);
}

Question MeterUnit::question(Ask ask, Owner owner, const LinkProfile& profile, const Now& now) {
    AskParams params;
    params.address = config_.address;
    params.preamble = profile.timing.preamble;
    params.credentials = {config_.password_level, config_.password, 0};
    const Zone zone = *config_.zone;
    params.local = zone.local(now.business);
    if (parts_ && ask == Ask::registers_block) {
        ask = Ask::registers_next;
        params.sequence = parts_->next_sequence();
    }
    if (ask == Ask::relay) {
        const Task& task = runs_.front().task();
        params.command = {action_of(task.kind), zone.local(task.deadline), 0};
        // The operator code is the command's number: the meter's own event log then names it.
        const auto code = parse_hex(fmt::format("{:08d}", task.command.value % 100'000'000));
        for (const std::uint8_t byte : *code) {
            params.credentials.operator_code = params.credentials.operator_code << 8 | byte;
        }
    }
    owner_ = owner;
    asked_ = ask;
    asked_command_ = owner == Owner::task ? runs_.front().task().command : CommandId{};
    asked_attempt_ = owner == Owner::task ? runs_.front().task().attempt : 0;
    return {ask, encode(ask, params), ask != Ask::broadcast_time};
}

std::optional<Question> MeterUnit::next_task(const LinkProfile& profile, const Now& now) {
    if (runs_.empty() || owner_ != Owner::nobody) return std::nullopt;
    const auto ask = runs_.front().next(now, plan_.registers(), context_.out);
    if (!ask) return std::nullopt;
    return question(*ask, Owner::task, profile, now);
}

std::optional<Question> MeterUnit::next_poll(const LinkProfile& profile, const Now& now,
                                             bool polling) {
    if (owner_ != Owner::nobody) return std::nullopt;
    const bool was_in_round = plan_.in_round();
    context_.counters.polls_skipped += plan_.begin_if_due(context_.settings.poll, now);
    if (!was_in_round && plan_.in_round()) {
        if (!polling) {
            ++context_.counters.polls_skipped;
            plan_.skip_round(context_.settings.poll, now);
            return std::nullopt;
        }
        ++context_.counters.polls;
        if (clock_.due(context_.settings.clock, *config_.zone, now) && !silent_) clock_.begin(now);
    }
    if (const auto ask = plan_.next()) return question(*ask, Owner::plan, profile, now);
    if (!plan_.calm()) {
        clock_.silence();
        return std::nullopt;
    }
    const auto ask = clock_.next();
    if (!ask) return std::nullopt;
    Question out = question(*ask, Owner::clock, profile, now);
    if (*ask == Ask::broadcast_time) {
        owner_ = Owner::nobody;
        clock_.done(*ask);
        ++context_.counters.clocks_set;
    }
    return out;
}

// ---- answers ---------------------------------------------------------------------------------

bool MeterUnit::expects(const dlt645::Reply& reply) const {
    return owner_ != Owner::nobody && can_answer(asked_, reply);
}

bool MeterUnit::forgive(Ask ask) {
    std::uint8_t& owed = owed_[static_cast<std::size_t>(is_write(ask) ? Ask::write_clock : ask)];
    if (owed == 0) return false;
    --owed;
    return true;
}

bool MeterUnit::forgive_any_read() {
    for (std::size_t i = 0; i < static_cast<std::size_t>(Ask::relay); ++i) {
        if (forgive(static_cast<Ask>(i))) return true;
    }
    return false;
}

void MeterUnit::heard() {
    plan_.heard(context_.settings.poll);
    if (!silent_) return;
    silent_ = false;
    context_.out.report(config_.key.project, engine::ContactChanged{{config_.key.meter}, true});
}

void MeterUnit::ask_again() {
    const Owner owner = owner_;
    owner_ = Owner::nobody;
    if (owner == Owner::task && !runs_.empty()) runs_.front().again();
}

void MeterUnit::answered(const dlt645::Reply& reply, const LinkProfile& profile, const Now& sent,
                         const Now& now, LinkCounters& counts) {
    heard();
    TaskRun* task = current_task();
    const bool same_task = task != nullptr && task->task().command == asked_command_ &&
                           task->task().attempt == asked_attempt_;
    if (owner_ == Owner::task && !same_task) {
        owner_ = Owner::nobody;  // the task that asked is gone
        return;
    }
    const auto* refused = std::get_if<dlt645::ErrorReply>(&reply);
    // An error reply names no identifier: it may belong to any read that was left unanswered.
    const bool uncertain =
        refused != nullptr && is_read(asked_) ? forgive_any_read() : forgive(asked_);
    if (uncertain) ++counts.ambiguous;
    if (asked_ == Ask::relay) {
        owner_ = Owner::nobody;
        task->relay_answered(reply, uncertain, profile.relay, now, context_.out);
        drop_ended();
        return;
    }
    if (uncertain) {
        ask_again();
        return;
    }
    if (refused != nullptr) {
        take_refusal(asked_, refused->no_such_data(), profile, now);
    } else if (const auto* read = std::get_if<dlt645::ReadReply>(&reply)) {
        take_read(*read, profile, sent, now, counts);
    } else {
        clock_.done(asked_);
        if (!clock_.busy()) ++context_.counters.clocks_set;
        owner_ = Owner::nobody;
    }
    drop_ended();
}

void MeterUnit::take_refusal(Ask ask, bool no_such_data, const LinkProfile& profile,
                             const Now& now) {
    const Owner owner = owner_;
    owner_ = Owner::nobody;
    parts_.reset();
    const bool total_next = ask == Ask::registers_block && no_such_data;
    if (owner == Owner::clock) {
        clock_.refused(ask, no_such_data);
        return;
    }
    if (owner == Owner::plan || total_next) plan_.refused(ask, no_such_data);
    if (owner == Owner::task) {
        runs_.front().read_refused(no_such_data, profile.relay, now, context_.out);
    }
}

void MeterUnit::take_read(const dlt645::ReadReply& reply, const LinkProfile& profile,
                          const Now& sent, const Now& now, LinkCounters& counts) {
    switch (asked_) {
        case Ask::registers_block:
        case Ask::registers_total:
        case Ask::registers_next:
            if (!take_registers(reply, now, counts)) {
                take_refusal(asked_, false, profile, now);
            }
            return;
        case Ask::status: take_status(reply, profile, now, counts); return;
        case Ask::power: take_power(reply, profile, now, counts); return;
        default: break;
    }
    const auto ahead = clock_.read(asked_, reply, config_, context_.settings.clock, sent, now);
    owner_ = Owner::nobody;
    if (ahead) {
        context_.out.report(
            config_.key.project,
            engine::SampleTaken{config_.key.meter, now.business, std::nullopt, *ahead});
    }
}

/// False: useless. True also when only a part came, and the rest is asked for.
bool MeterUnit::take_registers(const dlt645::ReadReply& reply, const Now& now,
                               LinkCounters& counts) {
    dlt645::ReadReply whole = reply;
    if (parts_ || reply.more) {
        if (!parts_) parts_ = std::make_unique<dlt645::FollowOn>();
        const auto complete = parts_->add(reply);
        if (!complete) {
            ++counts.bad_values;
            return false;
        }
        if (!*complete) {
            ask_again();
            return true;
        }
        whole = parts_->whole();
    }
    const Owner owner = owner_;
    const auto source =
        owner == Owner::task ? engine::ReadingSource::command : engine::ReadingSource::poll;
    const bool good = report_registers(whole, source, now, counts);
    if (!good) return false;
    parts_.reset();
    owner_ = Owner::nobody;
    if (owner == Owner::task) {
        runs_.front().registers_read();
        plan_.note_reading(now.business);
    } else {
        plan_.answered(Ask::registers_block, now);
    }
    return true;
}

bool MeterUnit::report_registers(const dlt645::ReadReply& reply, engine::ReadingSource source,
                                 const Now& now, LinkCounters& counts) {
    const auto energy = dlt645::read_energy(reply);
    const auto registers = energy ? registers_of(*energy) : std::nullopt;
    if (!registers) {
        ++counts.bad_values;
        return false;
    }
    ++context_.counters.readings;
    context_.out.report(config_.key.project,
                        engine::ReadingTaken{config_.key.meter, now.business, *registers, source});
    return true;
}

void MeterUnit::take_status(const dlt645::ReadReply& reply, const LinkProfile& profile,
                            const Now& now, LinkCounters& counts) {
    const auto word = dlt645::read_status_word_3(reply);
    if (!word) {
        ++counts.bad_values;
        take_refusal(Ask::status, false, profile, now);
        return;
    }
    const Owner owner = owner_;
    owner_ = Owner::nobody;
    if (owner == Owner::task) {
        TaskRun& run = runs_.front();
        run.status_read(*word, profile.relay, now, context_.out);
        if (run.ended() && run.task().is_relay()) plan_.look_again();
        return;
    }
    plan_.answered(Ask::status, now);
    context_.out.report(config_.key.project, engine::StatusRead{config_.key.meter,
                                                                now.business,
                                                                word->relay_open(),
                                                                word->commanded_open(),
                                                                word->keep_power(),
                                                                {}});
}

void MeterUnit::take_power(const dlt645::ReadReply& reply, const LinkProfile& profile,
                           const Now& now, LinkCounters& counts) {
    const auto power = dlt645::read_active_power(reply);
    if (!power) {
        ++counts.bad_values;
        take_refusal(Ask::power, false, profile, now);
        return;
    }
    if (*power) {
        context_.out.report(
            config_.key.project,
            engine::SampleTaken{config_.key.meter, now.business, **power, std::nullopt});
    }
    const Owner owner = owner_;
    owner_ = Owner::nobody;
    if (owner == Owner::task) {
        runs_.front().power_read(context_.out);
    } else {
        plan_.answered(Ask::power, now);
    }
}

void MeterUnit::silence(const LinkProfile& profile, const Now& sent, const Now& now) {
    const Owner owner = owner_;
    owner_ = Owner::nobody;
    if (owner == Owner::nobody) return;
    std::uint8_t& owed =
        owed_[static_cast<std::size_t>(is_write(asked_) ? Ask::write_clock : asked_)];
    owed = std::min<std::uint8_t>(static_cast<std::uint8_t>(owed + 1), owed_max);
    if (is_registers(asked_)) {
        owed_registers_sent_ = sent;
        parts_.reset();
    }
    if (owner == Owner::clock) {
        clock_.silence();
        return;
    }
    if (owner == Owner::task) {
        TaskRun* task = current_task();
        if (task != nullptr && task->task().command == asked_command_ &&
            task->task().attempt == asked_attempt_) {
            task->silence(profile.relay, now, context_.out);
        }
        drop_ended();
        return;
    }
    if (plan_.silent(context_.settings.poll, now)) {
        silent_ = true;
        context_.out.report(config_.key.project,
                            engine::ContactChanged{{config_.key.meter}, false});
    }
}

void MeterUnit::stray(const dlt645::Reply& reply, const Now& now, LinkCounters& counts) {
    const auto ask = ask_of(reply);
    const bool sole = ask && owed_[static_cast<std::size_t>(*ask)] == 1;
    const bool was_late = ask ? forgive(*ask) : forgive_any_read();
    if (!was_late) {
        ++counts.unexpected;
        return;
    }
    ++counts.late;
    heard();
    // A register only grows, so a late one is good while it is clear which question it answers. A
    // late status or power says nothing about now.
    const bool whole = ask == Ask::registers_block || ask == Ask::registers_total;
    const auto* read = std::get_if<dlt645::ReadReply>(&reply);
    if (!whole || !sole || read == nullptr || read->more) return;
    if (now.business - owed_registers_sent_.business > context_.settings.late_answer_max) return;
    if (report_registers(*read, engine::ReadingSource::poll, now, counts)) {
        plan_.note_reading(now.business);
    }
}

}  // namespace mb::headend
