#include "sim/channel/server.hpp"

#include "base/binary.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "sim/channel/cashier_page.hpp"
#include "sim/channel/signature.hpp"
#include "sim/channel/state_file.hpp"

#include <algorithm>
#include <chrono>

namespace mb::sim::channel {
namespace {

constexpr std::uint8_t state_version = 1;

/// Answer to GET /v1/orders/{no}.
struct OrderView {
    std::string merchant;
    std::string project;
    std::string order_no;
    std::int64_t amount_fen = 0;
    PayState state = PayState::unpaid;
    std::optional<std::string> transaction_id;
    std::optional<std::int64_t> paid_amount_fen;
    std::optional<Instant> paid_at;
    std::optional<std::string> event_id;
};
MB_DESCRIBE(OrderView, (merchant, project, order_no, amount_fen, state, transaction_id,
                        paid_amount_fen, paid_at, event_id))

struct PrepayAnswer {
    std::string order_no;
    PayState state = PayState::unpaid;
    std::string pay_url;
};
MB_DESCRIBE(PrepayAnswer, (order_no, state, pay_url))

struct PayAnswer {
    std::string order_no;
    PayState state = PayState::unpaid;
};
MB_DESCRIBE(PayAnswer, (order_no, state))

OrderView view_of(const ChannelOrder& order) {
    OrderView out{order.request.merchant,
                  order.request.project,
                  order.request.order_no,
                  order.request.amount_fen,
                  order.state,
                  {},
                  {},
                  {},
                  {}};
    if (order.state == PayState::paid) {
        out.transaction_id = order.transaction_id;
        out.paid_amount_fen = order.paid_amount_fen;
        out.paid_at = order.paid_at;
        out.event_id = order.event_id;
    }
    return out;
}

Instant wall_now() {
    using namespace std::chrono;
    return {duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()};
}

net::HttpResponse json(int status, std::string body) {
    return {status,
            {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
            std::move(body),
            nullptr};
}

net::HttpResponse problem(const Error& e) {
    int status = 400;
    if (e.kind == ErrorKind::unauthorized) status = 401;
    if (e.kind == ErrorKind::not_found) status = 404;
    if (e.kind == ErrorKind::conflict) status = 409;
    std::string body = "{\"code\":";
    append_json(body, e.code);
    for (const auto& [name, value] : e.params) {
        body += ',';
        append_json(body, name);
        body += ':';
        append_json(body, value);
    }
    return json(status, body + "}");
}

net::HttpResponse wrong_method(std::string_view allowed) {
    net::HttpResponse out = json(405, "{\"code\":\"request.method\"}");
    out.headers.set("Allow", std::string(allowed));
    return out;
}

/// "/v1/orders/NO/close" after "/v1/orders/": {"NO", "close"}.
std::pair<std::string_view, std::string_view> split(std::string_view rest) {
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) return {rest, {}};
    return {rest.substr(0, slash), rest.substr(slash + 1)};
}

Result<ChannelState> restore(const std::filesystem::path& path) {
    if (path.empty()) return ChannelState{};
    const auto content = read_file(path);
    if (!content) return ChannelState{};
    if (content->empty() || content->front() != state_version)
        return fail("channel.bad_state_file");
    auto state = from_binary<ChannelState>(ByteView(*content).subspan(1));
    if (!state) return fail("channel.bad_state_file");
    return state;
}

}  // namespace

ChannelServer::ChannelServer(net::Reactor& reactor, ServerOptions options, ChannelState state)
    : reactor_(reactor),
      options_(std::move(options)),
      channel_(options_.secret, std::move(state)),
      due_(reactor),
      worker_(reactor, 2) {}

ChannelServer::~ChannelServer() = default;

Result<std::unique_ptr<ChannelServer>> ChannelServer::open(net::Reactor& reactor,
                                                           ServerOptions options) {
    ChannelState state = TRY(restore(options.state_file));
    std::unique_ptr<ChannelServer> out(
        new ChannelServer(reactor, std::move(options), std::move(state)));
    net::HttpServerOptions http;
    http.address = out->options_.address;
    http.port = out->options_.port;
    http.body_bytes_max = 64U << 10;
    out->http_ = TRY(net::HttpServer::open(
        reactor, http, [server = out.get()](net::HttpRequest request, net::Responder responder) {
            responder.send(server->serve(request));
        }));
    if (out->options_.public_base.empty()) {
        out->options_.public_base =
            "http://" + out->options_.address + ":" + std::to_string(out->port());
    }
    out->due_.after({}, [server = out.get()] { server->send_due(); });  // owed from before
    return out;
}

net::HttpResponse ChannelServer::serve(const net::HttpRequest& request) {
    if (request.path.starts_with("/v1/")) return serve_merchant(request);
    return serve_cashier(request);
}

net::HttpResponse ChannelServer::serve_merchant(const net::HttpRequest& request) {
    const auto genuine =
        verify(options_.secret, request.headers.get("Meterbook-Timestamp"),
               request.headers.get("Meterbook-Signature"), request.body, wall_now().us / 1'000'000);
    if (!genuine) return problem(genuine.error());
    const bool post = request.method == "POST";
    if (request.path == "/v1/orders") {
        if (!post) return wrong_method("POST");
        const auto prepay = from_json<PrepayRequest>(request.body);
        if (!prepay) return problem(prepay.error());
        const auto order = channel_.create(*prepay);
        if (!order) return problem(order.error());
        save();
        return json(
            200, to_json(PrepayAnswer{prepay->order_no, order->state, pay_url(prepay->order_no)}));
    }
    if (request.path == "/v1/faults") {
        if (!post) return wrong_method("POST");
        const auto faults = from_json<ChannelFaults>(request.body);
        if (!faults) return problem(faults.error());
        channel_.set_faults(*faults);
        save();
        return json(200, to_json(*faults));
    }
    constexpr std::string_view orders = "/v1/orders/";
    if (!request.path.starts_with(orders)) {
        return problem(error("request.no_such_path", ErrorKind::not_found));
    }
    const auto [order_no, action] = split(std::string_view(request.path).substr(orders.size()));
    if (action.empty()) {
        if (request.method != "GET") return wrong_method("GET");
        const auto order = channel_.query(order_no);
        return order ? json(200, to_json(view_of(*order))) : problem(order.error());
    }
    if (action != "close") return problem(error("request.no_such_path", ErrorKind::not_found));
    if (!post) return wrong_method("POST");
    const auto closed = channel_.close(order_no);
    if (!closed) return problem(closed.error());
    save();
    return {204, {}, "", nullptr};
}

net::HttpResponse ChannelServer::serve_cashier(const net::HttpRequest& request) {
    if (request.path == "/cashier.css") return style_sheet();
    if (request.path == "/healthz") return json(200, "{\"status\":\"ok\"}");
    constexpr std::string_view cashier = "/pay/";
    if (!request.path.starts_with(cashier)) return unknown_order_page();
    const std::string_view order_no = std::string_view(request.path).substr(cashier.size());
    if (request.method == "POST") return pay(request, order_no);
    if (request.method != "GET" && request.method != "HEAD") return wrong_method("GET, POST");
    const auto order = channel_.query(order_no);
    return order ? order_page(*order) : unknown_order_page();
}

net::HttpResponse ChannelServer::pay(const net::HttpRequest& request, std::string_view order_no) {
    // Only the cashier's own page, or a program that is no browser, may press the button.
    const std::string_view origin = request.headers.get("Origin");
    const std::string host(request.headers.get("Host"));
    if (!origin.empty() && origin != "http://" + host && origin != "https://" + host) {
        return json(403, "{\"code\":\"request.foreign_origin\"}");
    }
    const auto before = channel_.query(order_no);
    const auto order = channel_.pay(order_no, wall_now());
    if (!order) return problem(order.error());
    if (before->state != PayState::paid) {
        save();
        send_due();
        log::info("sandbox channel: order {} paid, {} fen", order->request.order_no,
                  order->paid_amount_fen);
    }
    if (request.headers.get("Accept").find("application/json") != std::string_view::npos) {
        return json(200, to_json(PayAnswer{order->request.order_no, order->state}));
    }
    return {303, {{"Location", "/pay/" + order->request.order_no}}, "", nullptr};
}

std::string ChannelServer::pay_url(const std::string& order_no) const {
    return options_.public_base + "/pay/" + order_no;
}

void ChannelServer::save() {
    if (options_.state_file.empty()) return;
    Bytes content{state_version};
    ByteWriter writer(content);
    write_binary(writer, channel_.state());
    replace_file(options_.state_file, content, true);
}

void ChannelServer::send_due() {
    for (Callback& callback : channel_.take_due(wall_now())) {
        net::HttpCall call;
        call.method = "POST";
        call.url = callback.url;
        call.timeout = options_.callback_timeout;
        call.body = callback.body;
        call.headers = {{"Content-Type", "application/json"},
                        {"Meterbook-Timestamp", callback.timestamp},
                        {"Meterbook-Signature", callback.signature}};
        worker_.call(std::move(call), [this, id = callback.id, order_no = callback.order_no](
                                          Result<net::HttpResponse> answer) {
            const int status = answer ? answer->status : 0;
            if (status != 200 && status != 204) {
                log::warn("sandbox channel: callback of order {} answered {}", order_no,
                          answer ? std::to_string(status) : answer.error().text());
            }
            channel_.answered(id, status, wall_now());
            save();
            send_due();
        });
    }
    if (const auto next = channel_.next_due()) {
        const Duration wait{std::max<std::int64_t>(0, (*next - wall_now()).us)};
        due_.after(wait, [this] { send_due(); });
    } else {
        due_.cancel();
    }
}

}  // namespace mb::sim::channel
