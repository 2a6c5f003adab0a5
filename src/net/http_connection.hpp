// What server and connections share; for net's .cpp files.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "net/http_server.hpp"
#include "net/reactor_core.hpp"

namespace mb::net {

class HttpConnection {
public:
    virtual ~HttpConnection() = default;
    virtual void start() = 0;
    /// Closes at once, without any callback.
    virtual void abort() = 0;
    virtual void respond(HttpResponse response) = 0;
    /// Only while the exchange is still the connection's.
    virtual void begin_stream(const HttpResponse& head) = 0;
    /// Sends what the exchange has queued.
    virtual void pump_stream() = 0;
    /// The reader is too slow.
    virtual void overflow_stream() = 0;
};

/// One request's answer, seen from other threads. The connection may be gone by then.
struct HttpExchange : std::enable_shared_from_this<HttpExchange> {
    Poster poster;
    std::weak_ptr<HttpConnection> connection;
    std::size_t queue_bytes_max = 0;
    std::atomic<bool> answered = false;

    // The stream; `mutex` guards what follows.
    std::mutex mutex;
    std::function<void()> on_closed;
    std::string queue;
    std::size_t in_flight = 0;
    bool open = false;
    bool closing = false;
    bool gone = false;   // the connection has ended
    bool woken = false;  // a pump_stream() is on its way

    /// Calls `act` with the connection on the reactor's thread, if both still are.
    template <class Act>
    void on_connection(Act act) {
        poster.post([self = shared_from_this(), act = std::move(act)]() mutable {
            if (const auto held = self->connection.lock()) act(*held);
        });
    }
};

struct HttpServerShared {
    std::shared_ptr<ReactorCore> reactor;
    HttpServerOptions options;
    HttpServer::Handler handler;
    std::set<std::shared_ptr<HttpConnection>> connections;  // keeps them while a handler thinks

    std::atomic<std::uint64_t> accepted = 0;
    std::atomic<std::uint64_t> refused_full = 0;
    std::atomic<std::uint64_t> requests = 0;
    std::atomic<std::uint64_t> malformed = 0;
    std::atomic<std::uint64_t> timeouts = 0;
    std::atomic<std::size_t> open = 0;
    std::atomic<std::size_t> streams = 0;
};

std::shared_ptr<HttpConnection> make_http_connection(std::shared_ptr<HttpServerShared> shared,
                                                     boost::asio::ip::tcp::socket socket);

/// Splits and decodes `target` into path and query and takes over the rest. 0, or the status that
/// refuses it.
int complete_request(HttpRequest& request, unsigned version);

/// Status line and headers; `length` is the body's, or nothing for a chunked or endless body.
std::string response_head(const HttpResponse& response, std::optional<std::size_t> length,
                          bool chunked, bool keep_alive);

}  // namespace mb::net
