// The API's ports over a real SQLite store that holds a small scene.
#include "api/store_ports.hpp"

#include <gtest/gtest.h>

#include "store/sqlite_store.hpp"
#include "store/test_scene.hpp"

namespace mb::api {
namespace {

using store::test::campus;
using store::test::morning;

constexpr Instant wall{1'795'311'000'000'000};
constexpr ProjectId elsewhere{2};

class StorePorts : public ::testing::Test {
protected:
    void SetUp() override {
        store::SqliteStoreOptions options;
        options.folder = folder.path().string();
        options.wall_now = wall;
        auto opened = store::SqliteStore::open(options);
        ASSERT_TRUE(opened) << opened.error().text();
        store = std::move(*opened);
        store::test::write_scene(store->writer_store());
    }
    [[nodiscard]] std::unique_ptr<Reads> reads() const {
        return StoreReads(store->database(), store->lists()).open();
    }
    static std::string ids(const MeterSlice& slice) {
        std::string out;
        for (const MeterRecord& record : slice.items) out += record.meter.id.text() + " ";
        return out + "of " + std::to_string(slice.total);
    }
    static std::string numbers(const OrderSlice& slice) {
        std::string out;
        for (const OrderRecord& record : slice.items) out += record.row.no + " ";
        return out + "of " + std::to_string(slice.total);
    }

    store::test::TestFolder folder;
    std::unique_ptr<store::SqliteStore> store;
};

TEST_F(StorePorts, MetersInBothDirectionsAndPageByPage) {
    MeterQuery query;
    EXPECT_EQ(ids(reads()->meters(campus, query, morning)), "1 2 of 2");
    query.descending = true;
    EXPECT_EQ(ids(reads()->meters(campus, query, morning)), "2 1 of 2");
    query.limit = 1;
    EXPECT_EQ(ids(reads()->meters(campus, query, morning)), "2 of 2");
    query.offset = 1;
    EXPECT_EQ(ids(reads()->meters(campus, query, morning)), "1 of 2");
    query.offset = 2;
    EXPECT_EQ(ids(reads()->meters(campus, query, morning)), "of 2");
    query = {};
    query.order = MeterOrder::balance;
    EXPECT_EQ(ids(reads()->meters(campus, query, morning)), "2 1 of 2");
    EXPECT_EQ(ids(reads()->meters(elsewhere, query, morning)), "of 0");
}

TEST_F(StorePorts, CountsFollowTextAndBuildingOnly) {
    MeterQuery query;
    query.online = false;
    MeterSlice slice = reads()->meters(campus, query, morning);
    EXPECT_EQ(ids(slice), "2 of 1");
    EXPECT_EQ(slice.counts.online, 1);
    EXPECT_EQ(slice.counts.lost, 1);
    EXPECT_EQ(slice.counts.closed, 2);
    query.q = "租户1";
    slice = reads()->meters(campus, query, morning);
    EXPECT_EQ(ids(slice), "of 0");
    EXPECT_EQ(slice.counts.online, 1);
    EXPECT_EQ(slice.counts.lost, 0);
    EXPECT_EQ(slice.counts.closed, 1);
    EXPECT_EQ(slice.counts.open, 0);
    EXPECT_EQ(slice.counts.arrears, 0);
}

TEST_F(StorePorts, OneMeterWithAllThatBelongsToIt) {
    const auto record = reads()->meter(campus, MeterId{1}, morning);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->service_point.room, "101");
    EXPECT_EQ(record->account.name, "租户1");
    EXPECT_EQ(record->tariff.code, "flat");
    EXPECT_EQ(record->tariff.version, 1);
    EXPECT_EQ(record->view.balance, Money{6300});
    EXPECT_EQ(record->relay.position, rules::relay::Position::closed);
    EXPECT_FALSE(reads()->meter(elsewhere, MeterId{1}, morning));
    EXPECT_FALSE(reads()->meter(campus, MeterId{9}, morning));
    EXPECT_EQ(reads()->meters_in_force(campus, morning).size(), 2U);
    EXPECT_EQ(reads()->versions(campus).size(), 2U);
    EXPECT_EQ(reads()->readings(campus, MeterId{1}, store::test::day_20 + 2).size(), 1U);
}

TEST_F(StorePorts, OrdersBySeveralStatesAreMerged) {
    OrderQuery query;
    EXPECT_EQ(numbers(reads()->orders(campus, query)), "A0000002 A0000001 of 2");
    query.states = {engine::OrderState::completed};
    EXPECT_EQ(numbers(reads()->orders(campus, query)), "A0000001 of 1");
    query.states = {engine::OrderState::completed, engine::OrderState::pending_payment,
                    engine::OrderState::completed};
    EXPECT_EQ(numbers(reads()->orders(campus, query)), "A0000002 A0000001 of 2");
    query.limit = 1;
    query.offset = 1;
    EXPECT_EQ(numbers(reads()->orders(campus, query)), "A0000001 of 2");
    EXPECT_EQ(numbers(reads()->orders(elsewhere, query)), "of 0");
    const auto of_point = reads()->orders_of(campus, ServicePointId{1}, "A0000002", 10);
    ASSERT_EQ(of_point.size(), 1U);
    EXPECT_EQ(of_point[0].row.no, "A0000001");
    EXPECT_EQ(of_point[0].meter, MeterId{1});
    EXPECT_TRUE(reads()->orders_of(campus, ServicePointId{1}, "NOSUCHNO", 10).empty());
    EXPECT_FALSE(reads()->order(elsewhere, "A0000001"));
}

TEST_F(StorePorts, CommandsTimelineAndFigures) {
    const auto all = reads()->commands_of(campus, ServicePointId{1}, {}, 10);
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].id, CommandId{3});
    EXPECT_EQ(reads()->commands_of(campus, ServicePointId{1}, CommandId{3}, 1)[0].id, CommandId{2});
    EXPECT_FALSE(reads()->command(elsewhere, CommandId{1}));
    EXPECT_EQ(reads()->timeline(campus, ServicePointId{1}, 0, 10).size(), 2U);
    EXPECT_EQ(reads()->timeline(campus, ServicePointId{1}, 2, 10).size(), 1U);
    const Figures figures = reads()->figures(campus, morning);
    EXPECT_EQ(figures.meters, 2);
    EXPECT_EQ(figures.online, 1);
    EXPECT_EQ(figures.relay_closed, 2);
    EXPECT_EQ(figures.receipts_today, Money{5000});
    EXPECT_EQ(figures.trips_today, 1);
    EXPECT_EQ(figures.restores_today, 1);
}

TEST_F(StorePorts, PeopleSessionsAndStoredCodes) {
    const store::Logins logins(store->database());
    const auto added = logins.add("13800000001", "演示经理", wall);
    ASSERT_TRUE(added);
    StorePeople people(store->database());
    ASSERT_TRUE(logins.grant(added->id, campus, "manager", wall));
    ASSERT_TRUE(logins.grant(added->id, elsewhere, "viewer", wall));
    const auto login = people.login_by_phone("13800000001");
    ASSERT_TRUE(login);
    EXPECT_EQ(login->projects, std::vector{campus}) << "managers only";
    EXPECT_FALSE(people.login_by_phone("13800000002"));

    SessionRecord session;
    session.token_hash = crypto::sha256("token");
    session.login = login->id;
    session.created_wall_at = session.seen_wall_at = wall;
    session.expires_wall_at = wall + Duration::hours(8);
    people.add_session(session);
    people.touch_session(session.token_hash, wall + Duration::hours(1), wall + Duration::hours(9));
    const auto found = people.session(session.token_hash, wall + Duration::hours(8));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->seen_wall_at, wall + Duration::hours(1));
    EXPECT_FALSE(people.session(session.token_hash, wall + Duration::hours(9)));
    people.end_session(session.token_hash);
    EXPECT_FALSE(people.session(session.token_hash, wall));
    people.touch_session(session.token_hash, wall, wall);

    EXPECT_FALSE(people.redeem_stored_code(login->id, "123456", wall));
    logins.put_code({login->id, crypto::sha256("123456"), 5, wall, wall + Duration::minutes(5)});
    EXPECT_FALSE(people.redeem_stored_code(login->id, "654321", wall));
    EXPECT_TRUE(people.redeem_stored_code(login->id, "123456", wall));
    EXPECT_FALSE(people.redeem_stored_code(login->id, "123456", wall));
}

TEST_F(StorePorts, TheFirstKeptAnswerStays) {
    const store::Logins logins(store->database());
    const LoginId login = logins.add("13800000001", "演示经理", wall)->id;
    StoreAnswers answers(store->database());
    EXPECT_FALSE(answers.find(campus, login, "key-0001"));
    answers.keep(campus, login, "key-0001", {crypto::sha256("a"), 202, "{\"a\":1}", wall});
    answers.keep(campus, login, "key-0001", {crypto::sha256("b"), 201, "{}", wall});
    const auto kept = answers.find(campus, login, "key-0001");
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->status, 202);
    EXPECT_EQ(kept->body, "{\"a\":1}");
    EXPECT_EQ(kept->body_hash, crypto::sha256("a"));
    EXPECT_FALSE(answers.find(elsewhere, login, "key-0001"));
}

}  // namespace
}  // namespace mb::api
