// /healthz, /metrics and the payment channels' callbacks.
#include "api/parameters.hpp"
#include "api/services.hpp"

namespace mb::api {

namespace {

Result<Answer> health(Services& services) {
    const Health now = services.ports.health ? services.ports.health() : Health{};
    Answer out = Services::ok(to_json(now));
    if (now.status == "down") out.status = 503;
    return out;
}

Result<Answer> metrics(Services& services) {
    MetricsWriter writer;
    services.requests.collect(writer);
    writer.gauge("meterbook_event_watchers", "Open event streams.", {},
                 static_cast<std::int64_t>(services.hub.watchers()));
    writer.gauge("meterbook_api_jobs_waiting", "Requests that wait for a worker.", {},
                 static_cast<std::int64_t>(services.workers.waiting()));
    for (const Collector& collector : services.collectors) collector(writer);
    Answer out = Services::ok(writer.take());
    out.headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    return out;
}

Result<void> callback(Services& services, const Call& call, const net::Responder& responder) {
    const ProjectId project{id_of(call.path_part("project"))};
    if (services.ports.callbacks == nullptr || !project) {
        return fail("route.not_found", ErrorKind::not_found);
    }
    services.ports.callbacks->on_callback(
        call.path_part("channel"), project, call.request,
        [responder, secure = services.options.secure_cookie](net::HttpResponse response) {
            add_security_headers(response, secure);
            responder.send(std::move(response));
        });
    return {};
}

}  // namespace

void add_system_routes(Services& services) {
    Route alive;
    alive.method = "GET";
    alive.pattern = "/healthz";
    alive.session = false;
    alive.handle = [&services](const Call&) { return health(services); };
    services.router.add(std::move(alive));

    Route figures;
    figures.method = "GET";
    figures.pattern = "/metrics";
    figures.session = false;
    figures.handle = [&services](const Call&) { return metrics(services); };
    services.router.add(std::move(figures));

    Route paid;
    paid.method = "POST";
    paid.pattern = "/callbacks/{channel}/{project}";
    paid.session = false;
    paid.foreign = true;
    paid.handle_stream = [&services](const Call& call, const net::Responder& responder) {
        return callback(services, call, responder);
    };
    services.router.add(std::move(paid));
}

}  // namespace mb::api
