// TCP links by callbacks: listening, dialling, bounded write queues. An idle link costs no read
// buffer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/time.hpp"
#include "net/link.hpp"
#include "net/reactor.hpp"

namespace mb::net {

struct TcpListenOptions {
    std::string address = "127.0.0.1";   // numeric; "0.0.0.0" or "::" for all
    std::uint16_t port = 0;              // 0: any free one
    std::size_t links_max = 20'000;      // open at once; more are closed on arrival and counted
    std::size_t links_per_peer_max = 0;  // per address without port; 0: no bound
    std::size_t write_queue_bytes_max = std::size_t{256} << 10;
    int backlog = 4096;
};

struct TcpListenCounters {
    std::uint64_t accepted = 0;
    std::uint64_t refused_full = 0;      // links_max reached
    std::uint64_t refused_per_peer = 0;  // links_per_peer_max reached
    std::uint64_t errors = 0;            // accept failed, e.g. out of descriptors
    std::size_t open = 0;
};

class TcpListener {
public:
    using OnLink = std::function<void(LinkPtr link)>;

    /// `on_link` gets each new link, not yet started. Errors: net.bad_address, net.address_in_use,
    /// net.not_permitted, net.failed.
    static Result<std::unique_ptr<TcpListener>> open(Reactor& reactor,
                                                     const TcpListenOptions& options,
                                                     OnLink on_link);
    /// Stops accepting; links that were handed out live on.
    ~TcpListener();
    TcpListener(const TcpListener&) = delete;
    TcpListener& operator=(const TcpListener&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] TcpListenCounters counters() const;

private:
    struct State;
    explicit TcpListener(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

struct TcpConnectOptions {
    std::string host;  // a name or a numeric address
    std::uint16_t port = 0;
    Duration timeout = Duration::seconds(10);  // wall, for look-up and connection together
    std::size_t write_queue_bytes_max = std::size_t{256} << 10;
};

/// An attempt under way; destroying it gives it up, and then its callback does not come.
class TcpConnecting {
public:
    using OnDone = std::function<void(Result<LinkPtr> link)>;

    /// Calls `on_done` exactly once, never inside the constructor. Errors: net.resolve,
    /// net.timeout, net.refused, net.unreachable, net.failed.
    TcpConnecting(Reactor& reactor, const TcpConnectOptions& options, OnDone on_done);
    ~TcpConnecting();
    TcpConnecting(TcpConnecting&&) noexcept;
    TcpConnecting& operator=(TcpConnecting&&) noexcept;

private:
    struct State;
    std::shared_ptr<State> state_;
};

/// Raises the soft limit of open descriptors to the hard one and returns it.
std::size_t raise_descriptor_limit();

}  // namespace mb::net
