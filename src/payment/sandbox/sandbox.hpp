// The sandbox channel of the demo: the merchant's side of sim/channel's wire protocol. JSON over
// HTTP, each message signed by HMAC-SHA256(secret, unix seconds + "\n" + raw body), hex, in the
// headers Meterbook-Timestamp and Meterbook-Signature; a signature is good for 300 s. Exists only
// with --demo.
#pragma once

#include "net/http_client.hpp"
#include "payment/channel.hpp"

#include <functional>
#include <mutex>
#include <string>

namespace mb::payment::sandbox {

struct SandboxConfig {
    std::string base_url;  // http://127.0.0.1:PORT
    std::string merchant = "meterbook-demo";
    std::string secret;
    std::int32_t number = 1;
    Duration timeout = Duration::seconds(5);  // wall
};

class SandboxChannel final : public Channel {
public:
    SandboxChannel(SandboxConfig config, std::function<Instant()> wall_clock);

    [[nodiscard]] const std::string& name() const override { return name_; }
    [[nodiscard]] std::int32_t number() const override { return config_.number; }
    Result<std::string> create(const PayOrder& order) override;
    Result<QueryAnswer> query(const std::string& order_no) override;
    Result<QueryAnswer> close(const std::string& order_no) override;
    Result<PaymentFact> verify(const net::HttpHeaders& headers, std::string_view body,
                               ProjectId project, Instant wall_now) const override;

private:
    Result<net::HttpResponse> call(const std::string& method, const std::string& path,
                                   const std::string& body);

    SandboxConfig config_;
    std::function<Instant()> wall_clock_;
    std::string name_ = "sandbox";
    std::mutex mutex_;  // the client belongs to one caller at a time
    net::HttpClient client_;
};

}  // namespace mb::payment::sandbox
