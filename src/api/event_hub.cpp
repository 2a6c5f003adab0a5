#include "api/event_hub.hpp"

#include <algorithm>
#include <set>

#include "base/decimal.hpp"
#include "base/json.hpp"

namespace mb::api {

namespace {

std::string_view event_name(EventKind kind) {
    switch (kind) {
        case EventKind::meter: return "meter.updated";
        case EventKind::order: return "order.updated";
        case EventKind::command: return "command.updated";
        case EventKind::notice: return "notice.sent";
        case EventKind::stats: break;
    }
    return "stats.tick";
}

constexpr std::string_view resync = "event: resync\ndata: {}\n\n";

}  // namespace

EventHub::EventHub(HubLimits limits, Instant wall)
    : limits_(limits), next_id_(wall.us / 1000), first_id_(next_id_), heartbeat_at_(wall) {}

void EventHub::publish(ProjectId project, EventKind kind, const std::string& object,
                       std::string data, bool urgent) {
    const std::lock_guard lock(mutex_);
    const auto known = projects_.find(project);
    if (known == projects_.end() || !known->second.active) return;
    Pending& pending = known->second.pending.at(static_cast<std::size_t>(kind));
    const auto [entry, added] = pending.data.insert_or_assign(object, std::move(data));
    if (!added && !urgent) return;
    if (!added) std::erase(pending.order, object);
    if (urgent) {
        pending.order.push_front(object);
    } else {
        pending.order.push_back(object);
    }
}

Result<void> EventHub::watch(const Watcher& watcher, std::string_view last_event_id,
                             const std::function<net::StreamHandle()>& open) {
    const std::lock_guard lock(mutex_);
    forget_closed();
    const auto same_login = std::count_if(open_.begin(), open_.end(), [&](const Open& other) {
        return other.who.login == watcher.login;
    });
    if (open_.size() >= limits_.watchers_max ||
        static_cast<std::size_t>(same_login) >= limits_.watchers_per_login_max) {
        return fail(
            error("events.too_many", ErrorKind::too_many).with("retry_after_s", std::string("5")));
    }
    const net::StreamHandle stream = open();
    stream.write("retry: 3000\n\n");
    Project& project = projects_[watcher.project];
    project.active = true;
    send_missed(project, last_event_id, stream);
    open_.push_back({watcher, stream});
    return {};
}

void EventHub::send_missed(const Project& project, std::string_view last_event_id,
                           const net::StreamHandle& stream) const {
    if (last_event_id.empty()) return;
    const auto last = parse_decimal(last_event_id, 0);
    if (!last || *last >= next_id_ || *last < std::max(first_id_ - 1, project.forgotten_to)) {
        stream.write(std::string(resync));
        return;
    }
    for (const Kept& event : project.kept) {
        if (event.id > *last) stream.write(event.text);
    }
}

void EventHub::emit(ProjectId id, Project& project, EventKind kind, const std::string& data) {
    Kept event;
    event.id = next_id_++;
    event.text = "id: " + std::to_string(event.id) + "\nevent: ";
    event.text += event_name(kind);
    event.text += "\ndata: " + data + "\n\n";
    for (const Open& open : open_) {
        if (open.who.project == id) open.stream.write(event.text);
    }
    project.kept.push_back(std::move(event));
    if (project.kept.size() > limits_.kept_events) {
        project.forgotten_to = project.kept.front().id;
        project.kept.pop_front();
    }
}

bool EventHub::beat(Instant wall) {
    const std::lock_guard lock(mutex_);
    forget_closed();
    forget_unwatched(wall);
    for (auto& [id, project] : projects_) {
        for (std::size_t kind = 0; kind < event_kind_count; ++kind) {
            Pending& pending = project.pending.at(kind);
            if (pending.order.empty()) continue;
            const auto next = pending.data.find(pending.order.front());
            emit(id, project, static_cast<EventKind>(kind), next->second);
            pending.data.erase(next);
            pending.order.pop_front();
        }
    }
    if (heartbeat_at_ + limits_.heartbeat_each > wall) return false;
    heartbeat_at_ = wall;
    const std::string text =
        "event: heartbeat\ndata: {\"wall_now\":\"" + utc_text(wall) + "\"}\n\n";
    for (const Open& open : open_) open.stream.write(text);
    return true;
}

void EventHub::forget_closed() {
    std::erase_if(open_, [](const Open& open) { return !open.stream.is_open(); });
}

std::vector<crypto::Digest> EventHub::sessions() const {
    const std::lock_guard lock(mutex_);
    std::set<crypto::Digest> out;
    for (const Open& open : open_) out.insert(open.who.token_hash);
    return {out.begin(), out.end()};
}

void EventHub::drop(const crypto::Digest& token_hash) {
    const std::lock_guard lock(mutex_);
    std::erase_if(open_, [&](const Open& open) {
        if (open.who.token_hash != token_hash) return false;
        open.stream.close();
        return true;
    });
}

bool EventHub::has_watchers(ProjectId project) const {
    return std::any_of(open_.begin(), open_.end(),
                       [&](const Open& open) { return open.who.project == project; });
}

void EventHub::forget_unwatched(Instant wall) {
    for (auto& [id, project] : projects_) {
        if (!project.active) continue;
        if (has_watchers(id) || !project.watched_at) project.watched_at = wall;
        if (project.watched_at + limits_.remembered_for > wall) continue;
        project = Project{};
        project.forgotten_to = next_id_++;  // above every id that was ever sent
    }
}

std::vector<ProjectId> EventHub::watched() const {
    const std::lock_guard lock(mutex_);
    std::vector<ProjectId> out;
    for (const auto& [id, project] : projects_) {
        if (project.active) out.push_back(id);
    }
    return out;
}

std::size_t EventHub::watchers() const {
    const std::lock_guard lock(mutex_);
    return open_.size();
}

}  // namespace mb::api
