#include "engine/testing.hpp"

namespace mb::engine {
namespace {

using testing::Bench;

OrderRow order_of(const Bench& b) { return b.engine.state().orders.at("P0001ORDER1").row; }

// The pause between two questions grows to half an hour; once it ran past the expiry, so that an
// unpaid order stayed open up to twenty minutes longer than its thirty.
TEST(OrderExpiry, AnUnpaidOrderIsClosedAfterThirtyMinutesHoweverOftenTheChannelWasAsked) {
    Bench b;
    b.ok(OrderCreated{
        "P0001ORDER1", ServicePointId{1}, AccountId{1}, Money{500}, "sandbox", "tenant", "k1", {}});
    const Instant end = b.now.business + Duration::minutes(30);
    b.ok(ChannelAnswered{"P0001ORDER1", ChannelAnswer::prepared, "http://pay/1", ""});
    int asked = 0;
    bool close_asked = false;
    while (!close_asked) {
        const Instant due = b.engine.next_due();
        ASSERT_TRUE(due && due <= end) << "asked " << asked << " times";
        b.later(std::max(due, b.now.business) - b.now.business);
        b.ok(Tick{});
        for (const OutboxRow& task : b.rows<OutboxRow>()) {
            if (task.kind == TaskKind::channel_query) {
                ++asked;
                b.ok(ChannelAnswered{"P0001ORDER1", ChannelAnswer::unpaid, "", ""});
            }
            close_asked = close_asked || task.kind == TaskKind::channel_close;
        }
    }
    EXPECT_EQ(b.now.business, end);
    EXPECT_GE(asked, 5);
    b.ok(ChannelAnswered{"P0001ORDER1", ChannelAnswer::closed, "", ""});
    EXPECT_EQ(order_of(b).state, OrderState::closed);
}

// A channel that will not close an expired order is asked at intervals, not without a pause.
TEST(OrderExpiry, AnUnpaidAnswerBehindTheEndWaitsForTheNextQuestion) {
    Bench b;
    b.ok(OrderCreated{
        "P0001ORDER1", ServicePointId{1}, AccountId{1}, Money{500}, "sandbox", "tenant", "k1", {}});
    b.minutes(31);
    b.ok(Tick{});
    b.ok(ChannelAnswered{"P0001ORDER1", ChannelAnswer::unpaid, "", ""});
    EXPECT_GE(b.engine.next_due(), b.now.business + Duration::seconds(10));
}

}  // namespace
}  // namespace mb::engine
