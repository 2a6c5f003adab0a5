// One HTTP connection: the only file that includes Boost.Beast.
#include "net/http_connection.hpp"

#include <fmt/format.h>
#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>

#include "base/log.hpp"

namespace mb::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr Duration linger_time = Duration::seconds(2);
constexpr std::size_t first_read = 4096;

/// 0: no answer is due, just close.
int status_of(const error_code& code, bool in_header) {
    if (code == http::error::end_of_stream || code == http::error::partial_message) return 0;
    if (code == http::error::header_limit) return 431;
    if (code == http::error::buffer_overflow) return in_header ? 431 : 400;
    if (code == http::error::body_limit) return 413;
    if (code.category() == make_error_code(http::error::bad_value).category()) return 400;
    return 0;
}

class Connection final : public HttpConnection, public std::enable_shared_from_this<Connection> {
public:
    Connection(std::shared_ptr<HttpServerShared> shared, tcp::socket socket)
        : shared_(std::move(shared)),
          socket_(std::move(socket)),
          deadline_(socket_.get_executor()),
          buffer_(shared_->options.header_bytes_max + (std::size_t{64} << 10)) {
        error_code ignored;
        peer_ = socket_.remote_endpoint(ignored).address().to_string();
        ++shared_->open;
    }
    ~Connection() override {
        --shared_->open;
        if (streaming_) --shared_->streams;
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void start() override {
        shared_->connections.insert(shared_from_this());
        await_request();
    }

    void abort() override {
        close_stream();
        exchange_.reset();
        close_socket();
    }

    void respond(HttpResponse response) override;
    void begin_stream(const HttpResponse& head) override;
    void pump_stream() override;
    void overflow_stream() override { drop(); }

private:
    /// One deadline at a time; when it passes, what is pending on the socket is cancelled.
    void arm(Duration wall) {
        timed_out_ = false;
        deadline_.expires_after(std::chrono::microseconds(wall.us));
        deadline_.async_wait([weak = weak_from_this(), round = ++round_](const error_code& code) {
            const auto self = weak.lock();
            if (code || !self || self->round_ != round) return;
            self->timed_out_ = true;
            error_code ignored;
            self->socket_.cancel(ignored);
        });
    }
    void disarm() {
        ++round_;
        deadline_.cancel();
    }

    void close_socket() {
        disarm();
        error_code ignored;
        socket_.close(ignored);
    }

    void drop() {
        const auto self = shared_from_this();
        close_socket();
        shared_->connections.erase(self);
        const std::function<void()> told = close_stream();
        exchange_.reset();
        if (told) told();
    }

    /// Marks the stream closed; what it gives back is to be called if the owner did not end it.
    std::function<void()> close_stream() {
        if (!exchange_) return nullptr;
        const std::lock_guard lock(exchange_->mutex);
        std::function<void()> on_closed = std::exchange(exchange_->on_closed, nullptr);
        exchange_->open = false;
        exchange_->gone = true;
        exchange_->queue.clear();
        exchange_->in_flight = 0;
        return exchange_->closing ? nullptr : on_closed;
    }

    // Reading.
    void await_request();
    void read_header();
    void on_header(error_code code);
    void read_body();
    int take_head();
    void on_request();
    void refuse(int status);
    void read_failed(const error_code& code, bool in_header);

    // Writing.
    void write(std::string head, bool keep_alive);
    void linger();
    void watch_reader();
    void write_stream(std::string bytes, bool last);

    std::shared_ptr<HttpServerShared> shared_;
    tcp::socket socket_;
    asio::steady_timer deadline_;
    std::uint64_t round_ = 0;
    bool timed_out_ = false;
    std::string peer_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    HttpRequest request_;
    std::shared_ptr<HttpExchange> exchange_;
    bool head_only_ = false;
    bool keep_alive_ = false;
    bool chunked_ = false;
    bool streaming_ = false;
    bool writing_ = false;
    bool ended_ = false;
    std::string out_head_;
    HttpResponse out_;
};

void Connection::await_request() {
    parser_.emplace();
    parser_->header_limit(shared_->options.header_bytes_max);
    parser_->body_limit(shared_->options.body_bytes_max);
    if (buffer_.size() > 0) {  // the next request came with the one before
        arm(shared_->options.header_timeout);
        read_header();
        return;
    }
    arm(shared_->options.idle_timeout);
    socket_.async_read_some(buffer_.prepare(first_read),
                            [self = shared_from_this()](const error_code& code, std::size_t count) {
                                if (code) {
                                    self->drop();
                                    return;
                                }
                                self->buffer_.commit(count);
                                self->arm(self->shared_->options.header_timeout);
                                self->read_header();
                            });
}

void Connection::read_header() {
    http::async_read_header(socket_, buffer_, *parser_,
                            [self = shared_from_this()](const error_code& code, std::size_t) {
                                self->on_header(code);
                            });
}

void Connection::on_header(error_code code) {
    if (code) {
        read_failed(code, true);
        return;
    }
    if (const int status = take_head()) {
        refuse(status);
        return;
    }
    if (parser_->is_done()) {
        on_request();
        return;
    }
    arm(shared_->options.body_timeout);
    if (!beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
        read_body();
        return;
    }
    static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(socket_, asio::buffer(go_on),
                      [self = shared_from_this()](const error_code& failed, std::size_t) {
                          if (failed) {
                              self->drop();
                          } else {
                              self->read_body();
                          }
                      });
}

void Connection::read_body() {
    http::async_read(socket_, buffer_, *parser_,
                     [self = shared_from_this()](const error_code& code, std::size_t) {
                         if (code) {
                             self->read_failed(code, false);
                         } else {
                             self->on_request();
                         }
                     });
}

void Connection::read_failed(const error_code& code, bool in_header) {
    int status = status_of(code, in_header);
    if (timed_out_) {
        ++shared_->timeouts;
        status = 408;
    }
    if (status == 0) {
        drop();
    } else {
        refuse(status);
    }
}

/// Answers in the server's own name and ends the connection: what follows on it cannot be trusted.
void Connection::refuse(int status) {
    ++shared_->malformed;
    exchange_.reset();
    keep_alive_ = false;
    head_only_ = false;
    HttpResponse answer;
    if (shared_->options.error_response) {
        answer = shared_->options.error_response(status);
    } else {
        answer.headers.add("Content-Type", "text/plain");
        answer.body = std::string(status_phrase(status)) + "\n";
    }
    answer.status = status;
    respond(std::move(answer));
}

/// Takes the head over before the body: Beast would add the fields of a trailer to it.
int Connection::take_head() {
    const auto& message = parser_->get();
    request_ = {};
    request_.method = std::string(message.method_string());
    request_.target = std::string(message.target());
    for (const auto& field : message) {
        request_.headers.add(std::string(field.name_string()), std::string(field.value()));
    }
    request_.peer = peer_;
    keep_alive_ = message.keep_alive();
    head_only_ = request_.method == "HEAD";
    chunked_ = message.version() == 11;
    return complete_request(request_, message.version());
}

void Connection::on_request() {
    disarm();
    request_.body = std::move(parser_->get().body());
    parser_.reset();
    ++shared_->requests;
    exchange_ = std::make_shared<HttpExchange>();
    exchange_->poster = Poster(shared_->reactor);
    exchange_->connection = weak_from_this();
    exchange_->queue_bytes_max = shared_->options.stream_queue_bytes_max;
    if (!shared_->handler) {
        drop();
        return;
    }
    try {
        shared_->handler(std::move(request_), Responder(exchange_));
    } catch (const std::exception& broken) {
        log::error("http: the handler threw: {}", broken.what());  // Responder's end answers 500
    }
}

void Connection::respond(HttpResponse response) {
    if (!socket_.is_open()) return;
    exchange_.reset();
    out_ = std::move(response);
    const std::size_t length = out_.shared_body ? out_.shared_body->size() : out_.body.size();
    write(response_head(out_, length, false, keep_alive_), keep_alive_);
}

void Connection::write(std::string head, bool keep_alive) {
    out_head_ = std::move(head);
    std::array<asio::const_buffer, 2> buffers{asio::buffer(out_head_), asio::const_buffer()};
    if (!head_only_ && out_.status != 204 && out_.status != 304) {
        buffers[1] = out_.shared_body ? asio::buffer(*out_.shared_body) : asio::buffer(out_.body);
    }
    arm(shared_->options.write_timeout);
    asio::async_write(socket_, buffers,
                      [self = shared_from_this(), keep_alive](const error_code& code, std::size_t) {
                          if (self->timed_out_) ++self->shared_->timeouts;
                          self->out_ = {};
                          if (code) {
                              self->drop();
                          } else if (keep_alive) {
                              self->await_request();
                          } else {
                              self->linger();
                          }
                      });
}

/// Reads on for a moment after our end: closing with unread bytes would make the kernel reset the
/// connection and destroy the answer on its way.
void Connection::linger() {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    buffer_.clear();
    if (!ended_) arm(linger_time);
    ended_ = true;
    socket_.async_read_some(buffer_.prepare(first_read),
                            [self = shared_from_this()](const error_code& code, std::size_t) {
                                if (code || !self->socket_.is_open()) {
                                    self->drop();
                                } else {
                                    self->linger();
                                }
                            });
}

void Connection::begin_stream(const HttpResponse& head) {
    if (!socket_.is_open()) return;
    streaming_ = true;
    ++shared_->streams;
    watch_reader();
    write_stream(response_head(head, std::nullopt, chunked_, false), false);
}

/// A reader of a stream has nothing more to say: bytes or an end from it end the stream.
void Connection::watch_reader() {
    buffer_.clear();
    socket_.async_read_some(buffer_.prepare(1),
                            [self = shared_from_this()](const error_code&, std::size_t) {
                                if (self->socket_.is_open() && !self->ended_) self->drop();
                            });
}

void Connection::pump_stream() {
    if (!exchange_ || !streaming_ || writing_) return;
    std::string bytes;
    bool last = false;
    {
        const std::lock_guard lock(exchange_->mutex);
        exchange_->woken = false;
        bytes.swap(exchange_->queue);
        exchange_->in_flight = bytes.size();
        last = exchange_->closing;
    }
    if (bytes.empty() && !last) return;
    if (chunked_) {
        std::string framed;
        if (!bytes.empty()) {
            framed = fmt::format("{:x}\r\n", bytes.size());
            framed += bytes;
            framed += "\r\n";
        }
        if (last) framed += "0\r\n\r\n";
        bytes = std::move(framed);
    }
    write_stream(std::move(bytes), last);
}

void Connection::write_stream(std::string bytes, bool last) {
    writing_ = true;
    out_head_ = std::move(bytes);
    arm(shared_->options.write_timeout);
    asio::async_write(socket_, asio::buffer(out_head_),
                      [self = shared_from_this(), last](const error_code& code, std::size_t) {
                          self->writing_ = false;
                          if (self->timed_out_) ++self->shared_->timeouts;
                          self->disarm();
                          if (code) {
                              self->drop();
                          } else if (last) {
                              self->ended_ = true;
                              self->drop();
                          } else {
                              self->pump_stream();
                          }
                      });
}

}  // namespace

std::shared_ptr<HttpConnection> make_http_connection(std::shared_ptr<HttpServerShared> shared,
                                                     tcp::socket socket) {
    return std::make_shared<Connection>(std::move(shared), std::move(socket));
}

}  // namespace mb::net
