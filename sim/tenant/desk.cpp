#include "sim/tenant/desk.hpp"

#include <algorithm>
#include <optional>

#include "base/json.hpp"
#include "net/http.hpp"

namespace mb::sim::tenant {
namespace {

/// Body of POST …/orders.
struct OrderRequest {
    std::string meter_id;
    Money amount;
    std::string channel;
};
MB_DESCRIBE(OrderRequest, (meter_id, amount, channel))

/// A text member of an object, or nothing.
std::optional<std::string> text_at(const JsonNode& node, std::string_view key) {
    if (node.type() != JsonNode::Type::object) return std::nullopt;
    const auto child = node.find(key);
    if (!child || child->type() != JsonNode::Type::string) return std::nullopt;
    return std::string(child->string());
}

/// "name=value" of the session cookie in an answer.
std::string session_cookie(const net::HttpResponse& answer) {
    for (const auto& [name, value] : answer.headers) {
        constexpr std::string_view wanted = "meterbook_session=";
        if (value.starts_with(wanted)) return value.substr(0, value.find(';'));
    }
    return "";
}

}  // namespace

enum class Desk::Step : int { ask_code, sign_in, find_meter, order, await_cashier, pay };

namespace {
constexpr std::string_view step_names[] = {"code",  "sign_in",       "meter",
                                           "order", "await_cashier", "pay"};
}

struct Desk::Session {
    std::string cookie;  // "" = not signed in
    std::string csrf;
    std::string code;             // demo code, waiting to be used
    std::shared_ptr<Job> opener;  // signs in for all who wait
};

struct Desk::Job {
    Payment payment;
    OnDone on_done;
    std::string order_no;
    std::string pay_url;
    bool paid = false;
    int refusals = 0;
    net::Timer timer;

    Job(net::Reactor& reactor, Payment what, OnDone call)
        : payment(std::move(what)), on_done(std::move(call)), timer(reactor) {}
};

Desk::Desk(net::Reactor& reactor, DeskOptions options)
    : reactor_(reactor), options_(std::move(options)), worker_(reactor, 2) {}

Desk::~Desk() = default;

void Desk::pay(Payment payment, OnDone on_done) {
    auto job = std::make_shared<Job>(reactor_, std::move(payment), std::move(on_done));
    jobs_.push_back(job);
    job->timer.after({}, [this, raw = std::weak_ptr(job)] {
        if (const auto self = raw.lock()) proceed(self);
    });
}

void Desk::proceed(const std::shared_ptr<Job>& job) {
    Session& session = sessions_[job->payment.phone];
    if (session.cookie.empty()) return sign_in(job, session);
    if (!meter_ids_.contains(job->payment.meter)) return send(job, Step::find_meter);
    if (job->order_no.empty()) return send(job, Step::order);
    if (job->pay_url.empty()) return send(job, Step::await_cashier);
    send(job, Step::pay);
}

void Desk::sign_in(const std::shared_ptr<Job>& job, Session& session) {
    if (session.opener && session.opener != job) {
        // Somebody with the same phone is at it: look again soon.
        job->timer.after(options_.backoff, [this, raw = std::weak_ptr(job)] {
            if (const auto self = raw.lock()) proceed(self);
        });
        return;
    }
    session.opener = job;
    send(job, session.code.empty() ? Step::ask_code : Step::sign_in);
}

void Desk::send(const std::shared_ptr<Job>& job, Step step) {
    const Session& session = sessions_[job->payment.phone];
    const std::string api = options_.api_base + "/api/v1";
    const std::string project = api + "/projects/" + net::percent_encode(options_.project);
    net::HttpCall call;
    call.method = "POST";
    if (!session.cookie.empty()) call.headers.set("Cookie", session.cookie);
    if (!session.csrf.empty()) call.headers.set("X-CSRF-Token", session.csrf);
    switch (step) {
        case Step::ask_code:
            call.url = api + "/auth/code";
            call.body = "{\"phone\":" + to_json(job->payment.phone) + "}";
            break;
        case Step::sign_in:
            call.url = api + "/auth/sign-in";
            call.body = "{\"phone\":" + to_json(job->payment.phone) +
                        ",\"code\":" + to_json(session.code) + "}";
            break;
        case Step::find_meter:
            call.method = "GET";
            call.url = project + "/meters?q=" + net::percent_encode(job->payment.meter);
            break;
        case Step::order:
            call.url = project + "/orders";
            call.headers.set("Idempotency-Key", job->payment.key);
            call.body = to_json(
                OrderRequest{meter_ids_[job->payment.meter], job->payment.amount, "sandbox"});
            break;
        case Step::await_cashier:
            call.method = "GET";
            call.url = project + "/orders/" + net::percent_encode(job->order_no);
            break;
        case Step::pay:  // the cashier is another host: no session, no token
            call.url = job->pay_url;
            call.headers = {};
            call.headers.set("Accept", "application/json");
            break;
    }
    if (!call.body.empty()) call.headers.set("Content-Type", "application/json");
    worker_.call(std::move(call), [this, job, step](Result<net::HttpResponse> answer) {
        on_answer(job, step, std::move(answer));
    });
}

void Desk::on_answer(const std::shared_ptr<Job>& job, Step step, Result<net::HttpResponse> answer) {
    Session& session = sessions_[job->payment.phone];
    if (!answer) return retry(job, step, answer.error().code);
    const int status = answer->status;
    if (status >= 500 || status == 429 || status == 408) {
        return retry(job, step, std::to_string(status));
    }
    if (status == 401) {  // session or code no longer good: begin anew
        session.cookie.clear();
        session.csrf.clear();
        session.code.clear();
        return retry(job, step, "401");
    }
    if (status >= 400) {
        std::string code;
        if (const auto document = JsonDocument::parse(answer->body)) {
            code = text_at(document->root(), "code").value_or("");
        }
        return finish(job, fail(error("tenant.refused")
                                    .with("step", std::string(step_names[static_cast<int>(step)]))
                                    .with("status", std::to_string(status))
                                    .with("code", code)));
    }
    if (auto learnt = learn(*job, step, *answer); !learnt) return finish(job, std::move(learnt));
    if (!session.cookie.empty()) session.opener.reset();
    if (job->paid) return finish(job, {});
    if (step == Step::await_cashier && job->pay_url.empty()) {
        return retry(job, step, "no cashier yet");
    }
    proceed(job);
}

Result<void> Desk::learn(Job& job, Step step, const net::HttpResponse& answer) {
    Session& session = sessions_[job.payment.phone];
    if (step == Step::pay) {
        job.paid = true;
        return {};
    }
    const JsonDocument document = TRY(JsonDocument::parse(answer.body));
    const JsonNode root = document.root();
    switch (step) {
        case Step::ask_code: {
            const auto code = text_at(root, "demo_code");
            if (!code) return fail("tenant.no_demo_code");
            session.code = *code;
            return {};
        }
        case Step::sign_in:
            session.code.clear();
            session.cookie = session_cookie(answer);
            session.csrf = text_at(root, "csrf").value_or("");
            if (session.cookie.empty()) return fail("tenant.no_session");
            return {};
        case Step::find_meter: {
            const auto items = root.find("items");
            for (std::size_t i = 0; items && i < items->size(); ++i) {
                const JsonNode item = items->at(i);
                const auto id = text_at(item, "id");
                if (id && text_at(item, "code") == job.payment.meter) {
                    meter_ids_[job.payment.meter] = *id;
                    return {};
                }
            }
            return fail(error("tenant.no_such_meter").with("meter", job.payment.meter));
        }
        default:
            job.order_no = text_at(root, "no").value_or(job.order_no);
            job.pay_url = text_at(root, "pay_url").value_or("");
            // A replayed order that somebody has paid already: nothing is left to do.
            const auto paid_at = text_at(root, "paid_at");
            job.paid = paid_at && !paid_at->empty();
            return {};
    }
}

void Desk::retry(const std::shared_ptr<Job>& job, Step step, const std::string& why) {
    if (++job->refusals > options_.attempts_max) {
        return finish(job, fail(error("tenant.gave_up")
                                    .with("step", std::string(step_names[static_cast<int>(step)]))
                                    .with("last", why)));
    }
    const Duration wait = options_.backoff * (1 << std::min(job->refusals - 1, 4));
    job->timer.after(wait, [this, raw = std::weak_ptr(job)] {
        if (const auto self = raw.lock()) proceed(self);
    });
}

void Desk::finish(const std::shared_ptr<Job>& job, Result<void> result) {
    Session& session = sessions_[job->payment.phone];
    if (session.opener == job) session.opener.reset();
    std::erase(jobs_, job);
    job->on_done(std::move(result));
}

}  // namespace mb::sim::tenant
