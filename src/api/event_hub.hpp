// Server-sent events: what changed in a project goes to everybody who watches it. At most five
// events a second for one kind; what is more waits, newest per object. Slow readers are cut off and
// come back by their Last-Event-ID. Thread-safe; beat() is called five times a second by one timer.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/describe.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "crypto/digest.hpp"
#include "net/http_server.hpp"

namespace mb::api {

enum class EventKind : std::uint8_t { meter, order, command, notice, stats };
MB_ENUM(EventKind, meter, order, command, notice, stats)
constexpr std::size_t event_kind_count = 5;

struct HubLimits {
    std::size_t kept_events = 1000;  // per project, for those who come back
    std::size_t watchers_max = 400;
    std::size_t watchers_per_login_max = 20;
    Duration heartbeat_each = Duration::seconds(15);
    Duration remembered_for = Duration::minutes(2);  // after the last watcher went
};

class EventHub {
public:
    /// The first id follows `wall`, so that ids grow over restarts.
    EventHub(HubLimits limits, Instant wall);

    /// Nothing happens while nobody watches. `object` names what changed: an older event of it that
    /// still waits is replaced. `urgent` ones go first.
    void publish(ProjectId project, EventKind kind, const std::string& object, std::string data,
                 bool urgent = false);

    struct Watcher {
        ProjectId project;
        LoginId login;
        crypto::Digest token_hash{};
    };
    /// Sends `retry:`, then what was missed since `last_event_id` ("" for a new reader), or
    /// `resync`; `open` begins the answer. Errors: events.too_many.
    Result<void> watch(const Watcher& watcher, std::string_view last_event_id,
                       const std::function<net::StreamHandle()>& open);

    /// Sends what is due, and each 15 seconds a heartbeat: then it answers true.
    bool beat(Instant wall);

    /// The sessions of all watchers, each once.
    [[nodiscard]] std::vector<crypto::Digest> sessions() const;
    /// Ends the streams of a session.
    void drop(const crypto::Digest& token_hash);

    /// Projects that somebody watches, or watched in the last two minutes: who comes back then
    /// misses nothing.
    [[nodiscard]] std::vector<ProjectId> watched() const;
    [[nodiscard]] std::size_t watchers() const;

private:
    struct Pending {
        std::deque<std::string> order;            // objects, the next first
        std::map<std::string, std::string> data;  // by object
    };
    struct Kept {
        std::int64_t id = 0;
        std::string text;
    };
    struct Project {
        std::array<Pending, event_kind_count> pending;
        std::deque<Kept> kept;
        std::int64_t forgotten_to = 0;  // who saw less than this has missed something
        bool active = false;
        Instant watched_at;
    };
    struct Open {
        Watcher who;
        net::StreamHandle stream;
    };

    void emit(ProjectId id, Project& project, EventKind kind, const std::string& data);
    void send_missed(const Project& project, std::string_view last_event_id,
                     const net::StreamHandle& stream) const;
    void forget_closed();
    void forget_unwatched(Instant wall);
    [[nodiscard]] bool has_watchers(ProjectId project) const;

    HubLimits limits_;
    mutable std::mutex mutex_;
    std::int64_t next_id_;
    std::int64_t first_id_;
    std::map<ProjectId, Project> projects_;
    std::vector<Open> open_;
    Instant heartbeat_at_;
};

}  // namespace mb::api
