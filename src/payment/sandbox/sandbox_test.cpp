#include "payment/sandbox/sandbox.hpp"

#include <gtest/gtest.h>

namespace mb::payment::sandbox {
namespace {

// Computed with the OpenSSL command line: printf '1795341600\n%s' "$BODY" | openssl dgst -sha256
// -hmac …
const std::string secret = "0123456789abcdef";
const std::string timestamp = "1795341600";
const std::string body =
    R"({"event_id":"E1","event_type":"payment.succeeded","channel":"sandbox",)"
    R"("merchant":"meterbook-demo","project":"1","order_no":"1ABCDEFG","transaction_id":"T1",)"
    R"("amount_fen":5000,"currency":"CNY","paid_at":"2026-11-22T10:00:00Z"})";
const std::string signature = "80b3fc707669ec6f5b64040a66e9a8d63ec4cea6537539fda7a1cd31dc89f9f5";

SandboxChannel channel() {
    SandboxConfig config;
    config.base_url = "http://127.0.0.1:9";
    config.secret = secret;
    return SandboxChannel(config, [] { return Instant{}; });
}

std::string judged(const std::string& with_body, const std::string& with_signature,
                   std::int64_t age_s = 0, ProjectId project = ProjectId{1}) {
    net::HttpHeaders headers;
    headers.set("Meterbook-Timestamp", timestamp);
    headers.set("Meterbook-Signature", with_signature);
    const Instant now{(1'795'341'600 + age_s) * 1'000'000};
    const auto fact = channel().verify(headers, with_body, project, now);
    return fact ? fact->transaction + " " + fact->amount.text() : fact.error().code;
}

TEST(SandboxChannel, JudgesCallbacksByTheirRawBody) {
    EXPECT_EQ(judged(body, signature), "T1 50.00");
    EXPECT_EQ(judged(body + " ", signature), "payment.bad_signature");
    std::string flipped = signature;
    flipped.back() = flipped.back() == '0' ? '1' : '0';
    EXPECT_EQ(judged(body, flipped), "payment.bad_signature");
    EXPECT_EQ(judged(body, ""), "payment.bad_signature");
    std::string more = body;
    more.replace(more.find("5000"), 4, "9999");
    EXPECT_EQ(judged(more, signature), "payment.bad_signature");
}

TEST(SandboxChannel, RefusesStaleCallbacksAndThoseOfOthers) {
    EXPECT_EQ(judged(body, signature, 299), "T1 50.00");
    EXPECT_EQ(judged(body, signature, 301), "payment.stale_timestamp");
    EXPECT_EQ(judged(body, signature, -301), "payment.stale_timestamp");
    EXPECT_EQ(judged(body, signature, 0, ProjectId{2}), "payment.other_merchant");
}

TEST(SandboxChannel, ASilentChannelLeavesTheOutcomeUnknown) {
    SandboxChannel silent = channel();
    const auto created = silent.create({ProjectId{1}, "1ABCDEFG", Money{5000}, "http://x/", ""});
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().code, "payment.unknown_outcome");
    EXPECT_TRUE(created.error().retryable);
}

}  // namespace
}  // namespace mb::payment::sandbox
