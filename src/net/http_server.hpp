// HTTP/1.1 server on a reactor, over Boost.Beast (http_server.cpp alone includes it). It knows
// framing, limits and time-outs and nothing about what is served. Malformed framing is answered
// with 400, 408, 413, 431, 501 or 505 and the connection is closed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/time.hpp"
#include "net/http.hpp"
#include "net/reactor.hpp"

namespace mb::net {

struct HttpServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    std::size_t connections_max = 1024;  // more are answered 503 and closed
    std::uint32_t header_bytes_max = 16U << 10;
    std::uint64_t body_bytes_max = std::uint64_t{1} << 20;
    Duration header_timeout = Duration::seconds(10);  // wall, from the first byte of a request
    Duration body_timeout = Duration::seconds(30);
    Duration idle_timeout = Duration::seconds(75);  // between requests of a kept connection
    Duration write_timeout = Duration::seconds(30);
    std::size_t stream_queue_bytes_max = std::size_t{256} << 10;
    /// The body of answers that the server gives by itself (4xx, 5xx); a line of plain text when
    /// not set.
    std::function<HttpResponse(int status)> error_response;
};

struct HttpServerCounters {
    std::uint64_t connections = 0;
    std::uint64_t refused_full = 0;
    std::uint64_t requests = 0;
    std::uint64_t malformed = 0;  // answered by the server itself with 4xx or 5xx
    std::uint64_t timeouts = 0;  // requests that came too slowly, answers that were read too slowly
    std::size_t open = 0;
    std::size_t streams = 0;
};

struct HttpExchange;

/// A response whose body goes on until somebody closes it (server-sent events). Any thread may use
/// it.
class StreamHandle {
public:
    StreamHandle() = default;
    explicit StreamHandle(std::shared_ptr<HttpExchange> exchange);
    /// False when the stream is closed, or the reader is so slow that the queue would pass its
    /// bound: then it is closed.
    bool write(std::string chunk) const;
    /// Sends what is queued, then ends the response.
    void close() const;
    [[nodiscard]] bool is_open() const;
    /// Bytes that wait to be sent.
    [[nodiscard]] std::size_t queued() const;

private:
    std::shared_ptr<HttpExchange> exchange_;
};

/// The right to answer one request, once, from any thread, now or later. When the last copy goes
/// without an answer the client gets a 500. After the server's end it does nothing.
class Responder {
public:
    explicit Responder(std::shared_ptr<HttpExchange> exchange);
    /// Only the first answer counts.
    void send(HttpResponse response) const;
    /// Sends status and headers and keeps the body open. `on_closed` comes once, on the reactor's
    /// thread, when the client has gone or the queue ran over; not after our own close().
    [[nodiscard]] StreamHandle stream(HttpResponse head, std::function<void()> on_closed) const;

private:
    struct Token;
    std::shared_ptr<Token> token_;
};

class HttpServer {
public:
    /// Runs on the reactor's thread and must not block. An exception becomes a 500.
    using Handler = std::function<void(HttpRequest request, Responder responder)>;

    /// Errors: as TcpListener::open.
    static Result<std::unique_ptr<HttpServer>> open(Reactor& reactor,
                                                    const HttpServerOptions& options,
                                                    Handler handler);
    /// Closes all connections; streams get no on_closed. On the reactor's thread, or when it does
    /// not run.
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    /// From any thread.
    [[nodiscard]] HttpServerCounters counters() const;

private:
    struct State;
    explicit HttpServer(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace mb::net
