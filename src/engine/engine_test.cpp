#include "engine/testing.hpp"

namespace mb::engine {
namespace {

using namespace testing;
using rules::credit::CreditLevel;
using rules::metering::Outcome;
using rules::relay::Position;
using rules::relay::Reason;

/// Runs the balance below zero with all notices served; the last reading cuts.
void run_into_arrears(Bench& b) {
    b.clock_ok();
    b.status(false);
    b.minutes(15);
    b.reading("97.00");  // backward: held
    b.minutes(15);
    b.reading("106.00");  // 6.00 used of 10.00: alarm 2
}

TEST(Engine, AReadingIsChargedHeldOrExcludedAndTheBaseNeverMovesBack) {
    Bench b("10.00");
    b.minutes(15);
    b.reading("101.00");
    EXPECT_EQ(b.balance(), Money{900});
    b.minutes(15);
    b.reading("0.00");  // momentary zero
    EXPECT_EQ(b.balance(), Money{900});
    EXPECT_EQ(b.rows<AlarmRow>().size(), 1U);
    b.minutes(15);
    b.reading("102.50");
    EXPECT_EQ(b.balance(), Money{750}) << "the true difference since the last good reading";
    b.reading("102.50");
    EXPECT_EQ(b.balance(), Money{750}) << "a duplicate charges nothing";
    const auto& meter = *b.engine.state().meters.find(MeterId{1});
    const auto& block = meter.days.at(0).block;
    EXPECT_EQ(block.count(Outcome::charged), 3U) << "with the base of the installation";
    EXPECT_EQ(block.count(Outcome::held), 1U);
    EXPECT_EQ(block.count(Outcome::excluded), 1U);
}

TEST(Engine, ArrearsTripNeedsBothNoticesHalfAnHourAndAllowedHours) {
    Bench b("10.00");
    run_into_arrears(b);
    EXPECT_EQ(b.account().credit.level, CreditLevel::alarm2);
    b.minutes(15);
    b.reading("110.50");  // −0.50
    EXPECT_EQ(b.balance(), Money{-50});
    EXPECT_EQ(b.account().credit.level, CreditLevel::trip_pending);
    EXPECT_FALSE(b.command()) << "the pre-trip notice is minutes old";
    b.minutes(30);
    b.ok(Tick{});
    ASSERT_TRUE(b.command());
    const CommandRow row = b.engine.state().commands.at(b.command().value).row;
    EXPECT_EQ(row.kind, CommandKind::trip);
    EXPECT_TRUE(row.reasons.has(Reason::arrears));
    EXPECT_EQ(row.balance, Money{-50});
}

TEST(Engine, NoArrearsTripAtNightOrOnAStaleReadingOrAWrongClock) {
    Bench b("10.00");
    b.now.business = at("2026-11-23T16:20:00+08:00");
    b.now.wall = b.now.business;
    run_into_arrears(b);
    b.minutes(15);  // 17:05
    b.reading("110.50");
    b.minutes(60);
    b.reading("110.60");
    EXPECT_FALSE(b.command()) << "17:00–09:00 warns only";
    b.now.business = at("2026-11-24T09:00:00+08:00");
    b.ok(Tick{});
    EXPECT_FALSE(b.command()) << "the last reading is of yesterday";
    b.ok(SampleTaken{MeterId{1}, b.now.business, {}, 301});
    b.reading("110.70");
    EXPECT_FALSE(b.command()) << "the meter's clock is off";
    b.clock_ok();
    b.minutes(15);
    b.reading("110.80");
    EXPECT_TRUE(b.command());
}

CommandId trip(Bench& b) {
    run_into_arrears(b);
    b.minutes(15);
    b.reading("110.50");
    b.minutes(30);
    b.reading("110.60");
    const CommandId id = b.command();
    b.report(id, CommandPhase::sent);
    b.report(id, CommandPhase::acked);
    return id;
}

// Found by `simulate --seed 1`: the hourly retry of a stuck relay cut at 17:31.
TEST(Engine, ACutThatFailedIsNotTriedAgainAtNightButTheNextMorning) {
    Bench b("10.00");
    b.now.business = at("2026-11-23T15:30:00+08:00");
    b.now.wall = b.now.business;
    const CommandId first = trip(b);  // 16:30 or so
    b.report(first, CommandPhase::refused, "meter.refused");
    EXPECT_FALSE(b.command());
    b.minutes(70);
    b.reading("110.70");
    EXPECT_FALSE(b.command()) << "17:00–09:00 warns only";
    b.now.business = at("2026-11-24T09:05:00+08:00");
    b.clock_ok();
    b.reading("110.80");
    EXPECT_TRUE(b.command());
}

// Found by `simulate --seed 31 --days 20`: the line left the state with its cycle, the store's row
// behind.
TEST(Engine, UseBelowHalfAFenIsInTheBillLineWhenTheDayCloses) {
    Bench b("10.00");
    b.now.business = at("2026-11-24T02:00:00+08:00");
    b.now.wall = b.now.business;
    b.reading("101.00");
    b.now.business = at("2026-11-25T02:00:00+08:00");
    b.ok(Tick{});
    b.minutes(15);
    b.reading("101.0010");  // 0.1 fen
    b.now.business = at("2026-11-26T02:00:00+08:00");
    b.ok(Tick{});
    EXPECT_TRUE(b.rows<rules::ledger::Transfer>().empty());
    ASSERT_EQ(b.rows<BillLineRow>().size(), 1U);
    EXPECT_EQ(b.rows<BillLineRow>().at(0).line.quantity.text(), "1.0010");
}

// Found by `simulate --seed 2`: keep-power on an open point gave a permit each 0.7 s until the key.
TEST(Engine, APermitThatWaitsForTheKeyIsNotGivenAgain) {
    Bench b("10.00", rules::relay::RestoreMode::permit);
    const CommandId cut = trip(b);
    b.status(true, cut, true);
    ProtectionSet keep;
    keep.service_point = ServicePointId{1};
    keep.keep_power = true;
    keep.reason = "考试";
    b.ok(keep);
    const CommandId permit = b.command();
    ASSERT_TRUE(permit);
    b.report(permit, CommandPhase::sent);
    b.status(true, permit, false);
    EXPECT_FALSE(b.command()) << "permitted; the key was not pressed yet";
    b.minutes(15);
    b.status(true);
    EXPECT_FALSE(b.command());
    b.status(false);
    EXPECT_EQ(b.point().relay.position, Position::closed);
}

TEST(Engine, AcceptedIsNotDoneOnlyTheReadBackVerifies) {
    Bench b("10.00");
    const CommandId id = trip(b);
    EXPECT_EQ(b.engine.state().commands.at(id.value).row.state, CommandState::acked);
    b.status(true, id, true);
    EXPECT_FALSE(b.command());
    EXPECT_EQ(b.point().relay.position, Position::open);
    EXPECT_EQ(b.rows<NoticeRow>().at(0).kind, NoticeKind::tripped);
}

TEST(Engine, PaymentRestoresAndTheOrderIsCompleteOnlyWhenTheRelayWasReadClosed) {
    Bench b("10.00");
    b.status(true, trip(b), true);
    b.ok(OrderCreated{"P0001ORDER1",
                      ServicePointId{1},
                      AccountId{1},
                      Money{5000},
                      "sandbox",
                      "tenant",
                      "key-1",
                      {}});
    EXPECT_EQ(b.rows<OutboxRow>().at(0).kind, TaskKind::channel_create);
    b.ok(ChannelAnswered{"P0001ORDER1", ChannelAnswer::prepared, "http://x/pay", ""});
    b.pay("P0001ORDER1", "50.00");
    EXPECT_EQ(b.balance(), Money{4940});
    const CommandId close = b.command();
    ASSERT_TRUE(close);
    const auto& order = b.engine.state().orders.at("P0001ORDER1").row;
    EXPECT_EQ(order.state, OrderState::crediting);
    b.report(close, CommandPhase::sent);
    b.report(close, CommandPhase::acked);
    EXPECT_EQ(order.state, OrderState::crediting);
    b.status(false, close);
    EXPECT_EQ(order.state, OrderState::completed);
    EXPECT_TRUE(order.sent && order.acknowledged && order.verified && !order.load_seen);
    b.power(1200);
    EXPECT_TRUE(order.load_seen);
    EXPECT_TRUE(b.point().orders.empty());
}

TEST(Engine, ADuplicatePaymentMovesNothingAndASecondOneGoesToSuspense) {
    Bench b("10.00");
    b.ok(OrderCreated{"P0001ORDER1",
                      ServicePointId{1},
                      AccountId{1},
                      Money{500},
                      "sandbox",
                      "tenant",
                      "key-1",
                      {}});
    b.pay("P0001ORDER1", "5.00");
    EXPECT_EQ(b.balance(), Money{1500});
    b.pay("P0001ORDER1", "5.00");
    EXPECT_EQ(b.balance(), Money{1500});
    EXPECT_TRUE(b.out.rows().empty());
    b.pay("P0001ORDER1", "5.00", "T2");
    EXPECT_EQ(b.balance(), Money{1500});
    EXPECT_EQ(b.rows<rules::ledger::Transfer>().at(0).credit.kind, rules::ledger::Kind::suspense);
    b.pay("P0001NOSUCH", "7.00", "T3");
    EXPECT_EQ(b.rows<rules::ledger::Transfer>().at(0).amount, Money{700});
}

TEST(Engine, APaymentCancelsAStaleTripAndASentOneIsClosedAgain) {
    for (const bool sent : {false, true}) {
        Bench b("10.00");
        run_into_arrears(b);
        b.minutes(15);
        b.reading("110.50");
        b.minutes(30);
        b.reading("110.60");
        const CommandId id = b.command();
        if (sent) {
            b.report(id, CommandPhase::sent);
        }
        b.ok(OrderCreated{"P0001ORDER1",
                          ServicePointId{1},
                          AccountId{1},
                          Money{5000},
                          "sandbox",
                          "tenant",
                          "",
                          {}});
        b.pay("P0001ORDER1", "50.00");
        EXPECT_EQ(b.rows<CommandRow>().front().state, CommandState::superseded);
        EXPECT_EQ(static_cast<bool>(b.command()), sent)
            << "a trip that left may still happen: close; one that did not is simply gone";
    }
}

TEST(Engine, ACloseIsNotVerifiedWhileAnAcceptedTripIsInItsDelay) {
    Bench b("10.00");
    const CommandId cut = trip(b);
    b.ok(OrderCreated{
        "P0001ORDER1", ServicePointId{1}, AccountId{1}, Money{5000}, "sandbox", "tenant", "", {}});
    b.pay("P0001ORDER1", "50.00");
    const CommandId close = b.command();
    ASSERT_TRUE(close);
    ASSERT_NE(close, cut);
    b.status(false, {}, true);  // a poll: the contact has not moved yet, the trip is under way
    EXPECT_EQ(b.command(), close);
    EXPECT_FALSE(b.engine.state().orders.at("P0001ORDER1").row.verified);
    b.status(true, {}, true);  // now it has
    EXPECT_EQ(b.command(), close);
    b.report(close, CommandPhase::sent);
    b.status(false, close);
    EXPECT_FALSE(b.command());
    EXPECT_TRUE(b.engine.state().orders.at("P0001ORDER1").row.verified);
}

TEST(Engine, ATimeOutIsUnknownIsReadBackAndFailsOnlyAfterThreeTries) {
    Bench b("10.00");
    run_into_arrears(b);
    b.minutes(15);
    b.reading("110.50");
    b.minutes(30);
    b.reading("110.60");
    const CommandId id = b.command();
    for (std::int32_t attempt = 1; attempt <= 3; ++attempt) {
        b.report(id, CommandPhase::sent, "", attempt);
        b.report(id, CommandPhase::timed_out, "", attempt);
        EXPECT_EQ(b.engine.state().commands.at(id.value).row.state, CommandState::unknown);
        b.status(false, id);
    }
    EXPECT_FALSE(b.command());
    EXPECT_EQ(b.point().relay.desired, rules::relay::Action::trip) << "the desired state stays";
    EXPECT_EQ(b.engine.state().alarms.count("1:relay.stuck"), 1U);
    b.minutes(61);
    b.reading("110.70");
    EXPECT_TRUE(b.command()) << "another try in an hour, on a fresh reading";
}

TEST(Engine, AnExpiredCommandWaitsForTheMeterToSpeak) {
    Bench b("10.00");
    run_into_arrears(b);
    b.minutes(15);
    b.reading("110.50");
    b.minutes(30);
    b.reading("110.60");
    b.report(b.command(), CommandPhase::waiting_online);
    b.minutes(6);
    b.ok(Tick{});
    EXPECT_FALSE(b.command());
    b.minutes(20);
    b.ok(ContactChanged{{MeterId{1}}, true});
    EXPECT_TRUE(b.command());
}

TEST(Engine, KeepPowerSuppressesAndItsEndNeedsANewNotice) {
    Bench b("10.00");
    b.ok(ProtectionSet{ServicePointId{1}, true, {}, {}, "消防泵", "", {}});
    run_into_arrears(b);
    b.minutes(15);
    b.reading("111.00");
    b.minutes(40);
    b.reading("111.10");
    EXPECT_FALSE(b.command());
    b.ok(ProtectionSet{ServicePointId{1}, false, {}, {}, "检修结束", "", {}});
    EXPECT_FALSE(b.command());
    EXPECT_EQ(b.rows<NoticeRow>().at(0).kind, NoticeKind::pretrip);
    b.minutes(30);
    b.reading("111.20");
    EXPECT_TRUE(b.command());
}

TEST(Engine, KeepPowerOnAnOpenPointClosesIt) {
    Bench b("10.00");
    b.status(true, trip(b), true);
    b.ok(ProtectionSet{ServicePointId{1}, true, {}, {}, "病人", "", {}});
    ASSERT_TRUE(b.command());
    EXPECT_EQ(b.engine.state().commands.at(b.command().value).row.kind, CommandKind::close);
}

TEST(Engine, PermitOrdersWaitForTheKey) {
    Bench b("10.00", rules::relay::RestoreMode::permit);
    b.status(true, trip(b), true);
    b.ok(OrderCreated{
        "P0001ORDER1", ServicePointId{1}, AccountId{1}, Money{5000}, "sandbox", "tenant", "", {}});
    b.pay("P0001ORDER1", "50.00");
    const CommandId permit = b.command();
    EXPECT_EQ(b.engine.state().commands.at(permit.value).row.kind, CommandKind::permit);
    b.report(permit, CommandPhase::sent);
    b.status(true, permit, false);  // open, commanded closed: permitted
    const auto& order = b.engine.state().orders.at("P0001ORDER1").row;
    EXPECT_TRUE(order.permit_ready);
    EXPECT_EQ(order.state, OrderState::crediting);
    EXPECT_FALSE(b.command());
    b.minutes(3);
    b.status(false);
    EXPECT_EQ(order.state, OrderState::completed);
}

TEST(Engine, EmergencyCreditMovesTheLimitOnceUntilRepaid) {
    Bench b("10.00");
    b.status(true, trip(b), true);
    b.ok(EmergencyCreditTaken{AccountId{1}, "e1", {}});
    EXPECT_TRUE(b.command()) << "power comes back";
    EXPECT_EQ(b.refused(EmergencyCreditTaken{AccountId{1}, "e2", {}}), "credit.emergency_used");
    EXPECT_TRUE(b.apply(EmergencyCreditTaken{AccountId{1}, "e1", {}}).duplicate);
}

TEST(Engine, TheSameKeyWithAnotherBodyIsAConflict) {
    Bench b;
    const OrderCreated order{"P0001ORDER1", ServicePointId{1}, AccountId{1}, Money{500},
                             "sandbox",     "tenant",          "key-1",      {}};
    b.ok(order);
    OrderCreated again = order;
    again.no = "P0001ORDER2";
    const EventOutcome repeat = b.apply(again);
    EXPECT_TRUE(repeat.duplicate);
    EXPECT_EQ(repeat.ref, "P0001ORDER1");
    again.amount = Money{600};
    EXPECT_EQ(b.refused(again), "idempotency.conflict");
}

TEST(Engine, DayCloseClosesDaysPostsUseAndProvesReadings) {
    Bench b("100.00");
    b.minutes(15);
    b.reading("100.37");
    b.now.business = at("2026-11-24T02:00:00+08:00");
    b.ok(Tick{});
    const auto postings = b.rows<rules::ledger::Transfer>();
    ASSERT_EQ(postings.size(), 1U);
    EXPECT_EQ(postings[0].amount, Money{37});
    EXPECT_EQ(b.account().pending, Money{0});
    EXPECT_EQ(b.balance(), Money{9963});
    const auto proof = b.rows<DailyProofRow>().at(0);
    EXPECT_EQ(proof.received, 2) << "with the base of the installation";
    EXPECT_EQ(proof.posted, Money{37});
    std::vector<MeterViewRow> views;
    std::vector<DayRow> days;
    b.engine.take_dirty(100, views, days);
    ASSERT_EQ(days.size(), 1U);
    EXPECT_TRUE(days[0].closed);
}

TEST(Engine, ManualTripNeedsAReasonAndTwoPeopleAgainstProtection) {
    Bench b;
    const Actor zhang{ActorKind::staff, LoginId{1}, "张工"};
    RelayRequested cut{ServicePointId{1}, RequestedAction::trip, "", false, "", "", zhang};
    EXPECT_EQ(b.refused(cut), "relay.reason_required");
    b.ok(ProtectionSet{ServicePointId{1}, {}, true, {}, "办公", "", zhang});
    cut.reason = "装修";
    EXPECT_EQ(b.refused(cut), "relay.protected");
    cut.second_approver = "张工";
    EXPECT_EQ(b.refused(cut), "relay.protected") << "the same person twice";
    cut.second_approver = "李工";
    EXPECT_FALSE(b.ok(cut).empty());
    b.report(b.command(), CommandPhase::sent);
    b.status(true, b.command(), true);
    b.ok(ProtectionSet{ServicePointId{1}, {}, {}, true, "有人作业", "", zhang});
    EXPECT_EQ(b.refused(RelayRequested{ServicePointId{1}, RequestedAction::close, "恢复", false, "",
                                       "", zhang}),
              "relay.locked_out");
    b.ok(ProtectionSet{ServicePointId{1}, {}, {}, false, "作业完", "", zhang});
    EXPECT_FALSE(b.ok(RelayRequested{ServicePointId{1}, RequestedAction::close, "恢复", false, "",
                                     "", zhang})
                     .empty());
}

TEST(Engine, AnImageRestoresTheVeryState) {
    Bench b("10.00");
    trip(b);
    const Bytes image = b.engine.image();
    Engine again = Engine::from_image(ProjectId{1}, image, true).value();
    EXPECT_EQ(again.image(), image);
    EXPECT_EQ(to_binary(again.view(MeterId{1})), to_binary(b.engine.view(MeterId{1})));
    b.minutes(1);
    Effects one;
    Effects two;
    const std::vector<Event> events{StatusRead{MeterId{1}, b.now.business, true, true, false, {}}};
    b.engine.apply(events, b.now, one);
    again.apply(events, b.now, two);
    EXPECT_EQ(one.canonical(), two.canonical());
    EXPECT_EQ(again.image(), b.engine.image());
    for (std::size_t cut = 0; cut < image.size(); cut += 7) {
        EXPECT_FALSE(Engine::from_image(ProjectId{1}, ByteView(image).first(cut), false)) << cut;
    }
}

}  // namespace
}  // namespace mb::engine
