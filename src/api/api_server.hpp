// The API over HTTP (api/openapi.yaml), the console's files, the callbacks of payment channels,
// /healthz and /metrics. Requests come on the reactor's thread and are worked on by a few threads
// of its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "api/event_hub.hpp"
#include "api/metrics.hpp"
#include "api/ports.hpp"
#include "api/session.hpp"
#include "api/sign_in.hpp"
#include "net/http_server.hpp"
#include "net/reactor.hpp"

namespace mb::api {

struct ApiOptions {
    net::HttpServerOptions http;
    std::filesystem::path console;  // the built console; "" = none
    bool demo = false;              // sign-in codes come back in the answer; never without --demo
    bool secure_cookie = true;      // false only on loopback and with --demo
    std::vector<std::string> channels;  // that orders may name
    SignInLimits sign_in;
    SessionLimits sessions;
    HubLimits events;
    std::size_t workers = 3;
    std::size_t queue_max = 1024;
    Duration order_wait =
        Duration::seconds(2);  // wall; how long a new order waits for its pay address
};

struct Services;

class ApiServer {
public:
    /// `reactor` and what `ports` points to outlive it. Errors: as net::HttpServer::open.
    static Result<std::unique_ptr<ApiServer>> open(net::Reactor& reactor, const ApiOptions& options,
                                                   const Ports& ports);
    /// On the reactor's thread, or when it does not run. Ends the workers. The engine door has
    /// answered all it was asked (the writer is stopped), or answers no more.
    ~ApiServer();
    ApiServer(const ApiServer&) = delete;
    ApiServer& operator=(const ApiServer&) = delete;

    [[nodiscard]] std::uint16_t port() const;

    /// To be called after each commit, on the writer's thread; quick, never blocks.
    void on_commit(ProjectId project, const engine::Now& now, const engine::Effects& effects);
    /// A sign-in code for `meterbook user code`; any thread. Errors: auth.rate_limited
    /// {retry_after_s}.
    Result<std::string> issue_code(const std::string& phone);
    /// Figures of other rooms for /metrics; before the reactor runs.
    void add_collector(Collector collector);
    [[nodiscard]] net::HttpServerCounters http_counters() const;

private:
    ApiServer(net::Reactor& reactor, std::unique_ptr<Services> services);
    void beat();

    struct Front;
    std::shared_ptr<Front> front_;  // before the services: their workers use it to the end
    std::unique_ptr<Services> services_;
    net::Timer beat_timer_;
    std::unique_ptr<net::HttpServer> server_;
};

}  // namespace mb::api
