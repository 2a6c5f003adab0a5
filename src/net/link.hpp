// A byte stream to somebody, as sessions see it: TCP in life, memory in tests and in the simulator.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mb::net {

/// Why a link ended, as the Error's code: net.closed_by_peer, net.reset, net.write_queue_full,
/// net.timeout, net.failed {reason}.
using OnBytes = std::function<void(ByteView bytes)>;
using OnClosed = std::function<void(const Error& why)>;

/// Destroying a link closes it. All calls and callbacks are on one thread; a link may be closed or
/// destroyed from within its own callbacks.
class Link {
public:
    virtual ~Link() = default;

    /// Begins to read; call once. `on_bytes` gets what arrived, valid during the call only.
    /// `on_closed` comes at most once, last, and never for a close() of our own.
    virtual void start(OnBytes on_bytes, OnClosed on_closed) = 0;
    /// Queues all of `bytes` or nothing. False: the link is closed, or the queue would grow beyond
    /// its bound; in the latter case the link ends with net.write_queue_full.
    virtual bool send(ByteView bytes) = 0;
    /// Ends it now; no callback follows. What is still queued is dropped.
    virtual void close() = 0;
    [[nodiscard]] virtual bool is_open() const = 0;
    /// "192.0.2.7:51712", "[2001:db8::7]:51712"; for logs and quotas.
    [[nodiscard]] virtual std::string peer() const = 0;
    /// Bytes that wait to be sent.
    [[nodiscard]] virtual std::size_t queued() const = 0;
};

using LinkPtr = std::unique_ptr<Link>;

}  // namespace mb::net
