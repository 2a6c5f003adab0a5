// The inside of a reactor, for net's .cpp files: the only door to Boost.Asio.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mb::net {

struct ReactorCore {
    /// Guards `context` against posts from other threads while the reactor goes away.
    std::mutex mutex;
    std::unique_ptr<boost::asio::io_context> context;
    std::atomic<std::thread::id> thread;
    /// One read buffer for all links: a link owns none while it waits.
    Bytes read_buffer = Bytes(std::size_t{64} << 10);

    boost::asio::io_context& io() { return *context; }
};

/// net.refused, net.timeout …: the stable code of a system error, with its text as `reason`.
Error net_error(const boost::system::error_code& code);

}  // namespace mb::net
