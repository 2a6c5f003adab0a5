#include "api/front.hpp"

#include <algorithm>

#include "api/parameters.hpp"
#include "base/log.hpp"
#include "crypto/digest.hpp"
#include "writer/store.hpp"

namespace mb::api {

namespace {

using SteadyClock = std::chrono::steady_clock;

bool all_utf8(const net::HttpRequest& request) {
    return is_utf8(request.path) &&
           std::all_of(request.query.begin(), request.query.end(), [](const auto& parameter) {
               return is_utf8(parameter.first) && is_utf8(parameter.second);
           });
}

net::HttpResponse response_of(Answer answer) {
    net::HttpResponse out;
    out.status = answer.status;
    out.headers = std::move(answer.headers);
    out.body = std::move(answer.json);
    if (!out.body.empty() && !out.headers.has("content-type")) {
        out.headers.add("Content-Type", "application/json");
    }
    return out;
}

bool good_key(std::string_view key) {
    return key.size() >= 8 && key.size() <= 64 &&
           std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

Error busy() {
    Error out = error("server.busy", ErrorKind::unavailable).with("retry_after_s", "1");
    out.retryable = true;
    return out;
}

Error error_of(const std::exception& broken) {
    log::error("api: {}", broken.what());
    if (dynamic_cast<const writer::StoreUnavailable*>(&broken) == nullptr) {
        return error("internal", ErrorKind::internal);
    }
    Error out = error("store.unavailable", ErrorKind::unavailable).with("retry_after_s", "2");
    out.retryable = true;
    return out;
}

net::HttpResponse ApiServer::Front::serve_console(const net::HttpRequest& request) const {
    net::HttpResponse out;
    if (request.path == "/" || request.path == "/admin") {
        out.status = 307;
        out.headers.add("Location", "/admin/");
        return out;
    }
    out = services_.console.serve(request);
    if (out.status == 404) {
        out.headers.add("Content-Type", "text/plain; charset=utf-8");
        out.body = "404: there is nothing at this address.\n";
    }
    return out;
}

void ApiServer::Front::take(net::HttpRequest request, const net::Responder& responder) {
    const bool secure = services_.options.secure_cookie;
    const auto refuse = [&](const Error& error, std::string_view allow = {}) {
        net::HttpResponse out = problem(error, new_trace_id());
        if (!allow.empty()) {
            out.status = 405;
            out.headers.add("Allow", std::string(allow));
        }
        add_security_headers(out, secure);
        responder.send(std::move(out));
    };
    if (!all_utf8(request)) {
        refuse(error("request.malformed").with("reason", "utf8"));
        return;
    }
    Router::Match match = services_.router.match(request.method, request.path);
    if (match.route != nullptr && match.route->handle_stream && request.method == "HEAD") {
        match.route = nullptr;
        match.allow = "GET";
    }
    if (match.route == nullptr) {
        if (!match.allow.empty()) {
            refuse(error("route.method"), match.allow);
        } else if (request.path.starts_with("/api/")) {
            refuse(error("route.not_found", ErrorKind::not_found));
        } else {
            net::HttpResponse out = serve_console(request);
            add_security_headers(out, secure);
            responder.send(std::move(out));
        }
        return;
    }
    auto call = std::make_shared<Call>();
    call->request = std::move(request);
    call->path = std::move(match.path);
    call->trace_id = new_trace_id();
    const bool taken = services_.workers.run(
        [this, route = match.route, call, responder] { run(*route, call, responder); });
    if (!taken) refuse(busy());
}

void ApiServer::Front::run(const Route& route, const std::shared_ptr<Call>& call,
                           const net::Responder& responder) {
    const auto started = SteadyClock::now();
    const Reply reply([this, &route, call, responder, started](Result<Answer> answer) {
        const auto took =
            std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - started);
        net::HttpResponse out;
        if (answer) {
            out = response_of(std::move(*answer));
        } else {
            if (status_of(answer.error().kind) >= 500) {
                log::warn("api: {} {}: {} (trace {})", route.method, route.pattern,
                          answer.error().text(), call->trace_id);
            }
            out = problem(answer.error(), call->trace_id);
        }
        add_security_headers(out, services_.options.secure_cookie);
        services_.requests.note(route.method + " " + route.pattern, out.status,
                                Duration{took.count()});
        responder.send(std::move(out));
    });
    try {
        if (auto admitted = admit(route, *call); !admitted) {
            reply(fail(std::move(admitted).error()));
        } else if (route.handle_stream) {
            if (auto taken_over = route.handle_stream(*call, responder); taken_over) {
                reply.hand_over();
                services_.requests.note(route.method + " " + route.pattern, 200, {});
            } else {
                reply(fail(std::move(taken_over).error()));
            }
        } else if (route.idempotent) {
            run_once(route, call, reply);
        } else {
            dispatch(route, call, reply);
        }
    } catch (const std::exception& broken) {
        reply(fail(error_of(broken)));
    }
}

Result<void> ApiServer::Front::admit(const Route& route, Call& call) {
    if (route.session) {
        call.caller = TRY(services_.sessions.find(call.request, services_.wall()));
    }
    if (route.writes() && !route.foreign) TRY_VOID(check_origin(call.request));
    if (route.writes() && route.session) TRY_VOID(check_csrf(call.request, call.caller));
    if (route.project) TRY_VOID(admit_project(route, call));
    if (!route.foreign) TRY_VOID(check_query(route, call.request));
    return {};
}

/// A project that the caller may not see looks like one that does not exist.
Result<void> ApiServer::Front::admit_project(const Route&, Call& call) {
    const auto in_path = call.path.find("project");
    const std::string text = in_path != call.path.end()
                                 ? in_path->second
                                 : call.request.parameter("project").value_or("");
    const ProjectId project{id_of(text)};
    const auto& own = call.caller.login.projects;
    auto config = std::find(own.begin(), own.end(), project) != own.end()
                      ? services_.ports.reads->open()->project(project)
                      : std::nullopt;
    if (!project || !config) return fail("project.not_found", ErrorKind::not_found);
    call.project = project;
    call.config = std::move(*config);
    return {};
}

void ApiServer::Front::dispatch(const Route& route, const std::shared_ptr<Call>& call,
                                const Reply& reply) {
    if (route.handle) {
        reply(route.handle(*call));
    } else {
        route.handle_later(call, reply);
    }
}

void ApiServer::Front::run_once(const Route& route, const std::shared_ptr<Call>& call,
                                const Reply& reply) {
    const std::string key(call->request.headers.get("idempotency-key"));
    if (!good_key(key)) {
        reply(fail("idempotency.key_required"));
        return;
    }
    const LoginId login = call->caller.login.id;
    const Key claim{call->project, login, key};
    {
        const std::lock_guard lock(mutex_);
        if (!under_way_.insert(claim).second) {
            Error wait =
                error("idempotency.in_progress", ErrorKind::conflict).with("retry_after_s", "1");
            wait.retryable = true;
            reply(fail(std::move(wait)));
            return;
        }
    }
    const crypto::Digest body_hash = crypto::sha256(call->request.method + "\n" +
                                                    call->request.path + "\n" + call->request.body);
    const Reply once([this, call, reply, claim, key, body_hash](Result<Answer> answer) {
        if (answer && !answer->headers.has("idempotent-replayed")) {
            const auto kept = keep(*call, key, body_hash, *answer);
            if (!kept) {
                answer = fail(kept.error());
            }
        }
        {
            const std::lock_guard lock(mutex_);
            under_way_.erase(claim);
        }
        reply(std::move(answer));
    });
    try {
        const auto kept = services_.ports.answers->find(call->project, login, key);
        if (kept && kept->body_hash != body_hash) {
            once(fail("idempotency.conflict", ErrorKind::conflict));
        } else if (kept) {
            once(Answer{kept->status, kept->body, {{"Idempotent-Replayed", "true"}}});
        } else {
            call->idempotency = "api:" + login.text() + ":" + key;
            dispatch(route, call, once);
        }
    } catch (const std::exception& broken) {
        once(fail(error_of(broken)));  // before it goes out of sight and says `internal`
    }
}

/// What was asked is committed, but an answer that is not kept must not go out: a repeat would get
/// another one. The client asks again, and the engine knows the key.
Result<void> ApiServer::Front::keep(const Call& call, const std::string& key,
                                    const crypto::Digest& body_hash, const Answer& answer) {
    try {
        services_.ports.answers->keep(call.project, call.caller.login.id, key,
                                      {body_hash, answer.status, answer.json, services_.wall()});
        return {};
    } catch (const std::exception& broken) {
        log::error("api: an answer could not be kept: {}", broken.what());
        return fail(error_of(broken));
    }
}

}  // namespace mb::api
