#include "store/sql_store.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"
#include "store/rows.hpp"
#include "store/statements/log.hpp"
#include "store/statements/money.hpp"
#include "store/statements/readings.hpp"
#include "store/statements/site.hpp"
#include "store/statements/supply.hpp"
#include "store/test_engines.hpp"
#include "store/verify.hpp"

namespace mb::store {

namespace {

using namespace test;

class SqlStoreTest : public EngineTest {
protected:
    /// The binary forms of all rows of a table, in the order of its key.
    template <class T, class Read>
    std::vector<Bytes> stored(const Sql& sql, Read read) {
        std::vector<Bytes> out;
        const Lease session = opened_->database().read();
        Statement& row = session->statement(sql);
        row.bind_integer(1, campus.value);
        while (row.next()) {
            EXPECT_TRUE(row_check_holds(row));
            const T value = read(row);
            out.push_back(to_binary(value));
        }
        return out;
    }
    template <class T>
    std::vector<Bytes> stored(const Sql& sql) {
        return stored<T>(sql, read_row<T>);
    }
    /// The same of the rows that were written.
    template <class T>
    static std::vector<Bytes> written(const std::vector<engine::Row>& rows) {
        std::vector<Bytes> out;
        for (const engine::Row& row : rows) {
            if (const T* value = std::get_if<T>(&row)) {
                out.push_back(to_binary(*value));
            }
        }
        EXPECT_FALSE(out.empty());
        return out;
    }
};

MB_ON_EVERY_ENGINE(SqlStoreTest);

TEST_P(SqlStoreTest, every_row_comes_back_equal) {
    write_scene(store());
    const auto site = site_rows();
    const auto life = life_rows();
    EXPECT_EQ(written<engine::ProjectRow>(site),
              stored<engine::ProjectRow>(sql::project_all, read_project));
    EXPECT_EQ(written<engine::TariffRow>(site),
              stored<engine::TariffRow>(sql::tariff_version_all, read_tariff));
    EXPECT_EQ(written<engine::ServicePoint>(site),
              stored<engine::ServicePoint>(sql::service_point_all));
    EXPECT_EQ(written<engine::Account>(site), stored<engine::Account>(sql::account_all));
    EXPECT_EQ(written<engine::Agreement>(site), stored<engine::Agreement>(sql::agreement_all));
    EXPECT_EQ(written<engine::Meter>(site), stored<engine::Meter>(sql::meter_all));
    EXPECT_EQ(written<engine::RelayRow>(site), stored<engine::RelayRow>(sql::relay_state_all));
    EXPECT_EQ(written<rules::ledger::Transfer>(life),
              stored<rules::ledger::Transfer>(sql::posting_all));
    EXPECT_EQ(written<engine::BillLineRow>(life), stored<engine::BillLineRow>(sql::bill_line_all));
    EXPECT_EQ(written<engine::OrderRow>(life), stored<engine::OrderRow>(sql::orders_all));
    EXPECT_EQ(written<engine::CommandRow>(life), stored<engine::CommandRow>(sql::command_all));
    EXPECT_EQ(written<engine::NoticeRow>(life), stored<engine::NoticeRow>(sql::notice_all));
    EXPECT_EQ(written<engine::TimelineRow>(life), stored<engine::TimelineRow>(sql::timeline_all));
    EXPECT_EQ(written<engine::AlarmRow>(life), stored<engine::AlarmRow>(sql::alarm_all));
    EXPECT_EQ(written<engine::OutboxRow>(life), stored<engine::OutboxRow>(sql::outbox_all));
    EXPECT_EQ(written<engine::DailyProofRow>(life),
              stored<engine::DailyProofRow>(sql::daily_proof_all));
    EXPECT_EQ((std::vector{to_binary(meter_view(1)), to_binary(meter_view(2))}),
              stored<engine::MeterViewRow>(sql::meter_view_all));
}

TEST_P(SqlStoreTest, days_come_back_unpacked) {
    write_scene(store());
    const auto expected = day_rows();
    const Lease session = opened_->database().read();
    Statement& row = session->statement(sql::day_row_all);
    row.bind_integer(1, campus.value);
    std::size_t at = 0;
    while (row.next()) {
        EXPECT_EQ(to_binary(expected.at(at++)), to_binary(read_day(row).row));
    }
    EXPECT_EQ(expected.size(), at);
}

TEST_P(SqlStoreTest, upserts_replace_and_done_tasks_go) {
    write_scene(store());
    Log log;
    while (log.seq() < 3) {
        log.next(campus, {}, morning);
    }
    auto command_row = command(3, engine::CommandKind::read, engine::CommandState::verified);
    auto account = engine::Account{AccountId{1}, "另一个", ""};
    const auto effects =
        effects_of({command_row, engine::OutboxDone{OutboxId{3}}, account, relay(1)});
    store().commit({{log.next(campus, effects, morning), &effects}}, {}, {});
    EXPECT_EQ(to_binary(command_row), stored<engine::CommandRow>(sql::command_all).at(2));
    EXPECT_EQ(to_binary(account), stored<engine::Account>(sql::account_all).at(0));
    const auto tasks = store().outbox(campus);
    ASSERT_EQ(1U, tasks.size());
    EXPECT_EQ(to_binary(query_task()), to_binary(tasks[0]));
    EXPECT_EQ(4, store().last_seq(campus));
}

TEST_P(SqlStoreTest, the_log_comes_back_in_order) {
    Log log;
    std::vector<writer::LogRow> rows;
    for (int i = 0; i < 5; ++i) {
        rows.push_back(log.next(campus, {}, morning, static_cast<std::size_t>(i) * 5000));
        store().commit({{rows.back(), nullptr}}, {}, {});
    }
    const auto read = store().log_after(campus, 1, 3);
    ASSERT_EQ(3U, read.size());
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(rows[i + 1].seq, read[i].seq);
        EXPECT_EQ(rows[i + 1].events, read[i].events);
        EXPECT_EQ(rows[i + 1].hash, read[i].hash);
        EXPECT_EQ(rows[i + 1].previous, read[i].previous);
        EXPECT_EQ(rows[i + 1].effects, read[i].effects);
        EXPECT_EQ(rows[i + 1].now.business, read[i].now.business);
    }
    EXPECT_EQ(5, store().last_seq(campus));
    EXPECT_EQ(0, store().last_seq(ProjectId{2}));
    EXPECT_EQ(std::vector{campus}, store().projects());
}

TEST_P(SqlStoreTest, the_same_seq_twice_is_refused_and_changes_nothing) {
    Log log;
    const writer::LogRow first = log.next(campus, {}, morning);
    store().commit({{first, nullptr}}, {}, {});
    const auto effects = effects_of(site_rows());
    EXPECT_THROW(store().commit({{first, &effects}}, {inbox(1, "T1")}, {}),
                 writer::StoreConstraint);
    EXPECT_FALSE(store().inbox_known(campus, "sandbox", "T1"));
    EXPECT_TRUE(stored<engine::Account>(sql::account_all).empty());
}

TEST_P(SqlStoreTest, a_posting_key_posts_once) {
    write_scene(store());
    Log log;
    while (log.seq() < 3) {
        log.next(campus, {}, morning);
    }
    auto again = std::get<rules::ledger::Transfer>(life_rows()[0]);
    again.id = PostingId{4};
    const auto effects = effects_of({again});
    EXPECT_THROW(store().commit({{log.next(campus, effects, morning), &effects}}, {}, {}),
                 writer::StoreConstraint);
    EXPECT_EQ(3, store().last_seq(campus));
}

TEST_P(SqlStoreTest, a_row_without_its_parent_is_refused) {
    Log log;
    const auto effects = effects_of({engine::ProjectRow{config()}, meter(7)});
    EXPECT_THROW(store().commit({{log.next(campus, effects, morning), &effects}}, {}, {}),
                 writer::StoreConstraint);
    EXPECT_EQ(0, store().last_seq(campus));
}

// PostgreSQL refused them, their column being text: the fact was lost.
TEST_P(SqlStoreTest, bodies_with_nul_or_not_utf8_once_were_refused) {
    const std::vector<std::string> bodies{std::string("a\0b", 3), "\xFF\xFE", std::string(1, '\0'),
                                          "\xB5\xE7\xB7\xD1"};
    write_scene(store());  // and one with a text, from before there was a column for these
    database().write()->script(
        "ALTER TABLE inbox DROP COLUMN raw_body; DELETE FROM schema_migration WHERE version = 9");
    reopen();
    EXPECT_TRUE(verify(database()).clean());
    std::int64_t id = 1;
    for (const std::string& body : bodies) {
        ++id;
        writer::InboxRow fact = inbox(id, "R" + std::to_string(id));
        fact.body = body;
        store().commit({}, {fact}, {});
        EXPECT_TRUE(store().inbox_known(campus, "sandbox", fact.dedup_key));
        fact.id = InboxId{id + 100};
        store().commit({}, {fact}, {});  // again: skipped
    }
    reopen();
    {
        const Lease session = database().read();
        Statement& row = session->statement(sql::inbox_raw);
        row.bind_integer(1, campus.value);
        for (const std::string& body : bodies) {
            ASSERT_TRUE(row.next());
            EXPECT_EQ("", row.text(6));
            EXPECT_EQ(Bytes(body.begin(), body.end()),
                      Bytes(row.blob(7).begin(), row.blob(7).end()));
        }
        EXPECT_FALSE(row.next());
        Statement& text = session->statement(sql::inbox_all);
        text.bind_integer(1, campus.value);
        EXPECT_TRUE(text.next());
        EXPECT_FALSE(text.next());
    }
    EXPECT_TRUE(verify(database()).clean());
    for (const char* change : {"UPDATE inbox SET body = 'x' WHERE inbox_id = 2",
                               "UPDATE inbox SET raw_body = NULL WHERE inbox_id = 3"}) {
        database().write()->script(change);
        EXPECT_FALSE(verify(database()).clean()) << change;
    }
}

TEST_P(SqlStoreTest, a_known_fact_is_skipped_its_id_taken_is_refused) {
    store().commit({}, {inbox(1, "T1")}, {});
    EXPECT_TRUE(store().inbox_known(campus, "sandbox", "T1"));
    EXPECT_FALSE(store().inbox_known(campus, "sandbox", "T2"));
    EXPECT_FALSE(store().inbox_known(ProjectId{2}, "sandbox", "T1"));
    store().commit({}, {inbox(2, "T1")}, {});
    EXPECT_THROW(store().commit({}, {inbox(1, "T2")}, {}), writer::StoreConstraint);
}

TEST_P(SqlStoreTest, projects_do_not_mix) {
    write_scene(store());
    write_scene(store(), ProjectId{2});
    EXPECT_EQ((std::vector{campus, ProjectId{2}}), store().projects());
    EXPECT_EQ(2U, stored<engine::Account>(sql::account_all).size());
    EXPECT_EQ(2U, store().checkpoints(campus).size());
}

TEST_P(SqlStoreTest, checkpoints_count_once_finished_and_two_are_kept) {
    Log log;
    const auto batch = [&](Instant business) {
        store().commit({{log.next(campus, {}, business), nullptr}}, {}, {});
    };
    batch(morning);
    store().write_checkpoint_slice(campus, 1, 0, Bytes(1000, 1));
    EXPECT_TRUE(store().checkpoints(campus).empty());
    EXPECT_THROW(store().finish_checkpoint({campus, 1, 1, {}, 2000, log.hash(), {}}),
                 writer::StoreCorrupt);
    checkpoint(store(), log, morning, 2500);
    ASSERT_EQ(1U, store().checkpoints(campus).size());
    EXPECT_EQ(Bytes(2500, 1), store().checkpoint_image(store().checkpoints(campus)[0]));

    const Instant later = morning + Duration::hours(100);
    batch(later);
    checkpoint(store(), log, later, 10);
    EXPECT_EQ(2U, store().log_after(campus, 0, 10).size()) << "one checkpoint: the log stays";
    batch(later + Duration::hours(1));
    checkpoint(store(), log, later + Duration::hours(1), 20);
    const auto kept = store().checkpoints(campus);
    ASSERT_EQ(2U, kept.size());
    EXPECT_EQ(3, kept[0].seq);
    EXPECT_EQ(2, kept[1].seq);
    EXPECT_EQ(log.hash(), kept[0].log_hash);
    EXPECT_EQ(Bytes(10, 2), store().checkpoint_image(kept[1]));
    const auto rows = store().log_after(campus, 0, 10);
    ASSERT_EQ(2U, rows.size());
    EXPECT_EQ(2, rows[0].seq) << "the older checkpoint's own row is the chain's anchor";
}

TEST_P(SqlStoreTest, log_of_days_that_may_be_open_stays) {
    Log log;
    for (int hour = 0; hour < 4; ++hour) {
        const Instant business = morning + Duration::hours(hour);
        store().commit({{log.next(campus, {}, business), nullptr}}, {}, {});
        checkpoint(store(), log, business, 10);
    }
    EXPECT_EQ(4U, store().log_after(campus, 0, 10).size());
}

TEST_P(SqlStoreTest, a_checkpoint_taken_again_replaces_itself) {
    Log log;
    store().commit({{log.next(campus, {}, morning), nullptr}}, {}, {});
    checkpoint(store(), log, morning, 4500);
    checkpoint(store(), log, morning, 1500);
    const auto kept = store().checkpoints(campus);
    ASSERT_EQ(1U, kept.size());
    EXPECT_EQ(Bytes(1500, 1), store().checkpoint_image(kept[0]));
}

TEST_P(SqlStoreTest, damage_in_log_and_image_is_found_on_reading) {
    write_scene(store());
    opened_->database().write()->script(
        "UPDATE event_log SET events = hash WHERE seq = 2;"
        "UPDATE checkpoint_slice SET bytes = (SELECT hash FROM event_log WHERE seq = 3)"
        " WHERE seq = 3 AND slice = 1");
    EXPECT_THROW(store().log_after(campus, 0, 10), writer::StoreCorrupt);
    EXPECT_EQ(1U, store().log_after(campus, 2, 10).size());
    const auto kept = store().checkpoints(campus);
    EXPECT_THROW(store().checkpoint_image(kept[0]), writer::StoreCorrupt);
    EXPECT_EQ(2500U, store().checkpoint_image(kept[1]).size());
    opened_->database().write()->script("UPDATE checkpoint SET size = 7 WHERE seq = 3");
    EXPECT_EQ(1U, store().checkpoints(campus).size()) << "a damaged one is left aside";
    opened_->database().write()->script("UPDATE outbox SET subject = 'sp:2' WHERE outbox_id = 3");
    EXPECT_THROW(store().outbox(campus), writer::StoreCorrupt);
}

TEST_P(SqlStoreTest, all_is_there_after_opening_again) {
    write_scene(store());
    reopen();
    EXPECT_EQ(2, opened_->epoch());
    EXPECT_EQ(3, store().last_seq(campus));
    EXPECT_EQ(3U, store().log_after(campus, 0, 10).size());
    EXPECT_EQ(2U, store().outbox(campus).size());
}

TEST(SqliteStoreTest, a_second_server_is_refused) {
    const TestFolder folder;
    const auto first = open_store(folder.path().string());
    SqliteStoreOptions options;
    options.folder = folder.path().string();
    const auto second = SqliteStore::open(options);
    ASSERT_FALSE(second);
    EXPECT_EQ("store.in_use", second.error().code);
    EXPECT_NE(second.error().text().find("process " + std::to_string(getpid())), std::string::npos);
}

}  // namespace

}  // namespace mb::store
