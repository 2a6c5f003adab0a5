#include "sim/channel/server.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "base/json.hpp"
#include "sim/channel/signature.hpp"

namespace mb::sim::channel {
namespace {

const std::string secret = "s3cret";

std::int64_t unix_now() {
    using namespace std::chrono;
    return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

/// The channel and a merchant, each with a thread, over real loopback sockets.
class ChannelServerTest : public testing::Test {
protected:
    ChannelServerTest() {
        char pattern[] = "/tmp/meterbook-channel-XXXXXX";
        folder_ = mkdtemp(pattern);
        net::HttpServerOptions options;
        merchant_ =
            net::HttpServer::open(merchant_reactor_, options,
                                  [this](net::HttpRequest request, net::Responder responder) {
                                      responder.send({take(std::move(request)), {}, "", {}});
                                  })
                .value();
        open();
        thread_ = std::thread([this] { reactor_.run(); });
        merchant_thread_ = std::thread([this] { merchant_reactor_.run(); });
    }
    ~ChannelServerTest() override {
        reactor_.stop();
        thread_.join();
        server_.reset();
        merchant_reactor_.stop();
        merchant_thread_.join();
        merchant_.reset();
        std::filesystem::remove_all(folder_);
    }

    void open() {
        ServerOptions options;
        options.secret = secret;
        options.state_file = folder_ / "channel.state";
        server_ = ChannelServer::open(reactor_, options).value();
        base_ = server_->public_base();
    }
    void restart() {
        std::promise<void> done;
        reactor_.post([&] {
            server_.reset();
            open();
            done.set_value();
        });
        done.get_future().wait();
    }

    int take(net::HttpRequest request) {
        const std::lock_guard lock(mutex_);
        const int status = answers_.empty() ? 200 : answers_.front();
        if (!answers_.empty()) answers_.erase(answers_.begin());
        callbacks_.push_back(std::move(request));
        arrived_.notify_all();
        return status;
    }
    std::vector<net::HttpRequest> callbacks(std::size_t count) {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(arrived_.wait_for(lock, std::chrono::seconds(20),
                                      [&] { return callbacks_.size() >= count; }));
        return callbacks_;
    }

    net::HttpResponse call(const std::string& method, const std::string& path,
                           const std::string& body = "", const std::string& with = secret,
                           net::HttpHeaders headers = {}) {
        net::HttpCall out;
        out.method = method;
        out.url = base_ + path;
        out.body = body;
        out.headers = std::move(headers);
        const std::string timestamp = std::to_string(unix_now());
        out.headers.set("Meterbook-Timestamp", timestamp);
        out.headers.set("Meterbook-Signature", sign(with, timestamp, body));
        const auto answer = client_.call(out);
        EXPECT_TRUE(answer) << answer.error().text();
        return answer.value_or(net::HttpResponse{});
    }
    std::string prepay(const std::string& number) {
        return to_json(PrepayRequest{
            "M1", "1", number, 5000, "CNY",
            "http://127.0.0.1:" + std::to_string(merchant_->port()) + "/callbacks/sandbox/1",
            "<b>A-101</b>"});
    }

    std::filesystem::path folder_;
    net::Reactor reactor_;
    net::Reactor merchant_reactor_;
    std::unique_ptr<net::HttpServer> merchant_;
    std::unique_ptr<ChannelServer> server_;
    std::string base_;
    std::thread thread_;
    std::thread merchant_thread_;
    net::HttpClient client_;
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::vector<int> answers_;
    std::vector<net::HttpRequest> callbacks_;
};

TEST_F(ChannelServerTest, PaysAndCallsBackUntilTaken) {
    answers_ = {503};
    const auto created = call("POST", "/v1/orders", prepay("MB0000000001"));
    EXPECT_EQ(created.status, 200);
    EXPECT_EQ(created.body, R"({"order_no":"MB0000000001","state":"unpaid","pay_url":")" + base_ +
                                R"(/pay/MB0000000001"})");
    const auto page = call("GET", "/pay/MB0000000001");
    EXPECT_NE(page.body.find("支付"), std::string::npos);
    EXPECT_NE(page.body.find("¥ 50.00"), std::string::npos);
    EXPECT_NE(page.body.find("&lt;b&gt;A-101"), std::string::npos);
    EXPECT_TRUE(page.headers.get("Content-Security-Policy").starts_with("default-src 'none'"));

    const auto paid =
        call("POST", "/pay/MB0000000001", "", secret, {{"Accept", "application/json"}});
    EXPECT_EQ(paid.body, R"({"order_no":"MB0000000001","state":"paid"})");
    const auto got = callbacks(2);  // refused once, then a second later
    for (const net::HttpRequest& request : got) {
        EXPECT_EQ(request.path, "/callbacks/sandbox/1");
        EXPECT_EQ(request.body, got[0].body);
        EXPECT_TRUE(verify(secret, request.headers.get("Meterbook-Timestamp"),
                           request.headers.get("Meterbook-Signature"), request.body, unix_now()));
    }
    const auto view = call("GET", "/v1/orders/MB0000000001");
    EXPECT_NE(view.body.find(R"("state":"paid")"), std::string::npos) << view.body;
    EXPECT_NE(view.body.find(R"("paid_amount_fen":5000)"), std::string::npos);
    EXPECT_EQ(call("POST", "/v1/orders/MB0000000001/close").status, 409);
    EXPECT_EQ(call("POST", "/pay/MB0000000001").status, 303);
}

TEST_F(ChannelServerTest, RefusesForgedAndMalformedRequests) {
    const std::string body = prepay("MB0000000001");
    EXPECT_EQ(call("POST", "/v1/orders", body, "wrong").status, 401);
    EXPECT_EQ(call("GET", "/v1/orders/MB0000000001").status, 404);
    EXPECT_EQ(call("POST", "/v1/orders", R"({"order_no":1})").status, 400);
    EXPECT_EQ(call("POST", "/v1/orders", body).status, 200);
    EXPECT_EQ(call("GET", "/v1/orders").status, 405);
    EXPECT_EQ(call("GET", "/v1/nothing").status, 404);
    EXPECT_EQ(call("GET", "/pay/MB0000000009").status, 404);
    EXPECT_EQ(
        call("POST", "/pay/MB0000000001", "", secret, {{"Origin", "https://evil.test"}}).status,
        403);
    EXPECT_EQ(call("POST", "/v1/orders/MB0000000001/close").status, 204);
    EXPECT_EQ(call("POST", "/pay/MB0000000001", "", secret, {{"Origin", base_}}).status, 409);
    EXPECT_TRUE(callbacks(0).empty());
}

TEST_F(ChannelServerTest, OwedCallbacksSurviveARestart) {
    answers_ = {500};
    EXPECT_EQ(call("POST", "/v1/orders", prepay("MB0000000001")).status, 200);
    EXPECT_EQ(call("POST", "/pay/MB0000000001").status, 303);
    (void)callbacks(1);
    restart();
    const auto got = callbacks(2);
    EXPECT_EQ(got[1].body, got[0].body);
    EXPECT_NE(call("GET", "/v1/orders/MB0000000001").body.find(R"("state":"paid")"),
              std::string::npos);
}

TEST_F(ChannelServerTest, TestsSwitchFaults) {
    EXPECT_EQ(call("POST", "/v1/faults",
                   R"({"duplicate":1,"late_ms":0,"lost":0,"forged":1,"wrong_amount_fen":0})")
                  .status,
              200);
    EXPECT_EQ(call("POST", "/v1/orders", prepay("MB0000000001")).status, 200);
    EXPECT_EQ(call("POST", "/pay/MB0000000001").status, 303);
    int genuine = 0;
    for (const net::HttpRequest& request : callbacks(3)) {
        genuine += verify(secret, request.headers.get("Meterbook-Timestamp"),
                          request.headers.get("Meterbook-Signature"), request.body, unix_now())
                       ? 1
                       : 0;
    }
    EXPECT_EQ(genuine, 2);
}

}  // namespace
}  // namespace mb::sim::channel
