#include "net/http_server.hpp"

#include <boost/asio/steady_timer.hpp>

#include "base/log.hpp"
#include "net/http_connection.hpp"

namespace mb::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

struct HttpServer::State : std::enable_shared_from_this<HttpServer::State> {
    explicit State(std::shared_ptr<HttpServerShared> parts)
        : shared(std::move(parts)), acceptor(shared->reactor->io()), pause(shared->reactor->io()) {}

    error_code listen() {
        error_code code;
        const auto address = asio::ip::make_address(shared->options.address, code);
        if (code) return code;
        const tcp::endpoint endpoint(address, shared->options.port);
        acceptor.open(endpoint.protocol(), code);
        if (!code) acceptor.set_option(tcp::acceptor::reuse_address(true), code);
        if (!code) acceptor.bind(endpoint, code);
        if (!code) acceptor.listen(tcp::acceptor::max_listen_connections, code);
        if (!code) port = acceptor.local_endpoint(code).port();
        return code;
    }

    void accept() {
        acceptor.async_accept(
            [self = shared_from_this()](const error_code& code, tcp::socket socket) {
                if (!self->acceptor.is_open()) return;
                if (code) {
                    self->wait_and_accept(code);
                    return;
                }
                self->admit(std::move(socket));
                self->accept();
            });
    }

    void wait_and_accept(const error_code& code) {
        log::warn("http: accepting on port {} failed: {}", port, code.message());
        pause.expires_after(std::chrono::milliseconds(100));
        pause.async_wait([self = shared_from_this()](const error_code& cancelled) {
            if (!cancelled && self->acceptor.is_open()) self->accept();
        });
    }

    void admit(tcp::socket socket) {
        error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        if (shared->connections.size() >= shared->options.connections_max) {
            ++shared->refused_full;
            static constexpr std::string_view busy =
                "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
                "Content-Length: 0\r\n\r\n";
            socket.non_blocking(true, ignored);
            socket.write_some(asio::buffer(busy), ignored);
            return;
        }
        ++shared->accepted;
        make_http_connection(shared, std::move(socket))->start();
    }

    void close() {
        error_code ignored;
        acceptor.close(ignored);
        pause.cancel();
        const auto all = std::move(shared->connections);
        shared->connections.clear();
        for (const auto& connection : all) connection->abort();
        shared->handler = nullptr;
    }

    std::shared_ptr<HttpServerShared> shared;
    tcp::acceptor acceptor;
    asio::steady_timer pause;
    std::uint16_t port = 0;
};

Result<std::unique_ptr<HttpServer>> HttpServer::open(Reactor& reactor,
                                                     const HttpServerOptions& options,
                                                     Handler handler) {
    auto shared = std::make_shared<HttpServerShared>();
    shared->reactor = reactor.core();
    shared->options = options;
    shared->handler = std::move(handler);
    auto state = std::make_shared<State>(std::move(shared));
    if (const error_code code = state->listen()) {
        if (code == asio::error::invalid_argument) return fail("net.bad_address");
        return fail(net_error(code));
    }
    state->accept();
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::HttpServer(std::shared_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() { state_->close(); }
std::uint16_t HttpServer::port() const { return state_->port; }

HttpServerCounters HttpServer::counters() const {
    const HttpServerShared& shared = *state_->shared;
    return {shared.accepted, shared.refused_full, shared.requests, shared.malformed,
            shared.timeouts, shared.open,         shared.streams};
}

struct Responder::Token {
    explicit Token(std::shared_ptr<HttpExchange> held) : exchange(std::move(held)) {}
    ~Token() {
        if (exchange->answered.exchange(true)) return;
        exchange->on_connection([](HttpConnection& connection) {
            HttpResponse lost;
            lost.status = 500;
            connection.respond(std::move(lost));
        });
    }
    Token(const Token&) = delete;
    Token& operator=(const Token&) = delete;

    std::shared_ptr<HttpExchange> exchange;
};

Responder::Responder(std::shared_ptr<HttpExchange> exchange)
    : token_(std::make_shared<Token>(std::move(exchange))) {}

void Responder::send(HttpResponse response) const {
    if (token_->exchange->answered.exchange(true)) return;
    token_->exchange->on_connection(
        [response = std::move(response)](HttpConnection& connection) mutable {
            connection.respond(std::move(response));
        });
}

StreamHandle Responder::stream(HttpResponse head, std::function<void()> on_closed) const {
    HttpExchange& exchange = *token_->exchange;
    if (exchange.answered.exchange(true)) return {};
    {
        const std::lock_guard lock(exchange.mutex);
        if (exchange.gone) return {};
        exchange.open = true;
        exchange.on_closed = std::move(on_closed);
    }
    exchange.on_connection(
        [head = std::move(head), held = token_->exchange](HttpConnection& connection) {
            {
                const std::lock_guard lock(held->mutex);
                if (held->gone) return;  // it ended before it began
            }
            connection.begin_stream(head);
        });
    return StreamHandle(token_->exchange);
}

StreamHandle::StreamHandle(std::shared_ptr<HttpExchange> exchange)
    : exchange_(std::move(exchange)) {}

bool StreamHandle::write(std::string chunk) const {
    if (!exchange_) return false;
    const std::lock_guard lock(exchange_->mutex);
    if (!exchange_->open || exchange_->closing) return false;
    if (exchange_->queue.size() + exchange_->in_flight + chunk.size() >
        exchange_->queue_bytes_max) {
        exchange_->open = false;
        exchange_->on_connection([](HttpConnection& connection) { connection.overflow_stream(); });
        return false;
    }
    exchange_->queue += chunk;
    if (!std::exchange(exchange_->woken, true)) {
        exchange_->on_connection([](HttpConnection& connection) { connection.pump_stream(); });
    }
    return true;
}

void StreamHandle::close() const {
    if (!exchange_) return;
    const std::lock_guard lock(exchange_->mutex);
    if (!exchange_->open || std::exchange(exchange_->closing, true)) return;
    exchange_->on_connection([](HttpConnection& connection) { connection.pump_stream(); });
}

bool StreamHandle::is_open() const {
    if (!exchange_) return false;
    const std::lock_guard lock(exchange_->mutex);
    return exchange_->open && !exchange_->closing;
}

std::size_t StreamHandle::queued() const {
    if (!exchange_) return 0;
    const std::lock_guard lock(exchange_->mutex);
    return exchange_->queue.size() + exchange_->in_flight;
}

}  // namespace mb::net
