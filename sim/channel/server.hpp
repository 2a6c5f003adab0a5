// The sandbox channel over HTTP: the merchant's signed calls, the cashier page for people,
// callbacks with retries, and a file so that a restart forgets nothing. Payments are play money and
// the pages say so.
#pragma once

#include "net/http_server.hpp"
#include "net/reactor.hpp"
#include "sim/channel/channel.hpp"
#include "sim/channel/http_worker.hpp"

#include <filesystem>
#include <memory>

namespace mb::sim::channel {

struct ServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    std::string public_base;           // of pay_url; "" = http://address:port
    std::string secret;                // shared with the merchant
    std::filesystem::path state_file;  // "" = nothing is kept
    Duration callback_timeout = Duration::seconds(5);
};

class ChannelServer {
public:
    /// Restores the file. Errors: as HttpServer::open; channel.bad_state_file.
    static Result<std::unique_ptr<ChannelServer>> open(net::Reactor& reactor,
                                                       ServerOptions options);
    ~ChannelServer();

    [[nodiscard]] std::uint16_t port() const { return http_->port(); }
    [[nodiscard]] const std::string& public_base() const { return options_.public_base; }
    [[nodiscard]] Channel& channel() { return channel_; }

private:
    ChannelServer(net::Reactor& reactor, ServerOptions options, ChannelState state);

    net::HttpResponse serve(const net::HttpRequest& request);
    net::HttpResponse serve_merchant(const net::HttpRequest& request);
    net::HttpResponse serve_cashier(const net::HttpRequest& request);
    net::HttpResponse pay(const net::HttpRequest& request, std::string_view order_no);
    std::string pay_url(const std::string& order_no) const;
    void save();
    void send_due();

    net::Reactor& reactor_;
    ServerOptions options_;
    Channel channel_;
    net::Timer due_;
    HttpWorker worker_;
    std::unique_ptr<net::HttpServer> http_;
};

}  // namespace mb::sim::channel
