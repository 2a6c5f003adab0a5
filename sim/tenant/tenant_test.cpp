#include "sim/tenant/tenant.hpp"

#include <gtest/gtest.h>

#include "base/binary.hpp"

namespace mb::sim::tenant {
namespace {

const Instant start{1'795'348'800'000'000};

TenantSpec spec() {
    return {"002611150042",
            Duration::minutes(3),
            Duration::minutes(12),
            {Money{5000}, Money{10000}},
            7};
}

/// Looks each second until he wants to pay.
std::optional<TopUp> wait_for(Tenant& tenant, Instant& now, Duration longest) {
    for (const Instant end = now + longest; now <= end; now = now + Duration::seconds(1)) {
        if (auto top_up = tenant.look(true, now)) return top_up;
    }
    return std::nullopt;
}

TEST(Tenant, PaysWithinHisDelayAfterACut) {
    Tenant tenant(spec());
    Instant now = start;
    EXPECT_FALSE(tenant.look(false, now));
    const auto top_up = wait_for(tenant, now, Duration::minutes(13));
    ASSERT_TRUE(top_up);
    EXPECT_GE((now - start).us, Duration::minutes(3).us);
    EXPECT_LE((now - start).us, Duration::minutes(12).us + 1'000'000);
    EXPECT_TRUE(top_up->amount == Money{5000} || top_up->amount == Money{10000});
    EXPECT_FALSE(tenant.look(true, now + Duration::hours(2)));  // still paying
    tenant.settled(true, now);
    EXPECT_FALSE(tenant.look(false, now + Duration::minutes(1)));
    // The next cut is another payment under another key.
    now = now + Duration::hours(5);
    const auto next = wait_for(tenant, now, Duration::minutes(13));
    ASSERT_TRUE(next);
    EXPECT_NE(next->key, top_up->key);
}

TEST(Tenant, PaysAgainWhenThatDidNotBringThePowerBack) {
    Tenant tenant(spec());
    Instant now = start;
    ASSERT_TRUE(wait_for(tenant, now, Duration::minutes(13)));
    tenant.settled(true, now);
    EXPECT_FALSE(tenant.look(true, now + Duration::minutes(35)));
    EXPECT_TRUE(tenant.look(true, now + Duration::minutes(36)));
    tenant.settled(false, now + Duration::minutes(36));
    EXPECT_TRUE(tenant.look(true, now + Duration::minutes(39)));
}

TEST(Tenant, ARestartKeepsTheKey) {
    Tenant tenant(spec());
    Instant now = start;
    const auto top_up = wait_for(tenant, now, Duration::minutes(13));
    Tenant again(spec(), from_binary<TenantState>(to_binary(tenant.state())).value());
    ASSERT_TRUE(again.state().pending);
    EXPECT_EQ(again.state().pending->key, top_up->key);
}

}  // namespace
}  // namespace mb::sim::tenant
