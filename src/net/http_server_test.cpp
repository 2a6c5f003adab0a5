#include "net/http_server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "net/http_client.hpp"

namespace mb::net {
namespace {

/// A plain blocking socket: what a hostile client would use.
class RawClient {
public:
    explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
        const timeval limit{10, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    ~RawClient() { ::close(fd_); }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    void send(std::string_view text) const {
        while (!text.empty()) {
            const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) return;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    /// Reads until `end` was seen, or the server ends the connection.
    std::string read_until(std::string_view end) {
        while (got_.find(end) == std::string::npos) {
            char buffer[4096];
            const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
            if (count <= 0) break;
            got_.append(buffer, static_cast<std::size_t>(count));
        }
        return std::exchange(got_, {});
    }
    std::string read_all() { return read_until(std::string_view("\0no such end", 12)); }

private:
    int fd_;
    std::string got_;
};

class Http : public ::testing::Test {
protected:
    void open(HttpServerOptions options, HttpServer::Handler handler) {
        auto opened = HttpServer::open(reactor, options, std::move(handler));
        ASSERT_TRUE(opened) << opened.error().text();
        server = std::move(*opened);
        thread = std::thread([this] { reactor.run(); });
    }
    /// Answers what it got.
    void open_echo(HttpServerOptions options = {}) {
        open(std::move(options), [this](const HttpRequest& request, const Responder& responder) {
            HttpResponse response;
            response.headers.add("Content-Type", "text/plain");
            response.body = request.method + " " + request.path;
            for (const auto& [name, value] : request.query) {
                response.body += " " + name + "=" + value;
            }
            if (!request.body.empty()) response.body += " [" + request.body + "]";
            {
                const std::lock_guard lock(mutex);
                seen.push_back(request);
            }
            responder.send(std::move(response));
        });
    }
    void TearDown() override {
        if (!thread.joinable()) return;
        reactor.post([this] {
            server.reset();
            reactor.stop();
        });
        thread.join();
    }

    [[nodiscard]] std::string raw(std::string_view text) const {
        RawClient client(server->port());
        client.send(text);
        return client.read_all();
    }
    [[nodiscard]] std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + std::to_string(server->port()) + path;
    }

    Reactor reactor;
    std::unique_ptr<HttpServer> server;
    std::thread thread;
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<HttpRequest> seen;
};

std::string status_of(const std::string& answer) { return answer.substr(0, 12); }

TEST_F(Http, AnswersWithDecodedPathAndQuery) {
    open_echo();
    HttpClient client;
    HttpCall call;
    call.method = "POST";
    call.url = url("/a%20b/%E4%BA%91?x=1%2B1&y=a+b&z");
    call.body = "hello";
    call.headers.add("Cookie", "other=1; meterbook_session=abc; last=2");
    const auto answer = client.call(call);
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "POST /a b/云 x=1+1 y=a b z= [hello]");
    EXPECT_EQ(answer->headers.get("content-type"), "text/plain");
    EXPECT_NE(answer->headers.get("date"), "");
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].cookie("meterbook_session"), "abc");
    EXPECT_EQ(seen[0].cookie("session"), "");
    EXPECT_EQ(seen[0].peer, "127.0.0.1");
}

TEST_F(Http, KeepsTheConnectionAndServesPipelinedRequests) {
    open_echo();
    const std::string answer =
        raw("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
            "POST /2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            "HEAD /3 HTTP/1.1\r\nHost: x\r\n\r\n"
            "GET /4 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_NE(answer.find("GET /1HTTP/1.1 200 OK"), std::string::npos) << answer;
    EXPECT_NE(answer.find("POST /2 [abc]HTTP/1.1 200"), std::string::npos) << answer;
    EXPECT_EQ(answer.find("HEAD /3"), std::string::npos) << "HEAD has no body";
    EXPECT_TRUE(answer.ends_with("Connection: close\r\n\r\nGET /4")) << answer;
    EXPECT_EQ(server->counters().connections, 1U);
    EXPECT_EQ(server->counters().requests, 4U);
}

TEST_F(Http, AnswersLaterFromAnotherThread) {
    std::vector<std::thread> workers;
    open({}, [&](const HttpRequest& request, Responder responder) {
        workers.emplace_back([path = request.path, responder = std::move(responder)] {
            HttpResponse response;
            response.status = 201;
            response.shared_body = std::make_shared<const std::string>("made " + path);
            responder.send(std::move(response));
            HttpResponse second;
            second.body = "only the first counts";
            responder.send(std::move(second));
        });
    });
    HttpClient client;
    HttpCall call;
    for (int i = 0; i < 20; ++i) {
        call.url = url("/" + std::to_string(i));
        const auto answer = client.call(call);
        ASSERT_TRUE(answer) << answer.error().text();
        EXPECT_EQ(answer->status, 201);
        EXPECT_EQ(answer->body, "made /" + std::to_string(i));
    }
    for (std::thread& worker : workers) worker.join();
}

TEST_F(Http, ForgottenAndThrownRequestsGet500) {
    open({}, [](const HttpRequest& request, const Responder&) {
        if (request.path == "/throw") throw std::runtime_error("on purpose");
    });
    EXPECT_EQ(status_of(raw("GET /throw HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")),
              "HTTP/1.1 500");
    EXPECT_EQ(status_of(raw("GET /lost HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")),
              "HTTP/1.1 500");
}

// Malformed framing: each case is refused with its status and the connection ends. The classic
// smuggling forms first (reference/stack.md, "Hostile input").
struct Hostile {
    const char* name;
    std::string request;
    const char* status;
};

TEST_F(Http, RefusesMalformedFraming) {
    HttpServerOptions options;
    options.body_bytes_max = 1000;
    open_echo(options);
    const std::string host = "Host: x\r\n";
    const std::string chunked = "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n";
    const Hostile cases[] = {
        {"length and chunked", chunked + "Content-Length: 3\r\n\r\n0\r\n\r\n", "400"},
        {"chunked and length",
         "POST / HTTP/1.1\r\n" + host +
             "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "400"},
        {"two lengths",
         "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
         "400"},
        {"lengths in a list", "POST / HTTP/1.1\r\n" + host + "Content-Length: 3, 4\r\n\r\nabcd",
         "400"},
        {"negative length", "POST / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n", "400"},
        {"length with sign", "POST / HTTP/1.1\r\n" + host + "Content-Length: +3\r\n\r\nabc", "400"},
        {"length not a number", "POST / HTTP/1.1\r\n" + host + "Content-Length: 0x3\r\n\r\nabc",
         "400"},
        {"length beyond 64 bits",
         "POST / HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\n", "400"},
        {"length too large", "POST / HTTP/1.1\r\n" + host + "Content-Length: 1001\r\n\r\n", "413"},
        {"chunks too large", chunked + "\r\n3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n",
         "413"},
        {"chunk size not hex", chunked + "\r\nxyz\r\nabc\r\n0\r\n\r\n", "400"},
        {"chunk size beyond 64 bits", chunked + "\r\nfffffffffffffffff\r\nabc\r\n", "400"},
        {"chunk without end", chunked + "\r\n3\r\nabcd\r\n0\r\n\r\n", "400"},
        {"unknown coding", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\nabc",
         "501"},
        {"coding in front of chunked",
         "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"},
        {"chunked twice",
         "POST / HTTP/1.1\r\n" + host +
             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "400"},
        {"chunked in HTTP/1.0",
         "POST / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
        {"bare line feeds", "GET / HTTP/1.1\nHost: x\n\n", "400"},
        {"bare line feed in a header", "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", "400"},
        {"blank before the colon", "GET / HTTP/1.1\r\n" + host + "Content-Length : 3\r\n\r\n",
         "400"},
        {"null in a header", "GET / HTTP/1.1\r\n" + host + std::string("A: b\0c\r\n\r\n", 10),
         "400"},
        {"no host", "GET / HTTP/1.1\r\n\r\n", "400"},
        {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
        {"header without colon", "GET / HTTP/1.1\r\n" + host + "nonsense\r\n\r\n", "400"},
        {"unknown version", "GET / HTTP/2.0\r\n" + host + "\r\n", "400"},
        {"no version", "GET /\r\n\r\n", "400"},
        {"not HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n", "400"},
        {"absolute target", "GET http://x/ HTTP/1.1\r\n" + host + "\r\n", "400"},
        {"star", "OPTIONS * HTTP/1.1\r\n" + host + "\r\n", "400"},
        {"encoded slash", "GET /a%2Fb HTTP/1.1\r\n" + host + "\r\n", "400"},
        {"dot dot", "GET /a/../b HTTP/1.1\r\n" + host + "\r\n", "400"},
        {"encoded dot dot", "GET /a/%2e%2e/b HTTP/1.1\r\n" + host + "\r\n", "400"},
        {"backslash", "GET /a%5C..%5Cb HTTP/1.1\r\n" + host + "\r\n", "400"},
        {"encoded null", "GET /a%00 HTTP/1.1\r\n" + host + "\r\n", "400"},
        {"broken escape", "GET /a%2 HTTP/1.1\r\n" + host + "\r\n", "400"},
        {"broken escape in the query", "GET /?a=%zz HTTP/1.1\r\n" + host + "\r\n", "400"},
        {"large header",
         "GET / HTTP/1.1\r\n" + host + "A: " + std::string(1U << 20, 'a') + "\r\n\r\n", "431"},
        {"large target", "GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\n" + host + "\r\n",
         "431"},
    };
    std::uint64_t refused = 0;
    for (const Hostile& hostile : cases) {
        const std::string answer =
            raw(hostile.request + "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_EQ(status_of(answer), std::string("HTTP/1.1 ") + hostile.status)
            << hostile.name << ": " << answer;
        EXPECT_EQ(answer.find("HTTP/1.1", 5), std::string::npos)
            << hostile.name << " gave more than one answer";
        ++refused;
    }
    EXPECT_EQ(server->counters().malformed, refused);
    EXPECT_EQ(server->counters().requests, 0U);
    EXPECT_TRUE(seen.empty());
}

TEST_F(Http, FieldsOfATrailerAreNoHeaders) {
    open_echo();
    const std::string answer =
        raw("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3\r\nabc\r\n0\r\nX-CSRF-Token: forged\r\n\r\n");
    EXPECT_EQ(status_of(answer), "HTTP/1.1 200");
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_FALSE(seen[0].headers.has("x-csrf-token"));
}

TEST_F(Http, SlowClientsAreCutOff) {
    HttpServerOptions options;
    options.header_timeout = Duration::milliseconds(60);
    options.body_timeout = Duration::milliseconds(60);
    options.idle_timeout = Duration::milliseconds(60);
    open_echo(options);
    EXPECT_EQ(status_of(raw("GET / HTTP/1.1\r\nHos")), "HTTP/1.1 408");
    EXPECT_EQ(status_of(raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")),
              "HTTP/1.1 408");
    EXPECT_EQ(raw(""), "") << "nothing was asked, nothing is answered";
    EXPECT_EQ(server->counters().timeouts, 2U);
    const std::string kept = raw("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(kept.ends_with("GET /")) << kept;
}

TEST_F(Http, HalfSentRequestsDoNotStarveOthers) {
    open_echo();
    std::vector<std::unique_ptr<RawClient>> slow;
    for (int i = 0; i < 80; ++i) {
        slow.push_back(std::make_unique<RawClient>(server->port()));
        slow.back()->send("GET / HTTP/1.1\r\nHost:");
    }
    HttpClient client;
    HttpCall call;
    call.url = url("/quick");
    const auto answer = client.call(call);
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(answer->body, "GET /quick");
}

TEST_F(Http, ConnectionsAreBounded) {
    HttpServerOptions options;
    options.connections_max = 2;
    open_echo(options);
    auto first = std::make_unique<RawClient>(server->port());
    auto second = std::make_unique<RawClient>(server->port());
    first->send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
    second->send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(first->read_until("GET /1"), "");
    EXPECT_NE(second->read_until("GET /2"), "");
    EXPECT_EQ(status_of(raw("")), "HTTP/1.1 503");
    EXPECT_EQ(server->counters().refused_full, 1U);
    first.reset();
    std::string again;
    for (int i = 0; i < 100 && !again.ends_with("GET /3"); ++i) {
        again = raw("GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    }
    EXPECT_TRUE(again.ends_with("GET /3")) << again;
}

TEST_F(Http, LargeBodiesWithExpectation) {
    HttpServerOptions options;
    options.body_bytes_max = std::uint64_t{8} << 20;
    open_echo(options);
    RawClient client(server->port());
    client.send(
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n"
        "Content-Length: 5000000\r\n\r\n");
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send(std::string(5'000'000, 'y'));
    const std::string answer = client.read_all();
    EXPECT_EQ(status_of(answer), "HTTP/1.1 200");
    EXPECT_TRUE(answer.ends_with("yyyy]"));
    EXPECT_GT(answer.size(), 5'000'000U);
}

TEST_F(Http, ErrorBodiesCanBeChosen) {
    HttpServerOptions options;
    options.error_response = [](int status) {
        HttpResponse response;
        response.headers.add("Content-Type", "application/problem+json");
        response.body = "{\"status\":" + std::to_string(status) + "}";
        return response;
    };
    open_echo(options);
    EXPECT_TRUE(raw("GET / HTTP/1.1\r\n\r\n").ends_with("{\"status\":400}"));
}

class HttpStream : public Http {
protected:
    void open_stream(HttpServerOptions options = {}) {
        open(std::move(options), [this](const HttpRequest&, const Responder& responder) {
            HttpResponse head;
            head.headers.add("Content-Type", "text/event-stream");
            const std::lock_guard lock(mutex);
            stream = responder.stream(std::move(head), [this] {
                const std::lock_guard closing(mutex);
                ++closed;
                changed.notify_all();
            });
            changed.notify_all();
        });
    }
    StreamHandle wait_for_stream() {
        std::unique_lock lock(mutex);
        EXPECT_TRUE(
            changed.wait_for(lock, std::chrono::seconds(10), [this] { return stream.is_open(); }));
        return stream;
    }
    void wait_for_closed() {
        std::unique_lock lock(mutex);
        EXPECT_TRUE(
            changed.wait_for(lock, std::chrono::seconds(10), [this] { return closed > 0; }));
    }

    StreamHandle stream;
    int closed = 0;
};

TEST_F(HttpStream, GoesOnUntilItIsClosed) {
    open_stream();
    RawClient client(server->port());
    client.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    const StreamHandle out = wait_for_stream();
    const std::string head = client.read_until("\r\n\r\n");
    EXPECT_EQ(status_of(head), "HTTP/1.1 200");
    EXPECT_NE(head.find("Transfer-Encoding: chunked"), std::string::npos);
    EXPECT_TRUE(out.write("data: 1\n\n"));
    EXPECT_EQ(client.read_until("data: 1\n\n\r\n"), "9\r\ndata: 1\n\n\r\n");
    EXPECT_TRUE(out.write("data: 2\n\n"));
    out.close();
    EXPECT_FALSE(out.write("data: 3\n\n"));
    EXPECT_EQ(client.read_all(), "9\r\ndata: 2\n\n\r\n0\r\n\r\n");
    EXPECT_EQ(closed, 0) << "our own close is not reported";
}

TEST_F(HttpStream, OldClientsGetItUnframed) {
    open_stream();
    RawClient client(server->port());
    client.send("GET /events HTTP/1.0\r\n\r\n");
    const StreamHandle out = wait_for_stream();
    EXPECT_EQ(client.read_until("\r\n\r\n").find("chunked"), std::string::npos);
    out.write("data: 1\n\n");
    out.close();
    EXPECT_EQ(client.read_all(), "data: 1\n\n");
}

TEST_F(HttpStream, TellsWhenTheReaderGoes) {
    open_stream();
    {
        RawClient client(server->port());
        client.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
        wait_for_stream();
        client.read_until("\r\n\r\n");
        EXPECT_EQ(server->counters().streams, 1U);
    }
    wait_for_closed();
    EXPECT_FALSE(stream.is_open());
    EXPECT_FALSE(stream.write("data\n\n"));
}

TEST_F(HttpStream, SlowReadersAreCutOffAtTheBound) {
    HttpServerOptions options;
    options.stream_queue_bytes_max = 100'000;
    open_stream(options);
    RawClient client(server->port());
    client.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    const StreamHandle out = wait_for_stream();
    const std::string chunk(10'000, 'z');
    int written = 0;
    while (written < 100'000 && out.write(chunk)) ++written;  // nobody reads
    EXPECT_LT(written, 100'000);
    EXPECT_LE(out.queued(), 100'000U);
    wait_for_closed();
}

TEST_F(HttpStream, SurvivesTheServersEnd) {
    open_stream();
    RawClient client(server->port());
    client.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    const StreamHandle out = wait_for_stream();
    TearDown();
    EXPECT_FALSE(out.write("data\n\n"));
    out.close();
    EXPECT_EQ(closed, 0);
}

TEST_F(Http, RespondersSurviveTheServersEnd) {
    std::optional<Responder> kept;
    open({}, [&](const HttpRequest&, Responder responder) {
        const std::lock_guard lock(mutex);
        kept = std::move(responder);
        changed.notify_all();
    });
    RawClient client(server->port());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    {
        std::unique_lock lock(mutex);
        ASSERT_TRUE(
            changed.wait_for(lock, std::chrono::seconds(10), [&] { return kept.has_value(); }));
    }
    TearDown();
    kept->send({});
    EXPECT_FALSE(kept->stream({}, [] {}).write("x"));
    kept.reset();
    EXPECT_EQ(client.read_all(), "");
}

TEST(HttpClient, ErrorsHaveStableCodes) {
    HttpClient client;
    HttpCall call;
    const auto code = [&](const std::string& url) {
        call.url = url;
        const auto answer = client.call(call);
        return answer ? std::to_string(answer->status) : answer.error().code;
    };
    EXPECT_EQ(code("nonsense"), "net.bad_url");
    EXPECT_EQ(code("ftp://127.0.0.1/"), "net.bad_url");
    EXPECT_EQ(code("http://192.0.2.1/"), "net.plain_http");
    EXPECT_EQ(code("http://127.0.0.1.example.invalid/"), "net.plain_http");
    EXPECT_EQ(code("https://no-such-host.invalid/"), "net.resolve");
    std::uint16_t port = 0;
    {
        Reactor reactor;
        auto server = HttpServer::open(reactor, {}, [](const HttpRequest&, const Responder&) {});
        ASSERT_TRUE(server);
        port = (*server)->port();
        // It listens, but nobody runs the reactor: no answer comes.
        call.timeout = Duration::milliseconds(50);
        EXPECT_EQ(code("http://127.0.0.1:" + std::to_string(port) + "/"), "net.timeout");
        call.timeout = Duration::seconds(10);
    }
    EXPECT_EQ(code("http://127.0.0.1:" + std::to_string(port) + "/"), "net.refused");
}

TEST_F(Http, ClientBoundsTheAnswerAndRefusesPlainTextAsTls) {
    open_echo();
    HttpClient client;
    HttpCall call;
    call.url = url("/" + std::string(2000, 'a'));
    call.answer_bytes_max = 1000;
    auto answer = client.call(call);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, "net.too_large");
    call.url = "https" + url("/").substr(4);
    answer = client.call(call);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, "net.tls");
}

}  // namespace
}  // namespace mb::net
