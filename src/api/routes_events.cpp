// The live stream, and what feeds it.
#include "api/parameters.hpp"
#include "api/services.hpp"

namespace mb::api {

namespace {

Result<void> open_stream(Services& services, const Call& call, const net::Responder& responder) {
    EventHub::Watcher watcher;
    watcher.project = call.project;
    watcher.login = call.caller.login.id;
    watcher.token_hash = call.caller.token_hash;
    return services.hub.watch(watcher, call.request.headers.get("last-event-id"), [&] {
        net::HttpResponse head;
        head.headers.add("Content-Type", "text/event-stream");
        head.headers.add("X-Accel-Buffering", "no");
        add_security_headers(head, services.options.secure_cookie);
        return responder.stream(std::move(head), nullptr);
    });
}

}  // namespace

void add_event_routes(Services& services) {
    Route route;
    route.method = "GET";
    route.pattern = "/api/v1/events";
    route.query = {"project"};
    route.project = true;
    route.handle_stream = [&services](const Call& call, const net::Responder& responder) {
        return open_stream(services, call, responder);
    };
    services.router.add(std::move(route));
}

MeterId Directory::meter_at(ProjectId project, ServicePointId point) {
    const std::lock_guard lock(mutex_);
    auto found = meters_.find(project);
    if (found == meters_.end()) {
        std::map<ServicePointId, MeterId> all;
        const auto reads = ports_.reads->open();
        for (const auto& [meter, at] : reads->meters_in_force(project, ports_.now().business)) {
            all[at] = meter;
        }
        found = meters_.emplace(project, std::move(all)).first;
    }
    const auto meter = found->second.find(point);
    return meter == found->second.end() ? MeterId{} : meter->second;
}

void Directory::forget(ProjectId project) {
    const std::lock_guard lock(mutex_);
    meters_.erase(project);
}

}  // namespace mb::api
