// Sign-in, sign-out, who am I.
#include "api/parameters.hpp"
#include "api/services.hpp"
#include "base/log.hpp"

namespace mb::api {

namespace {

bool is_phone(std::string_view text) {
    return text.size() == 11 && text.front() == '1' &&
           text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string me_json(Services& services, const Caller& caller) {
    dto::Me out;
    out.user = {caller.login.id.text(), caller.login.name, masked_phone(caller.login.phone)};
    const auto reads = services.ports.reads->open();
    const engine::Now now = services.ports.now();
    engine::ProjectConfig first;
    for (const ProjectId project : caller.login.projects) {
        auto config = reads->project(project);
        if (!config) continue;
        out.projects.push_back({project.text(), config->name});
        if (out.projects.size() == 1) first = std::move(*config);
    }
    out.csrf = caller.csrf;
    out.demo = services.options.demo;
    out.clock = Presenter(first).clock(now);
    return to_json(out);
}

Result<Answer> request_code(Services& services, const Call& call) {
    const auto body = TRY(body_of<dto::CodeRequest>(call.request));
    if (!is_phone(body.phone)) return fail(invalid_body("/phone", "pattern"));
    std::string code = TRY(services.codes.issue(body.phone, call.request.peer, services.wall()));
    dto::CodeAnswer out;
    out.resend_after_s = services.options.sign_in.resend_after.us / 1'000'000;
    if (services.options.demo) {
        log::info("demo: the sign-in code of {} is {}", body.phone, code);
        out.demo_code = std::move(code);
    }
    return Services::ok(to_json(out));
}

Result<Answer> sign_in(Services& services, const Call& call) {
    const auto body = TRY(body_of<dto::SignInRequest>(call.request));
    if (!is_phone(body.phone)) return fail(invalid_body("/phone", "pattern"));
    if (body.code.size() != 6 || id_of("1" + body.code) == 0) {
        return fail(invalid_body("/code", "pattern"));
    }
    const Instant wall = services.wall();
    const auto login = services.ports.people->login_by_phone(body.phone);
    auto redeemed = services.codes.redeem(body.phone, body.code, call.request.peer, wall);
    const bool limited = !redeemed && redeemed.error().code == "auth.rate_limited";
    if (!redeemed && !limited && login &&
        services.ports.people->redeem_stored_code(login->id, body.code, wall)) {
        redeemed = {};
    }
    if (!redeemed) return fail(std::move(redeemed).error());
    if (!login || login->disabled || login->projects.empty()) {
        return fail(services.codes.refuse(body.phone, call.request.peer, wall));
    }
    services.sessions.purge(wall);
    Sessions::Opened opened = services.sessions.open(*login, wall);
    Answer out = Services::ok(me_json(services, opened.caller));
    out.headers.add("Set-Cookie", std::move(opened.set_cookie));
    log::info("api: login {} signed in from {}", login->id.text(), call.request.peer);
    return out;
}

}  // namespace

void add_session_routes(Services& services) {
    Route code;
    code.method = "POST";
    code.pattern = "/api/v1/auth/code";
    code.session = false;
    code.handle = [&services](const Call& call) { return request_code(services, call); };
    services.router.add(std::move(code));

    Route in;
    in.method = "POST";
    in.pattern = "/api/v1/auth/sign-in";
    in.session = false;
    in.handle = [&services](const Call& call) { return sign_in(services, call); };
    services.router.add(std::move(in));

    Route out;
    out.method = "POST";
    out.pattern = "/api/v1/auth/sign-out";
    out.handle = [&services](const Call& call) -> Result<Answer> {
        Answer answer;
        answer.status = 204;
        answer.headers.add("Set-Cookie", services.sessions.end(call.caller));
        services.hub.drop(call.caller.token_hash);
        return answer;
    };
    services.router.add(std::move(out));

    Route me;
    me.method = "GET";
    me.pattern = "/api/v1/me";
    me.handle = [&services](const Call& call) -> Result<Answer> {
        return Services::ok(me_json(services, call.caller));
    };
    services.router.add(std::move(me));
}

}  // namespace mb::api
