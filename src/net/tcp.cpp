#include "net/tcp.hpp"

#include <sys/resource.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>

#include "base/check.hpp"
#include "base/log.hpp"
#include "net/reactor_core.hpp"

namespace mb::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

Error net_error(const error_code& code) {
    namespace errc = asio::error;
    struct Known {
        error_code code;
        const char* name;
    };
    static const Known known[] = {
        {errc::eof, "net.closed_by_peer"},
        {errc::connection_reset, "net.reset"},
        {errc::broken_pipe, "net.reset"},
        {errc::connection_aborted, "net.reset"},
        {errc::connection_refused, "net.refused"},
        {errc::timed_out, "net.timeout"},
        {errc::host_unreachable, "net.unreachable"},
        {errc::network_unreachable, "net.unreachable"},
        {errc::host_not_found, "net.resolve"},
        {errc::host_not_found_try_again, "net.resolve"},
        {errc::address_in_use, "net.address_in_use"},
        {errc::access_denied, "net.not_permitted"},
    };
    const char* name = "net.failed";
    for (const Known& entry : known) {
        if (entry.code == code) name = entry.name;
    }
    Error out = error(name, ErrorKind::unavailable).with("reason", code.message());
    out.retryable = true;
    return out;
}

namespace {

std::string text_of(const tcp::endpoint& endpoint) {
    const std::string address = endpoint.address().to_string();
    const std::string port = std::to_string(endpoint.port());
    return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

/// The socket and its callbacks; a pending operation keeps it alive, TcpLink closes it.
class Core : public std::enable_shared_from_this<Core> {
public:
    Core(std::shared_ptr<ReactorCore> reactor, tcp::socket socket, std::size_t queue_max,
         std::shared_ptr<void> ticket)
        : reactor_(std::move(reactor)),
          socket_(std::move(socket)),
          ticket_(std::move(ticket)),
          queue_max_(queue_max) {
        error_code ignored;
        peer_ = socket_.remote_endpoint(ignored);
        socket_.non_blocking(true, ignored);
        socket_.set_option(tcp::no_delay(true), ignored);
    }

    void start(OnBytes on_bytes, OnClosed on_closed) {
        CHECK(!on_bytes_ && "a link is started once");
        on_bytes_ = std::move(on_bytes);
        on_closed_ = std::move(on_closed);
        if (open_) wait_readable();
    }

    bool send(ByteView bytes) {
        if (!open_) return false;
        if (queued() == 0) bytes = bytes.subspan(write_now(bytes));
        if (bytes.empty()) return true;
        if (queued() + bytes.size() > queue_max_) {
            end_later(error("net.write_queue_full", ErrorKind::unavailable));
            return false;
        }
        queue_.insert(queue_.end(), bytes.begin(), bytes.end());
        if (!writing_) wait_writable();
        return true;
    }

    void close() {
        open_ = false;
        error_code ignored;
        socket_.close(ignored);
        ticket_.reset();
        queue_ = {};
        sent_ = 0;
        // A callback that is running must not be destroyed under its own feet.
        if (!calling_) drop_callbacks();
    }

    [[nodiscard]] bool is_open() const { return open_; }
    [[nodiscard]] std::string peer() const { return text_of(peer_); }
    [[nodiscard]] std::size_t queued() const { return queue_.size() - sent_; }

private:
    void drop_callbacks() {
        on_bytes_ = nullptr;
        on_closed_ = nullptr;
    }

    /// How many bytes the kernel took at once; an error shows at the next wait.
    std::size_t write_now(ByteView bytes) {
        error_code code;
        return socket_.write_some(asio::buffer(bytes.data(), bytes.size()), code);
    }

    void wait_readable() {
        socket_.async_wait(tcp::socket::wait_read,
                           [self = shared_from_this()](const error_code& code) {
                               if (self->open_) self->on_readable(code);
                           });
    }

    void on_readable(error_code code) {
        std::size_t count = 0;
        Bytes& buffer = reactor_->read_buffer;
        if (!code) count = socket_.read_some(asio::buffer(buffer), code);
        if (code == asio::error::would_block || code == asio::error::interrupted) {
            wait_readable();
            return;
        }
        if (code) {
            end(net_error(code));
            return;
        }
        calling_ = true;
        on_bytes_(ByteView(buffer.data(), count));
        calling_ = false;
        if (open_) {
            wait_readable();
        } else {
            drop_callbacks();
        }
    }

    void wait_writable() {
        writing_ = true;
        socket_.async_wait(tcp::socket::wait_write,
                           [self = shared_from_this()](const error_code& code) {
                               self->writing_ = false;
                               if (self->open_) self->on_writable(code);
                           });
    }

    void on_writable(error_code code) {
        if (!code) {
            sent_ += socket_.write_some(asio::buffer(queue_.data() + sent_, queue_.size() - sent_),
                                        code);
            if (code == asio::error::would_block || code == asio::error::interrupted) code = {};
        }
        if (code) {
            end(net_error(code));
            return;
        }
        if (sent_ == queue_.size()) {
            queue_ = {};
            sent_ = 0;
            return;
        }
        if (sent_ > queue_.size() / 2) {
            queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(sent_));
            sent_ = 0;
        }
        wait_writable();
    }

    void end(const Error& why) {
        const OnClosed on_closed = std::move(on_closed_);
        close();
        if (on_closed) on_closed(why);
    }

    /// Not inside the caller's send().
    void end_later(Error why) {
        OnClosed on_closed = std::move(on_closed_);
        close();
        ended_ = true;
        if (!on_closed) return;
        asio::post(
            socket_.get_executor(),
            [self = shared_from_this(), on_closed = std::move(on_closed), why = std::move(why)] {
                if (self->ended_) on_closed(why);
            });
    }

public:
    /// The owner closed or destroyed the link: not even a posted on_closed may come.
    void forget() {
        ended_ = false;
        close();
    }

private:
    std::shared_ptr<ReactorCore> reactor_;
    tcp::socket socket_;
    tcp::endpoint peer_;
    std::shared_ptr<void> ticket_;  // counts this link as open
    std::size_t queue_max_;
    OnBytes on_bytes_;
    OnClosed on_closed_;
    Bytes queue_;
    std::size_t sent_ = 0;
    bool open_ = true;
    bool writing_ = false;
    bool calling_ = false;
    bool ended_ = false;
};

class TcpLink final : public Link {
public:
    explicit TcpLink(std::shared_ptr<Core> core) : core_(std::move(core)) {}
    ~TcpLink() override { core_->forget(); }
    TcpLink(const TcpLink&) = delete;
    TcpLink& operator=(const TcpLink&) = delete;

    void start(OnBytes on_bytes, OnClosed on_closed) override {
        core_->start(std::move(on_bytes), std::move(on_closed));
    }
    bool send(ByteView bytes) override { return core_->send(bytes); }
    void close() override { core_->forget(); }
    [[nodiscard]] bool is_open() const override { return core_->is_open(); }
    [[nodiscard]] std::string peer() const override { return core_->peer(); }
    [[nodiscard]] std::size_t queued() const override { return core_->queued(); }

private:
    std::shared_ptr<Core> core_;
};

LinkPtr make_link(std::shared_ptr<ReactorCore> reactor, tcp::socket socket, std::size_t queue_max,
                  std::shared_ptr<void> ticket) {
    return std::make_unique<TcpLink>(std::make_shared<Core>(std::move(reactor), std::move(socket),
                                                            queue_max, std::move(ticket)));
}

}  // namespace

struct TcpListener::State : std::enable_shared_from_this<TcpListener::State> {
    State(std::shared_ptr<ReactorCore> core, TcpListenOptions wanted, OnLink callback)
        : reactor(std::move(core)),
          acceptor(reactor->io()),
          pause(reactor->io()),
          options(std::move(wanted)),
          on_link(std::move(callback)) {}

    error_code listen() {
        error_code code;
        const auto address = asio::ip::make_address(options.address, code);
        if (code) return code;
        const tcp::endpoint endpoint(address, options.port);
        acceptor.open(endpoint.protocol(), code);
        if (!code) acceptor.set_option(tcp::acceptor::reuse_address(true), code);
        if (!code) acceptor.bind(endpoint, code);
        if (!code) acceptor.listen(options.backlog, code);
        if (!code) port = acceptor.local_endpoint(code).port();
        return code;
    }

    void accept() {
        acceptor.async_accept(
            [self = shared_from_this()](const error_code& code, tcp::socket socket) {
                if (!self->acceptor.is_open()) return;
                if (code) {
                    self->on_accept_error(code);
                    return;
                }
                self->admit(std::move(socket));
                if (self->acceptor.is_open()) self->accept();
            });
    }

    void on_accept_error(const error_code& code) {
        ++counters.errors;
        log::warn("net: accepting on port {} failed: {}", port, code.message());
        // Out of descriptors: trying again at once would only burn the processor.
        pause.expires_after(std::chrono::milliseconds(100));
        pause.async_wait([self = shared_from_this()](const error_code& cancelled) {
            if (!cancelled && self->acceptor.is_open()) self->accept();
        });
    }

    void admit(tcp::socket socket) {
        error_code ignored;
        const std::string peer = socket.remote_endpoint(ignored).address().to_string();
        if (counters.open >= options.links_max) {
            ++counters.refused_full;
            return;
        }
        const bool counted = options.links_per_peer_max > 0;
        if (counted && open_by_peer[peer] >= options.links_per_peer_max) {
            ++counters.refused_per_peer;
            return;
        }
        ++counters.accepted;
        ++counters.open;
        if (counted) ++open_by_peer[peer];
        std::shared_ptr<void> ticket(nullptr, [self = shared_from_this(), counted,
                                               peer = counted ? peer : std::string()](void*) {
            --self->counters.open;
            if (!counted) return;
            const auto found = self->open_by_peer.find(peer);
            if (--found->second == 0) self->open_by_peer.erase(found);
        });
        on_link(make_link(reactor, std::move(socket), options.write_queue_bytes_max,
                          std::move(ticket)));
    }

    void close() {
        error_code ignored;
        acceptor.close(ignored);
        pause.cancel();
        // Open links keep this state for its counters; what the callback holds goes now, but not
        // under its feet.
        asio::post(reactor->io(), [self = shared_from_this()] { self->on_link = nullptr; });
    }

    std::shared_ptr<ReactorCore> reactor;
    tcp::acceptor acceptor;
    asio::steady_timer pause;
    TcpListenOptions options;
    OnLink on_link;
    std::uint16_t port = 0;
    TcpListenCounters counters;
    std::map<std::string, std::size_t> open_by_peer;
};

Result<std::unique_ptr<TcpListener>> TcpListener::open(Reactor& reactor,
                                                       const TcpListenOptions& options,
                                                       OnLink on_link) {
    auto state = std::make_shared<State>(reactor.core(), options, std::move(on_link));
    if (const error_code code = state->listen()) {
        if (code == asio::error::invalid_argument) return fail("net.bad_address");
        return fail(net_error(code));
    }
    state->accept();
    return std::unique_ptr<TcpListener>(new TcpListener(std::move(state)));
}

TcpListener::TcpListener(std::shared_ptr<State> state) : state_(std::move(state)) {}
TcpListener::~TcpListener() { state_->close(); }
std::uint16_t TcpListener::port() const { return state_->port; }
TcpListenCounters TcpListener::counters() const { return state_->counters; }

struct TcpConnecting::State : std::enable_shared_from_this<TcpConnecting::State> {
    State(std::shared_ptr<ReactorCore> core, TcpConnectOptions wanted, OnDone callback)
        : reactor(std::move(core)),
          resolver(reactor->io()),
          socket(reactor->io()),
          deadline(reactor->io()),
          options(std::move(wanted)),
          on_done(std::move(callback)) {}

    void start() {
        deadline.expires_after(std::chrono::microseconds(options.timeout.us));
        deadline.async_wait([self = shared_from_this()](const error_code& code) {
            if (!code) self->finish(asio::error::timed_out);
        });
        error_code not_numeric;
        const auto address = asio::ip::make_address(options.host, not_numeric);
        if (!not_numeric) {
            candidates.emplace_back(address, options.port);
            asio::post(reactor->io(), [self = shared_from_this()] { self->connect_next({}); });
            return;
        }
        resolver.async_resolve(
            options.host, std::to_string(options.port),
            [self = shared_from_this()](const error_code& code,
                                        const tcp::resolver::results_type& found) {
                for (const auto& entry : found) self->candidates.push_back(entry.endpoint());
                self->connect_next(code ? error_code(asio::error::host_not_found) : code);
            });
    }

    void connect_next(const error_code& last) {
        if (!on_done) return;
        if (at == candidates.size()) {
            finish(last ? last : error_code(asio::error::host_not_found));
            return;
        }
        error_code ignored;
        socket.close(ignored);
        socket.async_connect(candidates[at++], [self = shared_from_this()](const error_code& code) {
            if (code) {
                self->connect_next(code);
            } else {
                self->finish({});
            }
        });
    }

    void finish(const error_code& code) {
        if (!on_done) return;
        const OnDone done = std::exchange(on_done, nullptr);
        deadline.cancel();
        resolver.cancel();
        if (code) {
            error_code ignored;
            socket.close(ignored);
            done(fail(net_error(code)));
        } else {
            done(make_link(reactor, std::move(socket), options.write_queue_bytes_max, nullptr));
        }
    }

    void give_up() {
        on_done = nullptr;
        error_code ignored;
        socket.close(ignored);
        deadline.cancel();
        resolver.cancel();
    }

    std::shared_ptr<ReactorCore> reactor;
    tcp::resolver resolver;
    tcp::socket socket;
    asio::steady_timer deadline;
    TcpConnectOptions options;
    OnDone on_done;
    std::vector<tcp::endpoint> candidates;
    std::size_t at = 0;
};

TcpConnecting::TcpConnecting(Reactor& reactor, const TcpConnectOptions& options, OnDone on_done)
    : state_(std::make_shared<State>(reactor.core(), options, std::move(on_done))) {
    state_->start();
}
TcpConnecting::~TcpConnecting() {
    if (state_) state_->give_up();
}
TcpConnecting::TcpConnecting(TcpConnecting&&) noexcept = default;
TcpConnecting& TcpConnecting::operator=(TcpConnecting&& other) noexcept {
    if (this != &other) {
        if (state_) state_->give_up();
        state_ = std::move(other.state_);
    }
    return *this;
}

std::size_t raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
    (void)::getrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<std::size_t>(limit.rlim_cur);
}

}  // namespace mb::net
