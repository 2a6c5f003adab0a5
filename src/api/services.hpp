// What the routes share. Internal to the room.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "api/api_server.hpp"
#include "api/event_hub.hpp"
#include "api/metrics.hpp"
#include "api/present.hpp"
#include "api/router.hpp"
#include "api/session.hpp"
#include "api/sign_in.hpp"
#include "api/static_files.hpp"
#include "api/workers.hpp"

namespace mb::api {

/// Which meter stands at a service point; read again when configuration changes.
class Directory {
public:
    explicit Directory(const Ports& ports) : ports_(ports) {}
    MeterId meter_at(ProjectId project, ServicePointId point);
    void forget(ProjectId project);

private:
    const Ports& ports_;
    std::mutex mutex_;
    std::map<ProjectId, std::map<ServicePointId, MeterId>> meters_;
};

/// New orders whose pay address is not known yet: their answer waits a moment for the channel.
class OrderWaits {
public:
    using Due = std::function<void()>;
    void add(ProjectId project, const std::string& no, Instant until_wall, Due due);
    /// The order was prepared or has ended.
    void settle(ProjectId project, const std::string& no);
    void expire(Instant wall);

private:
    struct Wait {
        Instant until;
        Due due;
    };
    std::mutex mutex_;
    std::map<std::pair<ProjectId, std::string>, Wait> waits_;
};

struct Services {
    Services(const Ports& wanted, const ApiOptions& chosen);

    Ports ports;
    ApiOptions options;
    Router router;
    CodeBook codes;
    Sessions sessions;
    EventHub hub;
    StaticFiles console;
    RequestMetrics requests;
    std::vector<Collector> collectors;
    Directory directory;
    OrderWaits order_waits;
    Workers workers;  // last: its threads use the rest

    [[nodiscard]] Instant wall() const { return ports.now().wall; }
    /// Runs `job` on a worker; when none is free the reply says so.
    void later(const Reply& reply, std::function<void()> job);
    /// Submits an event; `then` answers on a worker thread after the commit.
    void submit(const CallPtr& call, engine::Event event, const Reply& reply,
                std::function<Result<Answer>(const engine::EventOutcome& outcome)> then);
    /// The caller, as he stands in events.
    static engine::Actor actor(const Call& call);
    /// The summary of a project as it is now. Worker thread.
    std::string summary_json(ProjectId project, const engine::ProjectConfig& config,
                             const engine::Now& now, Reads& reads);
    /// Answers 200 with this JSON.
    static Answer ok(std::string json) { return {200, std::move(json), {}}; }
};

void add_session_routes(Services& services);
void add_campus_routes(Services& services);
void add_order_routes(Services& services);
void add_command_routes(Services& services);
void add_event_routes(Services& services);
void add_system_routes(Services& services);

/// The meter of the path. Errors: meter.not_found.
Result<MeterRecord> meter_of(const Call& call, Reads& reads, Instant business);

}  // namespace mb::api
