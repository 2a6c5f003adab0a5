#include "store/read.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "store/test_engines.hpp"

namespace mb::store {

namespace {

using namespace test;
using rules::relay::Position;

class ReadTest : public EngineTest {
protected:
    ReadTest() { write_scene(opened_->writer_store()); }

    /// Twenty more meters, 3 to 22: odd ones in building B and in arrears.
    void more_meters() {
        Log log;
        while (log.seq() < 3) {
            log.next(campus, {}, morning);
        }
        std::vector<engine::Row> rows;
        writer::Flush flush;
        flush.project = campus;
        for (std::int64_t id = 3; id <= 22; ++id) {
            engine::ServicePoint point = service_point(id);
            point.building = id % 2 == 1 ? "B" : "A";
            rows.emplace_back(point);
            rows.emplace_back(meter(id));
            engine::MeterViewRow view = meter_view(1);
            view.meter = MeterId{id};
            view.service_point = point.id;
            view.in_arrears = id % 2 == 1;
            view.balance = Money{(id * 37) % 23};
            view.last_contact_at = step(id).at;
            flush.meters.push_back(view);
        }
        // Taken down and not replaced: in no list and no number.
        engine::Meter removed = meter(23);
        removed.to = morning;
        rows.emplace_back(service_point(23));
        rows.emplace_back(removed);
        engine::RelayRow switch_left = relay(1);
        switch_left.service_point = removed.service_point;
        rows.emplace_back(switch_left);
        engine::MeterViewRow left = meter_view(1);
        left.meter = removed.id;
        left.service_point = removed.service_point;
        left.in_arrears = true;
        left.online = false;
        flush.meters.push_back(left);
        const auto effects = effects_of(rows);
        opened_->writer_store().commit({{log.next(campus, effects, morning), &effects}}, {}, {});
        opened_->writer_store().flush(flush);
    }
    std::vector<std::int64_t> ids(const MeterFilter& filter) {
        std::vector<std::int64_t> out;
        for (const MeterItem& item : reader().meters(campus, filter, morning).items) {
            out.push_back(item.meter.id.value);
        }
        return out;
    }
    Reader reader() { return Reader(opened_->database()); }
};

MB_ON_EVERY_ENGINE(ReadTest);

TEST_P(ReadTest, a_meter_with_all_around_it) {
    const auto item = reader().meter(campus, MeterId{1}, morning);
    ASSERT_TRUE(item);
    EXPECT_EQ("000000000001", item->meter.link.address);
    EXPECT_EQ("101", item->place.room);
    EXPECT_EQ("租户1", item->account.name);
    EXPECT_EQ(AgreementId{1}, item->agreement.id);
    EXPECT_EQ(Money{6300}, item->view.balance);
    EXPECT_EQ(Quantity{1'234'500}, item->view.registers.total());
    EXPECT_EQ(Position::closed, item->relay.position);
    EXPECT_EQ("flat", item->tariff.code);
    EXPECT_EQ(1, item->tariff.version);
    EXPECT_EQ("统一电价", item->tariff.name);
    EXPECT_FALSE(item->command);
    EXPECT_EQ(0, reader().meter(campus, MeterId{1}, Instant{1}).value().tariff.version)
        << "not yet in force";
    EXPECT_FALSE(reader().meter(campus, MeterId{9}, morning));
}

TEST_P(ReadTest, nothing_of_another_project) {
    const ProjectId other{2};
    EXPECT_FALSE(reader().meter(other, MeterId{1}, morning));
    EXPECT_TRUE(reader().meters(other, {}, morning).items.empty());
    EXPECT_FALSE(reader().order(other, "A0000001"));
    EXPECT_FALSE(reader().command(other, CommandId{1}));
    EXPECT_TRUE(reader().timeline_of(other, ServicePointId{1}, from_newest, 10).empty());
    EXPECT_TRUE(reader().orders_of(other, ServicePointId{1}, {}, 10).empty());
    EXPECT_TRUE(reader().commands_of(other, ServicePointId{1}, from_newest, 10).empty());
    EXPECT_TRUE(reader().notices(other, from_newest, 10).empty());
    EXPECT_TRUE(reader().open_alarms(other).empty());
    EXPECT_TRUE(reader().day(other, MeterId{1}, day_20).empty());
    EXPECT_EQ(0, reader().summary(other, morning).counts.meters);
    EXPECT_EQ(Money{}, reader().summary(other, morning).receipts_today);
    EXPECT_FALSE(reader().project(other));
}

TEST_P(ReadTest, lists_are_filtered) {
    more_meters();
    const auto count = [&](const MeterFilter& filter) {
        MeterFilter all = filter;
        all.page_size = 500;
        const MeterPage page = reader().meters(campus, all, morning);
        EXPECT_EQ(page.total, static_cast<std::int64_t>(page.items.size()));
        EXPECT_EQ(22, page.counts.meters);
        return page.total;
    };
    EXPECT_EQ(22, count({}));
    EXPECT_EQ(10, count({.building = "B"}));
    EXPECT_EQ(10, count({.in_arrears = true}));
    EXPECT_EQ(12, count({.in_arrears = false}));
    EXPECT_EQ(21, count({.online = true}));
    EXPECT_EQ(2, count({.relay = Position::closed}));
    EXPECT_EQ(20, count({.relay = Position::unknown}));
    EXPECT_EQ(0, count({.building = "A", .in_arrears = true}));
    EXPECT_EQ(1, count({.text = "租户2"}));
    EXPECT_EQ(1, count({.text = "a 1 107"}) + count({.text = "b 1 107"})) << "any case";
    EXPECT_EQ(10, count({.text = "b"})) << "the building";
    EXPECT_EQ(10, count({.text = "B 1"}));
    EXPECT_EQ(1, count({.text = "107"})) << "the room";
    EXPECT_EQ(1, count({.text = "000000000107"}) + count({.text = "000000000007"})) << "the code";
    EXPECT_EQ(0, count({.text = "123"})) << "taken down";
    EXPECT_EQ(0, count({.text = "%"}));
    EXPECT_EQ(0, count({.text = "_"}));
}

TEST_P(ReadTest, lists_are_sorted_and_paged) {
    more_meters();
    MeterFilter filter;
    filter.page_size = 3;
    EXPECT_EQ((std::vector<std::int64_t>{1, 2, 4}), ids(filter));
    filter.page = 8;
    EXPECT_EQ((std::vector<std::int64_t>{21}), ids(filter));
    filter = {.sort = MeterSort::last_contact, .descending = true, .page_size = 2};
    EXPECT_EQ((std::vector<std::int64_t>{22, 21}), ids(filter));
    filter = {.sort = MeterSort::balance, .page_size = 500};
    std::vector<std::int64_t> balances;
    for (const MeterItem& item : reader().meters(campus, filter, morning).items) {
        balances.push_back(item.view.balance.fen);
    }
    EXPECT_TRUE(std::is_sorted(balances.begin(), balances.end()));
    EXPECT_EQ(22U, balances.size());
    filter = {.sort = MeterSort::code, .page_size = 2};
    EXPECT_EQ((std::vector<std::int64_t>{1, 2}), ids(filter));
    filter = {.sort = MeterSort::power, .descending = true, .page_size = 500};
    EXPECT_EQ(2, ids(filter).back()) << "no power known counts as none";
}

/// The same list, whichever way its pages are found.
TEST_P(ReadTest, pages_make_up_the_list) {
    more_meters();
    const std::vector<MeterFilter> filters = {
        {},
        {.in_arrears = true},
        {.in_arrears = false},
        {.online = true},
        {.online = false},
        {.relay = Position::closed},
        {.relay = Position::unknown},
        {.in_arrears = true, .online = true},
        {.text = "租户"},
        {.building = "B", .in_arrears = true},
        {.online = true, .sort = MeterSort::code},
        {.in_arrears = true, .sort = MeterSort::balance, .descending = true},
    };
    for (std::size_t i = 0; i < filters.size(); ++i) {
        MeterFilter filter = filters[i];
        filter.page_size = 500;
        const std::vector<std::int64_t> all = ids(filter);
        std::vector<std::int64_t> paged;
        filter.page_size = 3;
        for (; filter.page <= 9; ++filter.page) {
            EXPECT_EQ(std::ssize(all), reader().meters(campus, filter, morning).total) << i;
            std::ranges::copy(ids(filter), std::back_inserter(paged));
        }
        EXPECT_EQ(all, paged) << i;
    }
}

TEST_P(ReadTest, numbers_under_text_and_building) {
    more_meters();
    const MeterFilter in_b{.building = "B", .in_arrears = false};
    const MeterPage page = reader().meters(campus, in_b, morning);
    EXPECT_EQ(0, page.total);
    EXPECT_EQ(10, page.listed.meters);
    EXPECT_EQ(10, page.listed.in_arrears);
    EXPECT_EQ(10, page.listed.online);
    EXPECT_EQ(0, page.listed.relay_closed);
    EXPECT_EQ(2, page.counts.relay_closed) << "of the whole project";
    EXPECT_EQ(1, reader().meters(campus, {.text = "000000000004"}, morning).listed.meters);
}

TEST_P(ReadTest, numbers_of_the_day) {
    const ProjectSummary today = reader().summary(campus, morning);
    EXPECT_EQ(2, today.counts.meters);
    EXPECT_EQ(1, today.counts.online);
    EXPECT_EQ(2, today.counts.relay_closed);
    EXPECT_EQ(0, today.counts.relay_open);
    EXPECT_EQ(Quantity{5'000}, today.energy_today);
    EXPECT_EQ(Money{5000}, today.receipts_today);
    EXPECT_EQ(1, today.trips_today);
    EXPECT_EQ(1, today.restores_today);
    const ProjectSummary tomorrow = reader().summary(campus, morning + Duration::hours(20));
    EXPECT_EQ(Money{}, tomorrow.receipts_today);
    EXPECT_EQ(Quantity{}, tomorrow.energy_today);
    EXPECT_EQ(0, tomorrow.trips_today);
    EXPECT_EQ("2026-11-22", reader().day_of(campus, morning).on.text());
    EXPECT_EQ(morning - Duration::minutes(570), reader().day_of(campus, morning).from);
    EXPECT_EQ("示范园区", reader().project(campus).value().name);
}

TEST_P(ReadTest, readings_of_a_day_with_late_ones) {
    using rules::metering::Outcome;
    const auto readings = reader().day(campus, MeterId{1}, day_20);
    ASSERT_EQ(4U, readings.size());
    EXPECT_EQ(Outcome::held, readings[2].outcome);
    EXPECT_EQ(Outcome::excluded, readings[3].outcome);
    EXPECT_EQ(rules::metering::OutcomeReason::day_closed, readings[3].reason);
    EXPECT_EQ(1U, reader().day(campus, MeterId{1}, day_20 + 2).size());
    EXPECT_TRUE(reader().day(campus, MeterId{2}, day_20).empty());
}

TEST_P(ReadTest, orders) {
    const OrderPage all = reader().orders(campus, {});
    ASSERT_EQ(2U, all.items.size());
    EXPECT_EQ(2, all.total);
    EXPECT_EQ("A0000002", all.items[0].order.no) << "newest first";
    EXPECT_EQ("101", all.items[1].place.room);
    EXPECT_EQ(MeterId{1}, all.items[1].meter);
    EXPECT_EQ(1, reader().orders(campus, {.state = engine::OrderState::completed}).total);
    EXPECT_EQ(1, reader().orders(campus, {.text = "a0000002"}).total);
    EXPECT_EQ(0, reader().orders(campus, {.text = "x"}).total);
    EXPECT_EQ(1U, reader().orders(campus, {.page = 2, .page_size = 1}).items.size());
    EXPECT_EQ(to_binary(paid_order()), to_binary(reader().order(campus, "A0000001")->order));
    EXPECT_FALSE(reader().order(campus, "A0000009"));
    auto page = reader().orders_of(campus, ServicePointId{1}, {}, 1);
    ASSERT_EQ(1U, page.size());
    EXPECT_EQ("A0000002", page[0].order.no);
    page = reader().orders_of(campus, ServicePointId{1},
                              {page[0].order.created.at, page[0].order.no}, 5);
    ASSERT_EQ(1U, page.size());
    EXPECT_EQ("A0000001", page[0].order.no);
}

TEST_P(ReadTest, commands_timelines_notices_alarms) {
    const ServicePointId point{1};
    const auto commands = reader().commands_of(campus, point, from_newest, 2);
    ASSERT_EQ(2U, commands.size());
    EXPECT_EQ(CommandId{3}, commands[0].id);
    EXPECT_EQ(CommandId{1}, reader().commands_of(campus, point, 2, 5).at(0).id);
    EXPECT_EQ(engine::CommandKind::trip, reader().command(campus, CommandId{1})->kind);
    const auto timeline = reader().timeline_of(campus, point, from_newest, 5);
    ASSERT_EQ(2U, timeline.size());
    EXPECT_EQ("order.paid", timeline[0].kind);
    EXPECT_EQ(1, reader().timeline_of(campus, point, 2, 5).at(0).seq);
    EXPECT_EQ(1U, reader().notices(campus, from_newest, 5).size());
    EXPECT_EQ(1U, reader().notices_of(campus, point, from_newest, 5).size());
    EXPECT_TRUE(reader().notices_of(campus, point, 1, 5).empty());
    EXPECT_EQ("meter.clock", reader().open_alarms(campus).at(0).kind);
}

}  // namespace

}  // namespace mb::store
