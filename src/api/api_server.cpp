#include "api/api_server.hpp"

#include <algorithm>

#include "api/front.hpp"
#include "api/problem.hpp"
#include "base/log.hpp"

namespace mb::api {

namespace {

constexpr Duration beat_each = Duration::milliseconds(200);

/// In the demo the code stands on the page: asking for it again and again gives nobody anything.
ApiOptions with_demo_limits(ApiOptions options) {
    if (options.demo) {
        SignInLimits& limits = options.sign_in;
        limits.resend_after = std::min(limits.resend_after, Duration::seconds(5));
        limits.codes_per_hour_max = std::max(limits.codes_per_hour_max, 600);
    }
    return options;
}

}  // namespace

Services::Services(const Ports& wanted, const ApiOptions& chosen)
    : ports(wanted),
      options(with_demo_limits(chosen)),
      codes(options.sign_in),
      sessions(*wanted.people, chosen.sessions, chosen.secure_cookie),
      hub(chosen.events, wanted.now().wall),
      console(chosen.console, "/admin/"),
      directory(ports),
      workers(chosen.workers, chosen.queue_max) {
    add_session_routes(*this);
    add_campus_routes(*this);
    add_order_routes(*this);
    add_command_routes(*this);
    add_event_routes(*this);
    add_system_routes(*this);
}

void Services::later(const Reply& reply, std::function<void()> job) {
    const bool taken = workers.run([reply, job = std::move(job)] {
        try {
            job();
        } catch (const std::exception& broken) {
            reply(fail(error_of(broken)));
        }
    });
    if (!taken) reply(fail(busy()));
}

void Services::submit(const CallPtr& call, engine::Event event, const Reply& reply,
                      std::function<Result<Answer>(const engine::EventOutcome& outcome)> then) {
    ports.engine->submit(
        call->project, std::move(event),
        [this, reply, then = std::move(then)](engine::EventOutcome outcome) {
            if (outcome.refused) {
                reply(fail(for_clients(std::move(outcome.error))));
                return;
            }
            later(reply, [reply, then, outcome = std::move(outcome)] { reply(then(outcome)); });
        });
}

engine::Actor Services::actor(const Call& call) {
    return {engine::ActorKind::staff, call.caller.login.id, call.caller.login.name};
}

Result<std::unique_ptr<ApiServer>> ApiServer::open(net::Reactor& reactor, const ApiOptions& options,
                                                   const Ports& ports) {
    std::unique_ptr<ApiServer> out(
        new ApiServer(reactor, std::make_unique<Services>(ports, options)));
    net::HttpServerOptions http = options.http;
    http.error_response = [secure = options.secure_cookie](int status) {
        net::HttpResponse answer = problem_of_status(status);
        add_security_headers(answer, secure);
        return answer;
    };
    out->server_ = TRY(net::HttpServer::open(
        reactor, http,
        [front = out->front_](net::HttpRequest request, const net::Responder& responder) {
            front->take(std::move(request), responder);
        }));
    out->beat();
    return out;
}

ApiServer::ApiServer(net::Reactor& reactor, std::unique_ptr<Services> services)
    : front_(std::make_shared<Front>(*services)),
      services_(std::move(services)),
      beat_timer_(reactor) {}

ApiServer::~ApiServer() = default;

std::uint16_t ApiServer::port() const { return server_->port(); }
net::HttpServerCounters ApiServer::http_counters() const { return server_->counters(); }

void ApiServer::add_collector(Collector collector) {
    services_->collectors.push_back(std::move(collector));
}

Result<std::string> ApiServer::issue_code(const std::string& phone) {
    return services_->codes.issue(phone, "command line", services_->wall());
}

void ApiServer::on_commit(ProjectId project, const engine::Now&, const engine::Effects& effects) {
    front_->changes.on_commit(project, effects);
}

void ApiServer::beat() {
    front_->changes.beat();
    beat_timer_.after(beat_each, [this] { beat(); });
}

}  // namespace mb::api
