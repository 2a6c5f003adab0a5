#include "payment/sandbox/sandbox.hpp"

#include "base/json.hpp"
#include "crypto/digest.hpp"

namespace mb::payment::sandbox {

namespace {

constexpr std::int64_t signature_good_s = 300;

struct CreateBody {
    std::string merchant;
    std::string project;
    std::string order_no;
    std::int64_t amount_fen = 0;
    std::string currency = "CNY";
    std::string notify_url;
    std::string description;
};
MB_DESCRIBE(CreateBody,
            (merchant, project, order_no, amount_fen, currency, notify_url, description))

struct CreateAnswer {
    std::string order_no;
    std::string state;
    std::string pay_url;
};
MB_DESCRIBE(CreateAnswer, (order_no, state, pay_url))

struct QueryBody {
    std::string merchant;
    std::string project;
    std::string order_no;
    std::int64_t amount_fen = 0;
    std::string state;
    std::optional<std::string> transaction_id;
    std::optional<std::int64_t> paid_amount_fen;
    std::optional<Instant> paid_at;
    std::optional<std::string> event_id;
};
MB_DESCRIBE(QueryBody, (merchant, project, order_no, amount_fen, state, transaction_id,
                        paid_amount_fen, paid_at, event_id))

struct CallbackBody {
    std::string event_id;
    std::string event_type;
    std::string channel;
    std::string merchant;
    std::string project;
    std::string order_no;
    std::string transaction_id;
    std::int64_t amount_fen = 0;
    std::string currency;
    Instant paid_at;
};
MB_DESCRIBE(CallbackBody, (event_id, event_type, channel, merchant, project, order_no,
                           transaction_id, amount_fen, currency, paid_at))

struct ProblemBody {
    std::string code;
};
MB_DESCRIBE(ProblemBody, (code))

std::string signature_of(const std::string& secret, const std::string& timestamp,
                         std::string_view body) {
    std::string message = timestamp + "\n";
    message += body;
    return crypto::hex_lower(crypto::hmac_sha256(secret, message));
}

Error refused(const net::HttpResponse& response) {
    const auto problem = from_json<ProblemBody>(response.body);
    Error out = error("payment.refused", ErrorKind::unprocessable)
                    .with("status", std::to_string(response.status))
                    .with("code", problem ? problem->code : "");
    return out;
}

/// 5xx and unreadable answers leave the outcome unknown.
Error unknown(const std::string& why) {
    Error out = error("payment.unknown_outcome", ErrorKind::unavailable).with("why", why);
    out.retryable = true;
    return out;
}

Result<QueryAnswer> read_state(const std::string& body) {
    const auto answer = from_json<QueryBody>(body);
    if (!answer) {
        return fail(unknown(answer.error().text()));
    }
    QueryAnswer out;
    if (answer->state == "closed") {
        out.state = ChannelState::closed;
    } else if (answer->state == "paid") {
        if (!answer->transaction_id || !answer->paid_amount_fen || !answer->paid_at ||
            !answer->event_id) {
            return fail(unknown("paid without its facts"));
        }
        out.state = ChannelState::paid;
        out.fact = {*answer->event_id, *answer->transaction_id, answer->order_no,
                    Money{*answer->paid_amount_fen}, *answer->paid_at};
    }
    return out;
}

}  // namespace

SandboxChannel::SandboxChannel(SandboxConfig config, std::function<Instant()> wall_clock)
    : config_(std::move(config)), wall_clock_(std::move(wall_clock)) {}

Result<net::HttpResponse> SandboxChannel::call(const std::string& method, const std::string& path,
                                               const std::string& body) {
    const std::string timestamp = std::to_string(wall_clock_().us / 1'000'000);
    net::HttpCall call;
    call.method = method;
    call.url = config_.base_url + path;
    call.body = body;
    call.timeout = config_.timeout;
    call.headers.set("Content-Type", "application/json");
    call.headers.set("Meterbook-Timestamp", timestamp);
    call.headers.set("Meterbook-Signature", signature_of(config_.secret, timestamp, body));
    const std::lock_guard<std::mutex> lock(mutex_);
    auto response = client_.call(call);
    if (!response) {
        return fail(unknown(response.error().text()));
    }
    if (response->status >= 500) {
        return fail(unknown("status " + std::to_string(response->status)));
    }
    return response;
}

Result<std::string> SandboxChannel::create(const PayOrder& order) {
    CreateBody body;
    body.merchant = config_.merchant;
    body.project = order.project.text();
    body.order_no = order.order_no;
    body.amount_fen = order.amount.fen;
    body.notify_url = order.notify_url;
    body.description = order.description;
    const net::HttpResponse response = TRY(call("POST", "/v1/orders", to_json(body)));
    if (response.status != 200) {
        return fail(refused(response));
    }
    const auto answer = from_json<CreateAnswer>(response.body);
    if (!answer) {
        return fail(unknown(answer.error().text()));
    }
    return answer->pay_url;
}

Result<QueryAnswer> SandboxChannel::query(const std::string& order_no) {
    const net::HttpResponse response =
        TRY(call("GET", "/v1/orders/" + net::percent_encode(order_no), ""));
    if (response.status == 404) {
        return QueryAnswer{};  // never created there: unpaid
    }
    if (response.status != 200) {
        return fail(refused(response));
    }
    return read_state(response.body);
}

Result<QueryAnswer> SandboxChannel::close(const std::string& order_no) {
    const net::HttpResponse response =
        TRY(call("POST", "/v1/orders/" + net::percent_encode(order_no) + "/close", ""));
    if (response.status == 204 || response.status == 404) {
        return QueryAnswer{ChannelState::closed, {}};
    }
    if (response.status == 409) {
        return query(order_no);  // paid in the meantime
    }
    return fail(refused(response));
}

Result<PaymentFact> SandboxChannel::verify(const net::HttpHeaders& headers, std::string_view body,
                                           ProjectId project, Instant wall_now) const {
    const std::string timestamp(headers.get("Meterbook-Timestamp"));
    const std::string expected = signature_of(config_.secret, timestamp, body);
    if (!crypto::equal_constant_time(expected, headers.get("Meterbook-Signature"))) {
        return fail("payment.bad_signature", ErrorKind::unauthorized);
    }
    const auto seconds = parse_decimal(timestamp, 0);
    const std::int64_t age = seconds ? wall_now.us / 1'000'000 - *seconds : signature_good_s + 1;
    if (age > signature_good_s || age < -signature_good_s) {
        return fail("payment.stale_timestamp", ErrorKind::unauthorized);
    }
    const auto fact = from_json<CallbackBody>(body);
    if (!fact || fact->transaction_id.empty() || fact->event_id.empty() || fact->amount_fen <= 0 ||
        fact->currency != "CNY") {
        return fail("payment.malformed");
    }
    if (fact->merchant != config_.merchant || fact->channel != name_ ||
        fact->project != project.text()) {
        return fail("payment.other_merchant", ErrorKind::unauthorized);
    }
    if (fact->event_type != "payment.succeeded") {
        return fail("payment.ignored");
    }
    return PaymentFact{fact->event_id, fact->transaction_id, fact->order_no,
                       Money{fact->amount_fen}, fact->paid_at};
}

}  // namespace mb::payment::sandbox
