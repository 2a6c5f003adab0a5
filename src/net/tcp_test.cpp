#include "net/tcp.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

namespace mb::net {
namespace {

std::string text(ByteView bytes) { return std::string(as_text(bytes)); }

/// A listener and one connected pair.
class TcpPair : public ::testing::Test {
protected:
    void open(TcpListenOptions options = {}) {
        auto opened = TcpListener::open(reactor, options, [this](LinkPtr link) {
            server = std::move(link);
            if (on_accept) on_accept();
        });
        ASSERT_TRUE(opened) << opened.error().text();
        listener = std::move(*opened);
    }

    void connect() {
        TcpConnectOptions options;
        options.host = "127.0.0.1";
        options.port = listener->port();
        TcpConnecting connecting(reactor, options, [this](Result<LinkPtr> link) {
            ASSERT_TRUE(link) << link.error().text();
            client = std::move(*link);
        });
        run_until([this] { return server && client; });
    }

    template <class Condition>
    void run_until(Condition condition) {
        for (int i = 0; i < 1000 && !condition(); ++i) reactor.run_for(Duration::milliseconds(5));
        ASSERT_TRUE(condition());
    }

    Reactor reactor;
    std::unique_ptr<TcpListener> listener;
    LinkPtr server;
    LinkPtr client;
    std::function<void()> on_accept;
};

TEST_F(TcpPair, BytesGoBothWays) {
    open();
    connect();
    std::string at_server;
    std::string at_client;
    server->start(
        [&](ByteView bytes) {
            at_server += text(bytes);
            server->send(as_bytes("pong"));
        },
        [](const Error&) {});
    client->start([&](ByteView bytes) { at_client += text(bytes); }, [](const Error&) {});
    EXPECT_TRUE(client->send(as_bytes("ping")));
    run_until([&] { return at_client == "pong"; });
    EXPECT_EQ(at_server, "ping");
    EXPECT_EQ(client->peer(), "127.0.0.1:" + std::to_string(listener->port()));
    EXPECT_EQ(listener->counters().open, 1U);
}

TEST_F(TcpPair, PeersEndIsReportedOnceAndCounted) {
    open();
    connect();
    int closed = 0;
    std::string code;
    server->start([](ByteView) {},
                  [&](const Error& why) {
                      ++closed;
                      code = why.code;
                  });
    client->close();
    run_until([&] { return closed > 0; });
    reactor.run_for(Duration::milliseconds(20));
    EXPECT_EQ(closed, 1);
    EXPECT_EQ(code, "net.closed_by_peer");
    EXPECT_FALSE(server->is_open());
    EXPECT_FALSE(server->send(as_bytes("x")));
    EXPECT_EQ(listener->counters().open, 0U);
    EXPECT_EQ(listener->counters().accepted, 1U);
}

TEST_F(TcpPair, MayBeDestroyedInItsOwnCallbacks) {
    open();
    connect();
    bool closed = false;
    bool seen = false;
    auto witness = std::make_shared<int>(1);
    server->start(
        [&, witness](ByteView) {
            server.reset();
            seen = *witness == 1;  // the callback itself still lives
        },
        [&](const Error&) { FAIL() << "our own close is not reported"; });
    client->start([](ByteView) {},
                  [&](const Error&) {
                      client.reset();
                      closed = true;
                  });
    client->send(as_bytes("x"));
    run_until([&] { return closed; });
    EXPECT_TRUE(seen);
    EXPECT_EQ(witness.use_count(), 1) << "a closed link lets go of its callbacks";
}

TEST_F(TcpPair, WriteQueueIsBounded) {
    TcpListenOptions options;
    options.write_queue_bytes_max = 100'000;
    open(options);
    connect();
    std::string code;
    server->start([](ByteView) {}, [&](const Error& why) { code = why.code; });
    const Bytes chunk(50'000, 7);
    int sent = 0;
    while (sent < 10'000 && server->send(chunk)) ++sent;  // the client does not read
    EXPECT_LT(sent, 10'000);
    EXPECT_EQ(code, "") << "not inside send()";
    run_until([&] { return !code.empty(); });
    EXPECT_EQ(code, "net.write_queue_full");
}

TEST_F(TcpPair, LargeTransfersArriveWhole) {
    TcpListenOptions options;
    options.write_queue_bytes_max = std::size_t{64} << 20;
    open(options);
    connect();
    Bytes expected;
    for (int i = 0; i < 5'000'000; ++i) expected.push_back(static_cast<std::uint8_t>(i * 31 >> 3));
    Bytes got;
    client->start([&](ByteView bytes) { got.insert(got.end(), bytes.begin(), bytes.end()); },
                  [](const Error&) {});
    for (std::size_t at = 0; at < expected.size(); at += 500'000) {
        ASSERT_TRUE(server->send(ByteView(expected).subspan(at, 500'000)));
    }
    run_until([&] { return got.size() >= expected.size(); });
    EXPECT_TRUE(got == expected);
    EXPECT_EQ(server->queued(), 0U);
}

TEST_F(TcpPair, MoreLinksThanAllowedAreTurnedAway) {
    TcpListenOptions options;
    options.links_max = 1;
    open(options);
    connect();
    TcpConnectOptions again;
    again.host = "127.0.0.1";
    again.port = listener->port();
    std::string code;
    LinkPtr second;
    TcpConnecting connecting(reactor, again, [&](Result<LinkPtr> link) {
        ASSERT_TRUE(link);
        second = std::move(*link);
        second->start([](ByteView) {}, [&](const Error& why) { code = why.code; });
    });
    run_until([&] { return !code.empty(); });
    EXPECT_EQ(listener->counters().refused_full, 1U);
    server.reset();
    client.reset();
    EXPECT_EQ(listener->counters().open, 0U);
    connect();
}

TEST_F(TcpPair, QuotaPerPeer) {
    TcpListenOptions options;
    options.links_per_peer_max = 1;
    open(options);
    connect();
    LinkPtr second;
    bool closed = false;
    TcpConnectOptions again;
    again.host = "127.0.0.1";
    again.port = listener->port();
    TcpConnecting connecting(reactor, again, [&](Result<LinkPtr> link) {
        second = std::move(*link);
        second->start([](ByteView) {}, [&](const Error&) { closed = true; });
    });
    run_until([&] { return closed; });
    EXPECT_EQ(listener->counters().refused_per_peer, 1U);
}

TEST_F(TcpPair, DestroyedListenerAcceptsNoMore) {
    open();
    connect();
    const std::uint16_t port = listener->port();
    listener.reset();
    std::string code;
    TcpConnectOptions options;
    options.host = "127.0.0.1";
    options.port = port;
    TcpConnecting connecting(reactor, options,
                             [&](Result<LinkPtr> link) { code = link ? "ok" : link.error().code; });
    run_until([&] { return !code.empty(); });
    EXPECT_EQ(code, "net.refused");
    EXPECT_TRUE(server->is_open());
}

TEST_F(TcpPair, AbandonedAttemptDoesNotCallBack) {
    open();
    {
        TcpConnectOptions options;
        options.host = "127.0.0.1";
        options.port = listener->port();
        const TcpConnecting connecting(reactor, options,
                                       [](Result<LinkPtr>) { FAIL() << "was given up"; });
    }
    reactor.run_for(Duration::milliseconds(30));
}

TEST_F(TcpPair, ErrorsHaveStableCodes) {
    std::string code;
    TcpConnectOptions options;
    options.host = "no-such-host.invalid";
    options.port = 1;
    TcpConnecting connecting(reactor, options,
                             [&](Result<LinkPtr> link) { code = link ? "ok" : link.error().code; });
    run_until([&] { return !code.empty(); });
    EXPECT_EQ(code, "net.resolve");

    open();
    TcpListenOptions same;
    same.port = listener->port();
    auto second = TcpListener::open(reactor, same, [](LinkPtr) {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, "net.address_in_use");
    TcpListenOptions bad;
    bad.address = "300.1.1.1";
    auto third = TcpListener::open(reactor, bad, [](LinkPtr) {});
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, "net.bad_address");
}

TEST_F(TcpPair, AThousandLinksAtOnce) {
    raise_descriptor_limit();
    std::vector<LinkPtr> servers;
    auto opened = TcpListener::open(reactor, {}, [&](LinkPtr link) {
        Link* raw = link.get();
        link->start([raw](ByteView bytes) { raw->send(bytes); }, [](const Error&) {});
        servers.push_back(std::move(link));
    });
    ASSERT_TRUE(opened);
    std::vector<TcpConnecting> attempts;
    std::vector<LinkPtr> clients;
    std::size_t echoed = 0;
    TcpConnectOptions options;
    options.host = "127.0.0.1";
    options.port = (*opened)->port();
    for (int i = 0; i < 1000; ++i) {
        attempts.emplace_back(reactor, options, [&](Result<LinkPtr> link) {
            ASSERT_TRUE(link) << link.error().text();
            (*link)->start([&](ByteView bytes) { echoed += bytes.size(); }, [](const Error&) {});
            (*link)->send(as_bytes("hello"));
            clients.push_back(std::move(*link));
        });
    }
    run_until([&] { return echoed == 5000; });
    EXPECT_EQ((*opened)->counters().open, 1000U);
}

}  // namespace
}  // namespace mb::net
