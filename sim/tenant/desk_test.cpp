#include "sim/tenant/desk.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "base/json.hpp"
#include "net/http_server.hpp"

namespace mb::sim::tenant {
namespace {

/// A stand-in of the API and the cashier: answers by path, remembers what it was asked.
class DeskTest : public testing::Test {
protected:
    DeskTest() {
        server_ = net::HttpServer::open(server_reactor_, {},
                                        [this](net::HttpRequest request, net::Responder responder) {
                                            const std::lock_guard lock(mutex_);
                                            seen_.push_back(request);
                                            responder.send(serve(request));
                                        })
                      .value();
        base_ = "http://127.0.0.1:" + std::to_string(server_->port());
        thread_ = std::thread([this] { server_reactor_.run(); });
    }
    ~DeskTest() override {
        server_reactor_.stop();
        thread_.join();
        server_.reset();
    }

    net::HttpResponse serve(const net::HttpRequest& request) {
        const std::string line = request.method + " " + request.path;
        auto& refusals = refusals_[line];
        if (!refusals.empty()) {
            const int status = refusals.front();
            refusals.erase(refusals.begin());
            return {status, {}, R"({"code":"order.amount_out_of_range"})", nullptr};
        }
        if (line == "POST /api/v1/auth/code") {
            return {200, {}, R"({"resend_after_s":60,"demo_code":"123456"})", nullptr};
        }
        if (line == "POST /api/v1/auth/sign-in") {
            return {200,
                    {{"Set-Cookie", "meterbook_session=abc; HttpOnly; SameSite=Lax; Path=/"}},
                    R"({"csrf":"token"})",
                    nullptr};
        }
        const bool cashier = line.starts_with("POST /pay/");
        if (!cashier && request.headers.get("Cookie") != "meterbook_session=abc") {
            return {401, {}, R"({"code":"auth.required"})", nullptr};
        }
        if (line == "GET /api/v1/projects/1/meters") {
            return {
                200,
                {},
                R"({"items":[{"id":"m16","code":"002611150041"},{"id":"m17","code":"002611150042"}]})",
                nullptr};
        }
        const std::string order = R"({"no":"1CAMPUS00001","paid_at":null,"pay_url":)";
        if (line == "POST /api/v1/projects/1/orders") return {201, {}, order + "null}", nullptr};
        if (line == "GET /api/v1/projects/1/orders/1CAMPUS00001") {
            return {200, {}, order + "\"" + base_ + "/pay/1CAMPUS00001\"}", nullptr};
        }
        return cashier ? net::HttpResponse{200, {}, R"({"state":"paid"})", nullptr}
                       : net::HttpResponse{404, {}, "{}", nullptr};
    }

    Result<void> pay(int attempts_max = 12) {
        DeskOptions options;
        options.api_base = base_;
        options.project = "1";
        options.attempts_max = attempts_max;
        options.backoff = Duration::milliseconds(1);
        net::Reactor reactor;
        Desk desk(reactor, options);
        std::vector<Result<void>> ends;
        for (const char* key : {"tenant-key-1", "tenant-key-2"}) {  // two with one phone, at once
            desk.pay({key, "13800000001", "002611150042", Money{5000}}, [&](Result<void> result) {
                ends.push_back(std::move(result));
                if (ends.size() == 2) reactor.stop();
            });
        }
        reactor.run_for(Duration::seconds(30));
        EXPECT_EQ(ends.size(), 2U);
        if (ends.empty()) return fail("test.no_end");
        EXPECT_EQ(ends[0].has_value(), ends[1].has_value());
        return ends[0];
    }
    std::vector<net::HttpRequest> seen(const std::string& line) {
        std::vector<net::HttpRequest> out;
        for (const auto& request : seen_) {
            if (request.method + " " + request.path == line) out.push_back(request);
        }
        return out;
    }

    net::Reactor server_reactor_;
    std::unique_ptr<net::HttpServer> server_;
    std::string base_;
    std::thread thread_;
    std::mutex mutex_;
    std::map<std::string, std::vector<int>> refusals_;
    std::vector<net::HttpRequest> seen_;
};

TEST_F(DeskTest, SignsInOrdersAndPaysAtTheCashier) {
    ASSERT_TRUE(pay());
    EXPECT_EQ(seen("POST /api/v1/auth/sign-in").size(), 1U);  // one session for the phone
    const auto orders = seen("POST /api/v1/projects/1/orders");
    ASSERT_EQ(orders.size(), 2U);
    EXPECT_EQ(orders[0].body, R"({"meter_id":"m17","amount":"50.00","channel":"sandbox"})");
    EXPECT_EQ(orders[0].headers.get("X-CSRF-Token"), "token");
    EXPECT_NE(orders[0].headers.get("Idempotency-Key"), orders[1].headers.get("Idempotency-Key"));
    const auto payments = seen("POST /pay/1CAMPUS00001");
    ASSERT_EQ(payments.size(), 2U);
    EXPECT_FALSE(payments[0].headers.has("Cookie"));
}

TEST_F(DeskTest, RetriesUnderTheSameKey) {
    refusals_["POST /api/v1/projects/1/orders"] = {503, 503, 503, 429};
    refusals_["POST /pay/1CAMPUS00001"] = {500};
    refusals_["GET /api/v1/projects/1/orders/1CAMPUS00001"] = {401};  // the session ended
    ASSERT_TRUE(pay());
    std::map<std::string, int> keys;
    for (const auto& request : seen("POST /api/v1/projects/1/orders")) {
        ++keys[std::string(request.headers.get("Idempotency-Key"))];
    }
    EXPECT_EQ(keys.size(), 2U);
    EXPECT_EQ(keys["tenant-key-1"] + keys["tenant-key-2"], 6);
    EXPECT_EQ(seen("POST /api/v1/auth/sign-in").size(), 2U);
}

TEST_F(DeskTest, GivesUp) {
    refusals_["POST /api/v1/projects/1/orders"] = {422, 422};
    const auto refused = pay();
    EXPECT_EQ(refused.error().code, "tenant.refused");
    EXPECT_EQ(refused.error().text(),
              "tenant.refused step=order status=422 code=order.amount_out_of_range");
    refusals_["POST /api/v1/projects/1/orders"] = std::vector<int>(100, 503);
    EXPECT_EQ(pay(3).error().text(), "tenant.gave_up step=order last=503");
}

}  // namespace
}  // namespace mb::sim::tenant
