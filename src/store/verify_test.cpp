#include "store/verify.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "store/logins.hpp"
#include "store/test_engines.hpp"

namespace mb::store {

namespace {

using namespace test;

constexpr Sql tables_text{R"sql(
SELECT name FROM sqlite_schema
WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
ORDER BY name
)sql"};
constexpr Sql columns_text{R"sql(
SELECT t.name, c.name, c.type, c.pk
FROM sqlite_schema t, pragma_table_info(t.name) c
WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'
ORDER BY t.name, c.cid
)sql"};

struct Column {
    std::string table;
    std::string name;
    std::string type;
    bool in_key = false;
};

class VerifyTest : public testing::Test {
protected:
    VerifyTest() {
        log_ = write_scene(opened_->writer_store());
        write_scene(opened_->writer_store(), ProjectId{2});
        const Logins logins(opened_->database());
        const LoginId id = logins.add("13800000001", "林", morning).value().id;
        EXPECT_TRUE(logins.grant(id, campus, "manager", morning));
        logins.put_code({id, crypto::sha256("1"), 5, morning, morning});
        logins.put_session({crypto::sha256("t"), id, "c", morning, morning, morning});
        logins.keep(campus, id, "key", {crypto::sha256("{}"), 201, "{}", morning});
        save_clock(opened_->database(), {morning, morning, 60});
    }

    std::vector<std::string> tables() {
        std::vector<std::string> out;
        const Lease session = opened_->database().read();
        Statement& row = session->statement(tables_text);
        while (row.next()) {
            out.emplace_back(row.text(0));
        }
        return out;
    }
    std::vector<Column> columns() {
        std::vector<Column> out;
        const Lease session = opened_->database().read();
        Statement& row = session->statement(columns_text);
        while (row.next()) {
            out.push_back({std::string(row.text(0)), std::string(row.text(1)),
                           std::string(row.text(2)), row.integer(3) != 0});
        }
        return out;
    }
    std::string key_of(const std::string& table) {
        std::string out;
        for (const Column& column : columns()) {
            if (column.table == table && column.in_key) {
                out += (out.empty() ? "" : ", ") + column.name;
            }
        }
        return out;
    }
    /// `change` with foreign keys off; then verify; then everything as before.
    VerifyReport after(const std::string& table, const std::string& change) {
        const auto script = [&](const std::string& text) {
            opened_->database().write()->script(text);
        };
        script("CREATE TEMP TABLE saved AS SELECT * FROM " + table);
        script("PRAGMA foreign_keys = OFF");
        script(change);
        VerifyReport report = verify(opened_->database());
        script("DELETE FROM " + table);
        script("INSERT INTO " + table + " SELECT * FROM saved");
        script("DROP TABLE saved");
        script("PRAGMA foreign_keys = ON");
        return report;
    }
    bool row_in(const std::string& table) {
        // A session remembers statements by address: one of its own for each.
        sqlite::ConnectionOptions options;
        options.path = sqlite_path(folder_.path().string());
        sqlite::Connection connection(options);
        const std::string query = "SELECT 1 FROM " + table;
        const Sql sql{query.c_str()};
        return connection.statement(sql).next();
    }
    static bool names(const VerifyReport& report, const std::string& table,
                      const std::string& code = "") {
        return std::any_of(
            report.findings.begin(), report.findings.end(), [&](const VerifyFinding& finding) {
                return finding.table == table && (code.empty() || finding.code == code);
            });
    }
    /// "table code" of all findings.
    static std::string text(const VerifyReport& report) {
        std::string out;
        for (const VerifyFinding& finding : report.findings) {
            out += finding.table + " " + finding.key + " " + finding.code + " " + finding.detail +
                   "\n";
        }
        return out;
    }
    std::string first_row(const std::string& table) {
        const std::string key = key_of(table);
        return " WHERE (" + key + ") = (SELECT " + key + " FROM " + table + " ORDER BY " + key +
               " LIMIT 1)";
    }

    TestFolder folder_;
    std::unique_ptr<SqliteStore> opened_ = open_store(folder_.path().string());
    Log log_;
};

TEST_F(VerifyTest, a_sound_store_is_clean) {
    const VerifyReport report = verify(opened_->database());
    EXPECT_EQ("", text(report));
    EXPECT_TRUE(report.clean());
    EXPECT_EQ(2, report.projects);
    EXPECT_EQ(6, report.postings);
    EXPECT_EQ(10, report.readings);
    EXPECT_EQ(6, report.log_rows);
}

TEST_F(VerifyTest, the_scene_has_a_row_in_every_table) {
    for (const std::string& table : tables()) {
        EXPECT_TRUE(row_in(table)) << table;
    }
}

TEST_F(VerifyTest, any_column_of_any_table_changed_is_found) {
    std::size_t changes = 0;
    for (const Column& column : columns()) {
        const std::string value =
            column.type == "INTEGER" ? "coalesce(" + column.name + ", 0) + 1000"
            : column.type == "TEXT"  ? column.name + " || 'x'"
                                     : "CAST(" + column.name + " || x'01' AS BLOB)";
        const VerifyReport report =
            after(column.table, "UPDATE " + column.table + " SET " + column.name + " = " + value +
                                    first_row(column.table));
        // A row that moved to another project shows where it is missed.
        EXPECT_TRUE(names(report, column.table) || (column.name == "project_id" && !report.clean()))
            << column.table << "." << column.name << "\n"
            << text(report);
        ++changes;
    }
    EXPECT_GT(changes, 250U);
    EXPECT_EQ("", text(verify(opened_->database())));
}

TEST_F(VerifyTest, lost_rows_are_found) {
    const std::vector<std::string> told_by_another{
        "account",        "agreement",   "bill_line",        "checkpoint_slice",
        "command",        "daily_proof", "day_row",          "login",
        "meter",          "orders",      "outbox",           "posting",
        "project",        "relay_state", "schema_migration", "service_point",
        "tariff_version", "timeline"};
    for (const std::string& table : told_by_another) {
        EXPECT_FALSE(after(table, "DELETE FROM " + table + first_row(table)).clean()) << table;
    }
    // The log's first rows may go.
    EXPECT_TRUE(names(after("event_log", "DELETE FROM event_log WHERE seq = 2"), "event_log",
                      "row.missing"));
    EXPECT_TRUE(names(after("event_log", "DELETE FROM event_log WHERE seq = 3"), "checkpoint",
                      "checkpoint.log"));
}

TEST_F(VerifyTest, sums_are_taken_from_the_postings_alone) {
    // A forger who knows the checksums: rows written through the store.
    Log log = log_;
    auto line = bill_line();
    line.line.posted = Money{601};
    auto order = paid_order();
    order.paid_amount = Money{4999};
    const auto forged = effects_of({line, order, proof(2, 1, 0, 3)});
    opened_->writer_store().commit({{log.next(campus, forged, morning), &forged}}, {}, {});
    auto view = meter_view(1);
    view.ledger_balance = Money{6399};
    auto day = day_rows()[2];
    day.charged = 2;
    opened_->writer_store().flush({campus, {view}, {day}});
    checkpoint(opened_->writer_store(), log, morning + Duration::minutes(20), 10);
    const VerifyReport report = verify(opened_->database());
    EXPECT_TRUE(names(report, "bill_line", "bill_line.posted"));
    EXPECT_TRUE(names(report, "bill_line", "bill_line.rounding"));
    EXPECT_TRUE(names(report, "orders", "order.amount"));
    EXPECT_TRUE(names(report, "meter_view", "balance.ledger"));
    EXPECT_TRUE(names(report, "meter_view", "balance.sum"));
    EXPECT_TRUE(names(report, "day_row", "day_row.counts"));
    EXPECT_TRUE(names(report, "daily_proof", "proof.readings"));
    EXPECT_FALSE(names(report, "bill_line", "row.damaged")) << text(report);
}

TEST_F(VerifyTest, use_below_half_a_fen_waits_in_its_line) {
    const auto findings_with = [&](std::int64_t used_since, std::int64_t posted_for) {
        auto row = bill_line();
        row.line.quantity += Quantity{used_since};
        row.line.exact = ExactMoney::product(row.line.quantity, Price::parse("0.6000").value());
        row.line.posted_quantity += Quantity{posted_for};
        const auto forged = effects_of({row});
        opened_->writer_store().commit({{log_.next(campus, forged, morning), &forged}}, {}, {});
        checkpoint(opened_->writer_store(), log_, morning + Duration::minutes(20), 10);
        return verify(opened_->database());
    };
    const VerifyReport waits = findings_with(50, 0);  // 0.3 fen
    EXPECT_FALSE(names(waits, "bill_line", "bill_line.quantity")) << text(waits);
    EXPECT_FALSE(names(waits, "bill_line", "bill_line.rounding")) << text(waits);
    EXPECT_TRUE(names(findings_with(50, 51), "bill_line", "bill_line.quantity"));
    EXPECT_TRUE(names(findings_with(50, -1000), "bill_line", "bill_line.quantity"));
    EXPECT_TRUE(names(findings_with(500, 500), "bill_line", "bill_line.rounding"));
}

TEST_F(VerifyTest, commands_and_outbox_belong_together) {
    Log log = log_;
    const auto forged =
        effects_of({command(4, engine::CommandKind::trip, engine::CommandState::queued),
                    command(3, engine::CommandKind::read, engine::CommandState::verified)});
    opened_->writer_store().commit({{log.next(campus, forged, morning), &forged}}, {}, {});
    const VerifyReport report = verify(opened_->database());
    EXPECT_TRUE(names(report, "outbox", "outbox.command")) << "a task of an ended command";
    EXPECT_TRUE(names(report, "command", "outbox.missing")) << "a queued command without a task";
    EXPECT_TRUE(names(report, "command", "relay.command"));
}

TEST_F(VerifyTest, views_may_lag_behind_the_log_but_not_invent) {
    Log log = log_;
    // After the last checkpoint a posting is committed and its view not flushed yet: no finding.
    auto posting =
        transfer(4, {rules::ledger::Kind::clearing, 1}, rules::ledger::cash_of(AccountId{1}), 100,
                 rules::ledger::Cause::suspense_payment, "pay:sandbox:T9");
    posting.at = morning + Duration::minutes(15);
    const auto effects = effects_of({posting});
    opened_->writer_store().commit(
        {{log.next(campus, effects, morning + Duration::minutes(15)), &effects}}, {}, {});
    EXPECT_EQ("", text(verify(opened_->database())));
    auto view = meter_view(1);
    view.ledger_balance = Money{5800};  // it was that before the checkpoint
    view.balance = Money{5700};
    opened_->writer_store().flush({campus, {view}, {}});
    EXPECT_TRUE(names(verify(opened_->database()), "meter_view", "balance.ledger"));
}

TEST_F(VerifyTest, further_steps_run_for_each_project) {
    std::vector<std::int64_t> seen;
    const VerifyReport report = verify(
        opened_->database(), {{"replay", [&](Database&, ProjectId project, VerifyReport& out) {
                                   seen.push_back(project.value);
                                   if (project == campus) {
                                       throw writer::StoreCorrupt("differs");
                                   }
                                   out.add({project.value, "replay", "", "replay.state", "x"});
                               }}});
    EXPECT_EQ((std::vector<std::int64_t>{1, 2}), seen);
    EXPECT_TRUE(names(report, "replay", "table.unreadable"));
    EXPECT_TRUE(names(report, "replay", "replay.state"));
}

TEST_F(VerifyTest, damaged_files_are_found) {
    opened_.reset();
    const std::string path = sqlite_path(folder_.path().string());
    std::FILE* file = std::fopen(path.c_str(), "r+b");
    ASSERT_NE(nullptr, file);
    std::fseek(file, 0, SEEK_END);
    const long size = std::ftell(file);
    // Every 64th byte of the last third.
    for (long at = size * 2 / 3; at < size; at += 64) {
        std::fseek(file, at, SEEK_SET);
        std::fputc(0x5a, file);
    }
    std::fclose(file);
    sqlite::DatabaseOptions options;
    options.path = path;
    options.read_only = true;
    sqlite::SqliteDatabase database(options);
    EXPECT_FALSE(verify(database).clean());
}

class VerifyOnEngines : public EngineTest {};

MB_ON_EVERY_ENGINE(VerifyOnEngines);

TEST_P(VerifyOnEngines, changed_and_missing_rows_are_found) {
    write_scene(store());
    EXPECT_TRUE(verify(database()).clean());
    database().write()->script(
        "UPDATE account SET name = 'x' WHERE account_id = 1;"
        "DELETE FROM posting WHERE posting_id = 2;"
        "DROP TABLE login_code");
    std::set<std::string> found;
    for (const VerifyFinding& finding : verify(database()).findings) {
        found.insert(finding.table + " " + finding.code);
    }
    EXPECT_EQ(1U, found.count("account row.damaged"));
    EXPECT_EQ(1U, found.count("posting row.missing"));
    EXPECT_EQ(1U, found.count("login_code table.unreadable"));
}

}  // namespace

}  // namespace mb::store
