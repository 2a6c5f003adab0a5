#include "sim/channel/channel.hpp"

#include <gtest/gtest.h>

#include "base/binary.hpp"
#include "base/json.hpp"
#include "sim/channel/signature.hpp"

namespace mb::sim::channel {
namespace {

const std::string secret = "a shared secret of the sandbox";
const Instant noon{1'795'348'800'000'000};

PrepayRequest order(const std::string& number = "MB0000000001") {
    return {"M1", "1", number, 1230, "CNY", "http://127.0.0.1:1/callbacks/sandbox/1", {}};
}

std::string hex_of(const Digest& digest) { return hex(digest); }

TEST(ChannelSignature, MatchesThePublishedVectors) {
    // FIPS 180-4 examples and RFC 4231 cases 2 and 6.
    EXPECT_EQ(hex_of(sha256(as_bytes("abc"))),
              "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
    EXPECT_EQ(hex_of(sha256({})),
              "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855");
    EXPECT_EQ(hex_of(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
              "248D6A61D20638B8E5C026930C3E6039A33CE45964FF2167F6ECEDD419DB06C1");
    EXPECT_EQ(hex_of(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843");
    EXPECT_EQ(hex_of(hmac_sha256(std::string(131, '\xaa'),
                                 "Test Using Larger Than Block-Size Key - Hash Key First")),
              "60E431591EE0B67F0D8A26AACBF5B77F8E0BC6213728C5140546040F0EE37F54");
}

TEST(ChannelSignature, RefusesWhatWasAltered) {
    const std::string body = R"({"amount_fen":1230})";
    const std::string signature = sign(secret, "1795348800", body);
    const std::int64_t now = 1'795'348'800;
    EXPECT_TRUE(verify(secret, "1795348800", signature, body, now));
    EXPECT_TRUE(verify(secret, "1795348800", signature, body, now + 300));
    EXPECT_EQ(verify(secret, "1795348800", signature, body, now + 301).error().code,
              "signature.stale");
    EXPECT_EQ(verify(secret, "1795348801", signature, body, now).error().code, "signature.invalid");
    EXPECT_EQ(verify(secret, "1795348800", signature, body + " ", now).error().code,
              "signature.invalid");
    EXPECT_EQ(verify("another", "1795348800", signature, body, now).error().code,
              "signature.invalid");
    EXPECT_EQ(verify(secret, "1795348800", "", body, now).error().code, "signature.invalid");
    EXPECT_EQ(verify(secret, "soon", sign(secret, "soon", body), body, now).error().code,
              "signature.stale");
}

TEST(Channel, OrdersAreIdempotentAndChecked) {
    Channel channel(secret);
    EXPECT_EQ(channel.create(order())->state, PayState::unpaid);
    EXPECT_TRUE(channel.create(order()));
    PrepayRequest other = order();
    other.amount_fen = 1231;
    EXPECT_EQ(channel.create(other).error().code, "order.conflict");
    EXPECT_EQ(channel.create(order("mb000001")).error().code, "order.bad_number");
    EXPECT_EQ(channel.create(order("MB00001")).error().code, "order.bad_number");
    other = order("MB0000000002");
    other.amount_fen = 0;
    EXPECT_EQ(channel.create(other).error().code, "order.bad_amount");
    other = order("MB0000000002");
    other.notify_url += "?x=1";
    EXPECT_EQ(channel.create(other).error().code, "order.bad_notify_url");
    EXPECT_EQ(channel.query("MB0000000002").error().code, "order.unknown");
    EXPECT_EQ(channel.pay("MB0000000002", noon).error().code, "order.unknown");
    EXPECT_TRUE(channel.close("MB0000000001"));
    EXPECT_EQ(channel.pay("MB0000000001", noon).error().code, "order.closed");
}

TEST(Channel, CallsBackWithTheSameEventUntilItIsTaken) {
    Channel channel(secret);
    ASSERT_TRUE(channel.create(order()));
    EXPECT_FALSE(channel.next_due());
    const ChannelOrder paid = channel.pay("MB0000000001", noon).value();
    EXPECT_EQ(channel.pay("MB0000000001", noon)->transaction_id, paid.transaction_id);
    EXPECT_EQ(channel.close("MB0000000001").error().code, "order.paid");

    Instant now = noon;
    std::vector<Duration> waits;
    std::string first_body;
    for (const int status : {0, 500, 302, 404, 200}) {
        const auto calls = channel.take_due(now);
        ASSERT_EQ(calls.size(), 1U);
        EXPECT_TRUE(channel.take_due(now).empty());  // in flight
        const Callback& call = calls[0];
        EXPECT_TRUE(verify(secret, call.timestamp, call.signature, call.body, now.us / 1'000'000));
        if (first_body.empty()) first_body = call.body;
        EXPECT_EQ(call.body, first_body);
        channel.answered(call.id, status, now);
        if (const auto next = channel.next_due()) {
            waits.push_back(*next - now);
            EXPECT_TRUE(channel.take_due(Instant{next->us - 1}).empty());
            now = *next;
        }
    }
    EXPECT_FALSE(channel.next_due());
    EXPECT_EQ(waits, (std::vector<Duration>{Duration::seconds(1), Duration::seconds(2),
                                            Duration::seconds(3), Duration::seconds(5)}));
    EXPECT_EQ(first_body, "{\"event_id\":\"" + paid.event_id +
                              "\",\"event_type\":\"payment.succeeded\",\"channel\":\"sandbox\","
                              "\"merchant\":\"M1\",\"project\":\"1\",\"order_no\":\"MB0000000001\","
                              "\"transaction_id\":\"" +
                              paid.transaction_id +
                              "\",\"amount_fen\":1230,\"currency\":\"CNY\",\"paid_at\":\"" +
                              utc_text(noon) + "\"}");
}

TEST(Channel, FaultsDuplicateDelayLoseForgeAndChangeTheAmount) {
    Channel channel(secret);
    ChannelFaults faults;
    faults.duplicate = 2;
    faults.late_ms = 5000;
    faults.forged = 1;
    faults.wrong_amount_fen = -230;
    channel.set_faults(faults);
    ASSERT_TRUE(channel.create(order()));
    EXPECT_EQ(channel.pay("MB0000000001", noon)->paid_amount_fen, 1000);
    EXPECT_TRUE(channel.take_due(noon).empty());
    const Instant later = noon + Duration::seconds(5);
    const auto calls = channel.take_due(later);
    ASSERT_EQ(calls.size(), 4U);
    int genuine = 0;
    for (const Callback& call : calls) {
        const bool good =
            verify(secret, call.timestamp, call.signature, call.body, later.us / 1'000'000)
                .has_value();
        EXPECT_EQ(good, !call.forged);
        genuine += good ? 1 : 0;
        EXPECT_NE(call.body.find("\"amount_fen\":1000,"), std::string::npos);
        channel.answered(call.id, call.forged ? 401 : 204, later);
    }
    EXPECT_EQ(genuine, 3);
    EXPECT_FALSE(channel.next_due());

    faults = {};
    faults.lost = 1;
    channel.set_faults(faults);
    ASSERT_TRUE(channel.create(order("MB0000000002")));
    EXPECT_TRUE(channel.pay("MB0000000002", noon));
    EXPECT_FALSE(channel.next_due());
    EXPECT_EQ(channel.query("MB0000000002")->state, PayState::paid);
    ASSERT_TRUE(channel.create(order("MB0000000003")));
    EXPECT_TRUE(channel.pay("MB0000000003", noon));
    EXPECT_TRUE(channel.next_due());
}

TEST(Channel, ARestartForgetsNothing) {
    Channel channel(secret);
    ASSERT_TRUE(channel.create(order()));
    ASSERT_TRUE(channel.pay("MB0000000001", noon));
    const auto before = channel.take_due(noon);
    ASSERT_EQ(before.size(), 1U);
    // Killed while the callback was under way.
    Channel again(secret, from_binary<ChannelState>(to_binary(channel.state())).value());
    const auto after = again.take_due(noon);
    ASSERT_EQ(after.size(), 1U);
    EXPECT_EQ(after[0].body, before[0].body);
    again.answered(after[0].id, 200, noon);
    EXPECT_FALSE(again.next_due());
    EXPECT_EQ(again.query("MB0000000001")->state, PayState::paid);
}

}  // namespace
}  // namespace mb::sim::channel
