#include "headend/switchboard.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include "base/check.hpp"

namespace mb::headend {

using engine::Now;

namespace {

constexpr Duration flush_every = Duration::milliseconds(20);
constexpr Duration timer_step =
    Duration::milliseconds(1);  // no timer fires sooner after the last one
constexpr Duration expiry_grace =
    Duration::seconds(10);  // the engine ends its commands itself, first
constexpr std::size_t unknown_devices_max = 200;
constexpr std::size_t penalties_max = 10'000;
constexpr Instant never{std::numeric_limits<std::int64_t>::max()};

}  // namespace

Switchboard::Switchboard(const HeadendSettings& settings, const LinkProfiles& profiles,
                         Wires& wires, EventSink& sink)
    : settings_(settings),
      profiles_(profiles),
      wires_(wires),
      outbound_(settings_, sink, counters_),
      context_{settings_, *this, counters_},
      directory_(profiles_) {}

Switchboard::~Switchboard() = default;

// ---- configuration ---------------------------------------------------------------------------

void Switchboard::configure(ProjectId project, const ProjectMeters& meters, const Now& now) {
    directory_.set(project, meters, now.business);
    rebind_all(now);
    after(now);
}

void Switchboard::remove(ProjectId project, const Now& now) {
    directory_.remove(project);
    rebind_all(now);
    after(now);
}

void Switchboard::rebind_all(const Now& now) {
    std::vector<LinkId> changed;
    for (auto& [id, line] : sessions_) {
        Session& session = *line.session;
        const bool known =
            session.state() == LinkState::bound || session.state() == LinkState::unknown;
        if (known && directory_.find(session.key()) != session.device())
            changed.push_back(session.id());
    }
    std::ranges::sort(changed);
    // Units leave their links before others take them.
    for (const LinkId id : changed) {
        Session& session = *sessions_.at(id.value).session;
        const auto device = directory_.find(session.key());
        auto kept = release(session, device.get());
        if (session.state() == LinkState::bound)
            session.bind(session.device(), std::move(kept), now);
    }
    for (const LinkId id : changed) {
        const auto found = sessions_.find(id.value);
        if (found == sessions_.end()) continue;  // a newer link of its device has just replaced it
        Session& session = *found->second.session;
        if (const auto device = directory_.find(session.key())) {
            admit(session, device, now);
        } else {
            by_device_.erase(session.key());
            session.unknown(now);
        }
        settle(id, now);
    }
    // Meters without a link keep their tasks, with what is configured now.
    for (const auto& [key, device] : directory_.devices()) {
        for (const MeterConfig& config : device->meters) unit(config);
    }
    forget_units();
}

void Switchboard::forget_units() {
    std::set<UnitKey> wanted;
    for (const auto& [key, device] : directory_.devices()) {
        for (const MeterConfig& config : device->meters) wanted.insert(config.key);
    }
    std::vector<UnitKey> gone;
    for (const auto& [key, unit] : units_) {
        if (!wanted.contains(key)) gone.push_back(key);
    }
    std::ranges::sort(gone);
    for (const UnitKey& key : gone) {
        units_.at(key).meter->remove();
        units_.erase(key);
    }
}

Switchboard::Unit& Switchboard::unit(const MeterConfig& config) {
    Unit& out = units_[config.key];
    if (!out.meter) {
        out.meter = std::make_unique<MeterUnit>(context_, config);
    } else if (out.meter->config() != config) {
        out.meter->configure(config);
    }
    return out;
}

// ---- links -----------------------------------------------------------------------------------

bool Switchboard::opened(LinkId link, std::string_view profile_name, std::string_view peer,
                         const Now& now) {
    const auto profile = profiles_.find(profile_name);
    const bool full =
        sessions_.size() >= settings_.links_max || unidentified_ >= settings_.unidentified_max;
    if (!profile || full) {
        ++counters_.links_refused;
        return false;
    }
    ++counters_.links_opened;
    ++unidentified_;
    Line& line = sessions_[link.value];
    CHECK(!line.session);
    line.peer = peer;
    line.session =
        std::make_unique<Session>(link, profile, settings_, static_cast<SessionHost&>(*this));
    line.session->on_open(now);
    settle(link, now);
    after(now);
    return true;
}

void Switchboard::bytes(LinkId link, ByteView bytes, const Now& now) {
    const auto found = sessions_.find(link.value);
    if (found == sessions_.end()) return;
    found->second.session->on_bytes(bytes, now);
    settle(link, now);
    after(now);
}

void Switchboard::closed(LinkId link, const Now& now) {
    if (sessions_.contains(link.value)) drop(link, "link.closed", false, now);
    after(now);
}

void Switchboard::settle(LinkId link, const Now& now) {
    Line& line = sessions_.at(link.value);
    const LinkState state = line.session->state();
    if (state != line.counted) {
        unidentified_ -= line.counted == LinkState::identifying ? 1 : 0;
        unknown_ -= line.counted == LinkState::unknown ? 1 : 0;
        unidentified_ += state == LinkState::identifying ? 1 : 0;
        unknown_ += state == LinkState::unknown ? 1 : 0;
        line.counted = state;
    }
    if (state == LinkState::ended) {
        drop(link, line.session->end_reason(), true, now);
        return;
    }
    const Instant at = std::max(line.session->next_timer(now), now.wall + timer_step);
    if (line.timer_at && line.timer_at <= at) return;
    line.timer_at = at;
    timers_.push({at, link});
}

void Switchboard::drop(LinkId link, std::string_view reason, bool tell_wires, const Now& now) {
    const auto found = sessions_.find(link.value);
    Line line = std::move(found->second);
    sessions_.erase(found);
    unidentified_ -= line.counted == LinkState::identifying ? 1 : 0;
    unknown_ -= line.counted == LinkState::unknown ? 1 : 0;
    Session& session = *line.session;
    count_end(reason, session, now);
    const auto device = by_device_.find(session.key());
    if (device != by_device_.end() && device->second.link == link) by_device_.erase(device);
    const std::vector<MeterUnit*> units = session.units();
    if (reason != "link.replaced") contact(units, false);
    for (MeterUnit* unit : units) units_.at(unit->config().key).link = {};
    session.on_closed(now);
    counters_.links += session.counters();
    if (tell_wires) wires_.close(link, reason);
}

void Switchboard::count_end(std::string_view reason, const Session& session, const Now& now) {
    if (reason == "link.unidentified") ++counters_.links_unidentified;
    if (reason == "link.dead") ++counters_.links_dead;
    if (reason == "link.replaced") ++counters_.links_replaced;
    if (reason == "link.duplicate" || reason == "link.penalty") ++counters_.links_refused;
    if (reason == "link.flooding") {
        ++counters_.links_flooding;
        if (!session.device_id().empty()) punish(session.key(), now);
    }
}

void Switchboard::punish(const std::string& key, const Now& now) {
    if (penalties_.size() >= penalties_max) {
        std::erase_if(penalties_, [&](const auto& entry) { return entry.second.until < now.wall; });
    }
    if (penalties_.size() >= penalties_max) return;
    Penalty& penalty = penalties_[key];
    penalty.length = std::clamp(penalty.length * 2, settings_.penalty_min, settings_.penalty_max);
    penalty.until = now.wall + penalty.length;
}

// ---- who is there ----------------------------------------------------------------------------

std::string_view Switchboard::refusal(const std::string& key, const Now& now) {
    if (const auto penalty = penalties_.find(key); penalty != penalties_.end()) {
        if (now.wall < penalty->second.until) return "link.penalty";
        if (now.wall > penalty->second.until + settings_.penalty_max) penalties_.erase(penalty);
    }
    const auto found = by_device_.find(key);
    if (found == by_device_.end()) return "";
    DeviceLine& line = found->second;
    if (now.wall - line.minute_at > Duration::minutes(1)) {
        line.minute_at = now.wall;
        line.this_minute = 0;
    }
    // Two devices with one identity would throw each other out for ever.
    return ++line.this_minute > settings_.replacements_max ? "link.duplicate" : "";
}

void Switchboard::identified(Session& session, const Now& now) {
    ++counters_.links_identified;
    const std::string key = session.key();
    const auto device = directory_.find(key);
    if (!device) {
        ++counters_.links_unknown;
        note_unknown(session, now);
        session.unknown(now);
        if (unknown_ >= settings_.unknown_max) session.close("link.unknown_device");
        return;
    }
    if (const auto why = refusal(key, now); !why.empty()) {
        session.close(why);
        return;
    }
    admit(session, device, now);
}

void Switchboard::admit(Session& session, const std::shared_ptr<const Device>& device,
                        const Now& now) {
    DeviceLine line = by_device_[device->key];
    const LinkId older = line.link;
    if (older.value != 0 && older != session.id()) drop(older, "link.replaced", true, now);
    line.link = session.id();
    by_device_[device->key] = line;
    bind(session, device, now);
}

std::vector<MeterUnit*> Switchboard::release(Session& session, const Device* device) {
    std::vector<MeterUnit*> kept;
    std::vector<MeterUnit*> left;
    for (MeterUnit* unit : session.units()) {
        const bool stays =
            device != nullptr && std::ranges::find(device->meters, unit->config().key,
                                                   &MeterConfig::key) != device->meters.end();
        (stays ? kept : left).push_back(unit);
    }
    contact(left, false);
    for (MeterUnit* unit : left) {
        units_.at(unit->config().key).link = {};
        unit->link_down();
    }
    return kept;
}

void Switchboard::bind(Session& session, const std::shared_ptr<const Device>& device,
                       const Now& now) {
    std::vector<MeterUnit*> units;
    std::vector<MeterUnit*> fresh;
    for (const MeterConfig& config : device->meters) {
        Unit& entry = unit(config);
        units.push_back(entry.meter.get());
        if (entry.link == session.id()) continue;
        entry.link = session.id();
        fresh.push_back(entry.meter.get());
    }
    contact(fresh, true);
    for (MeterUnit* meter : fresh) meter->link_up(now);
    session.bind(device, std::move(units), now);
}

void Switchboard::contact(const std::vector<MeterUnit*>& units, bool online) {
    std::map<ProjectId, engine::ContactChanged> by_project;
    for (const MeterUnit* unit : units) {
        if (!online && unit->silent()) continue;  // it was told already
        const UnitKey& key = unit->config().key;
        by_project[key.project].meters.push_back(key.meter);
    }
    for (auto& [project, event] : by_project) {
        event.online = online;
        report(project, std::move(event));
    }
}

void Switchboard::note_unknown(const Session& session, const Now& now) {
    const auto same = std::ranges::find_if(unknown_devices_, [&](const UnknownDevice& d) {
        return d.id == session.device_id() && d.profile == session.profile().name;
    });
    UnknownDevice device{session.profile().name, session.device_id(), "", 0, {}};
    if (same != unknown_devices_.end()) {
        device = std::move(*same);
        unknown_devices_.erase(same);
    }
    device.peer = sessions_.at(session.id().value).peer;
    ++device.seen;
    device.seen_wall_at = now.wall;
    if (unknown_devices_.size() >= unknown_devices_max)
        unknown_devices_.erase(unknown_devices_.begin());
    unknown_devices_.push_back(std::move(device));
}

// ---- tasks -----------------------------------------------------------------------------------

void Switchboard::submit(ProjectId project, const engine::OutboxRow& row, bool redelivered,
                         const Now& now) {
    const Task task = Task::from(row, redelivered);
    const auto refuse = [&](std::string_view code) {
        ++counters_.tasks_refused;
        report(project, engine::CommandReported{task.command, task.attempt,
                                                engine::CommandPhase::refused, std::string(code)});
    };
    const UnitKey key{project, row.meter};
    const auto found = units_.find(key);
    if (found == units_.end()) {
        refuse("headend.unknown_meter");
    } else if (tasks_.size() >= settings_.tasks_max) {
        refuse("headend.too_many_tasks");
    } else {
        tasks_[{project, task.command}] = key;
        watch_deadline(key, task.deadline, now);
        found->second.meter->submit(task);
        if (const LinkId link = found->second.link; link.value != 0) {
            sessions_.at(link.value).session->wake(now);
            settle(link, now);
        }
    }
    after(now);
}

bool Switchboard::supersede(ProjectId project, CommandId command, const Now& now) {
    const auto found = tasks_.find({project, command});
    if (found == tasks_.end()) return false;
    Unit& entry = units_.at(found->second);
    const bool out = entry.meter->supersede(command);
    if (entry.link.value != 0) settle(entry.link, now);
    after(now);
    return out;
}

void Switchboard::watch_deadline(const UnitKey& unit, Instant deadline, const Now& now) {
    const std::int64_t wait_us = std::max<std::int64_t>((deadline - now.business).us, 0);
    deadlines_.push({now.wall + Duration{wait_us / std::max(now.speed, 1)} + expiry_grace, unit});
}

void Switchboard::task_ended(ProjectId project, CommandId command, TaskEnd how) {
    tasks_.erase({project, command});
    switch (how) {
        case TaskEnd::verified: ++counters_.tasks_verified; break;
        case TaskEnd::refused: ++counters_.tasks_refused; break;
        case TaskEnd::timed_out: ++counters_.tasks_timed_out; break;
        case TaskEnd::superseded: ++counters_.tasks_superseded; break;
        case TaskEnd::expired: ++counters_.tasks_expired; break;
    }
}

void Switchboard::report(ProjectId project, engine::Event&& event) {
    outbound_.report(project, std::move(event));
}

void Switchboard::send(LinkId link, ByteView bytes) { wires_.send(link, bytes); }

// ---- time ------------------------------------------------------------------------------------

void Switchboard::after(const Now& now) {
    if (outbound_.empty()) {
        flush_at_ = {};
    } else if (!flush_at_) {
        flush_at_ = now.wall + flush_every;
    }
}

Instant Switchboard::next_timer() const {
    Instant at = flush_at_ ? flush_at_ : never;
    if (!timers_.empty()) at = std::min(at, timers_.top().at);
    if (!deadlines_.empty()) at = std::min(at, deadlines_.top().at);
    return at;
}

void Switchboard::timer(const Now& now) {
    if (flush_at_ && now.wall >= flush_at_) {
        flush_at_ = {};
        outbound_.flush();
    }
    while (!timers_.empty() && timers_.top().at <= now.wall) {
        const Timer due = timers_.top();
        timers_.pop();
        const auto found = sessions_.find(due.link.value);
        if (found == sessions_.end() || found->second.timer_at != due.at) continue;
        found->second.timer_at = {};
        found->second.session->on_timer(now);
        settle(due.link, now);
    }
    while (!deadlines_.empty() && deadlines_.top().at <= now.wall) {
        const Deadline due = deadlines_.top();
        deadlines_.pop();
        const auto found = units_.find(due.unit);
        if (found == units_.end()) continue;
        MeterUnit& unit = *found->second.meter;
        unit.expire(now);
        if (unit.tasks() != 0) watch_deadline(due.unit, unit.next_deadline(), now);
        if (found->second.link.value != 0) settle(found->second.link, now);
    }
    after(now);
}

// ---- to look at ------------------------------------------------------------------------------

HeadendCounters Switchboard::counters() const {
    HeadendCounters out = counters_;
    for (const auto& [id, line] : sessions_) out.links += line.session->counters();
    return out;
}

std::vector<LinkView> Switchboard::link_list(std::uint64_t after, std::size_t most) const {
    std::vector<std::uint64_t> ids;
    for (const auto& [id, line] : sessions_) {
        if (id > after) ids.push_back(id);
    }
    std::ranges::sort(ids);
    ids.resize(std::min(ids.size(), most));
    std::vector<LinkView> out;
    for (const std::uint64_t id : ids) {
        const Line& line = sessions_.at(id);
        const Session& session = *line.session;
        LinkView view{
            id, session.profile().name, session.state(),    session.device_id(), line.peer, 0,
            0,  session.opened_at(),    session.heard_at(), session.counters()};
        view.meters = static_cast<std::int32_t>(session.units().size());
        view.silent_meters =
            static_cast<std::int32_t>(std::ranges::count_if(session.units(), &MeterUnit::silent));
        out.push_back(std::move(view));
    }
    return out;
}

const Session* Switchboard::session(LinkId link) const {
    const auto found = sessions_.find(link.value);
    return found == sessions_.end() ? nullptr : found->second.session.get();
}

std::vector<UnknownDevice> Switchboard::unknown_devices() const {
    return {unknown_devices_.rbegin(), unknown_devices_.rend()};
}

}  // namespace mb::headend
