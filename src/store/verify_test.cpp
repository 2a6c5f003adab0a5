#include "store/verify.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <set>

#include "store/logins.hpp"
#include "store/test_engines.hpp"

namespace mb::store {

namespace {

using namespace test;

constexpr Sql sqlite_columns{R"sql(
SELECT t.name, c.name, lower(c.type), c.pk <> 0
FROM sqlite_schema t, pragma_table_info(t.name) c
WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'
ORDER BY t.name, c.cid
)sql"};
// Not information_schema: it takes seconds among the schemas of all the other cases.
constexpr Sql postgres_columns{R"sql(
SELECT CAST(t.relname AS text), CAST(c.attname AS text), format_type(c.atttypid, NULL),
    coalesce(c.attnum = ANY (i.indkey), false)
FROM pg_class t
JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped
LEFT JOIN pg_index i ON i.indrelid = t.oid AND i.indisprimary
WHERE t.relkind = 'r'
    AND t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
ORDER BY t.relname, c.attnum
)sql"};

struct Column {
    std::string table;
    std::string name;
    std::string type;
    bool in_key = false;
};

class VerifyTest : public EngineTest {
protected:
    VerifyTest() {
        log_ = write_scene(store());
        write_scene(store(), ProjectId{2});
        const Logins logins(database());
        const LoginId id = logins.add("13800000001", "林", morning).value().id;
        EXPECT_TRUE(logins.grant(id, campus, "manager", morning));
        logins.put_code({id, crypto::sha256("1"), 5, morning, morning});
        logins.put_session({crypto::sha256("t"), id, "c", morning, morning, morning});
        logins.keep(campus, id, "key", {crypto::sha256("{}"), 201, "{}", morning});
        save_clock(database(), {morning, morning, 60});
    }

    bool is_sqlite() const { return place_.engine() == Engine::sqlite; }
    std::set<std::string> tables() {
        std::set<std::string> out;
        for (const Column& column : columns_) {
            out.insert(column.table);
        }
        return out;
    }
    std::vector<Column> columns() {
        std::vector<Column> out;
        const Lease session = database().read();
        Statement& row = session->statement(is_sqlite() ? sqlite_columns : postgres_columns);
        while (row.next()) {
            out.push_back({std::string(row.text(0)), std::string(row.text(1)),
                           std::string(row.text(2)), row.integer(3) != 0});
        }
        return out;
    }
    std::string key_of(const std::string& table) {
        std::string out;
        for (const Column& column : columns_) {
            if (column.table == table && column.in_key) {
                out += (out.empty() ? "" : ", ") + column.name;
            }
        }
        return out;
    }
    /// Another value of the column's type, also where there is none.
    std::string changed(const Column& column) const {
        const std::string& name = column.name;
        if (column.type == "integer" || column.type == "bigint") {
            return "coalesce(" + name + ", 0) + 1000";
        }
        if (column.type == "text") {
            return "coalesce(" + name + ", '') || 'x'";
        }
        EXPECT_TRUE(column.type == "blob" || column.type == "bytea") << column.type;
        return place_.either("CAST(coalesce(" + name + ", x'') || x'01' AS BLOB)",
                             "coalesce(" + name + ", '') || '\\x01'::bytea");
    }
    /// `change` with foreign keys off; then verify; then everything as before.
    VerifyReport after(const std::string& table, const std::string& change) {
        const auto script = [&](const std::string& text) { database().write()->script(text); };
        script("CREATE TEMP TABLE saved AS SELECT * FROM " + table);
        script(
            place_.either("PRAGMA foreign_keys = OFF", "SET session_replication_role = replica"));
        script(change);
        VerifyReport report = verify(database());
        script("DELETE FROM " + table);
        script("INSERT INTO " + table + " SELECT * FROM saved");
        script("DROP TABLE saved");
        script(place_.either("PRAGMA foreign_keys = ON", "RESET session_replication_role"));
        return report;
    }
    bool row_in(const std::string& table) {
        // A session remembers statements by address: these live as long as it.
        const std::string& query = queries_.emplace_back("SELECT 1 FROM " + table);
        const Sql& sql = statements_.emplace_back(Sql{query.c_str()});
        return database().read()->statement(sql).next();
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

    Log log_;
    std::vector<Column> columns_ = columns();
    std::deque<std::string> queries_;
    std::deque<Sql> statements_;
};

MB_ON_EVERY_ENGINE(VerifyTest);

TEST_P(VerifyTest, a_sound_store_is_clean) {
    const VerifyReport report = verify(database());
    EXPECT_EQ("", text(report));
    EXPECT_TRUE(report.clean());
    EXPECT_EQ(2, report.projects);
    EXPECT_EQ(10, report.postings);
    EXPECT_EQ(10, report.readings);
    EXPECT_EQ(6, report.log_rows);
}

TEST_P(VerifyTest, the_scene_has_a_row_in_every_table) {
    for (const std::string& table : tables()) {
        EXPECT_TRUE(row_in(table)) << table;
    }
}

TEST_P(VerifyTest, any_column_of_any_table_changed_is_found) {
    std::size_t changes = 0;
    for (const Column& column : columns_) {
        const VerifyReport report =
            after(column.table, "UPDATE " + column.table + " SET " + column.name + " = " +
                                    changed(column) + first_row(column.table));
        // A row that moved to another project shows where it is missed.
        EXPECT_TRUE(names(report, column.table) || (column.name == "project_id" && !report.clean()))
            << column.table << "." << column.name << "\n"
            << text(report);
        ++changes;
    }
    EXPECT_GT(changes, 250U);
    EXPECT_EQ("", text(verify(database())));
}

TEST_P(VerifyTest, lost_rows_are_found) {
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

TEST_P(VerifyTest, sums_are_taken_from_the_postings_alone) {
    // A forger who knows the checksums: rows written through the store.
    Log log = log_;
    auto line = bill_line();
    line.line.posted = Money{601};
    auto order = paid_order();
    order.paid_amount = Money{4999};
    const auto forged = effects_of({line, order, proof(2, 1, 0, 3)});
    store().commit({{log.next(campus, forged, morning), &forged}}, {}, {});
    auto view = meter_view(1);
    view.ledger_balance = Money{6399};
    auto day = day_rows()[2];
    day.charged = 2;
    store().flush({campus, {view}, {day}});
    checkpoint(store(), log, morning + Duration::minutes(20), 10);
    const VerifyReport report = verify(database());
    EXPECT_TRUE(names(report, "bill_line", "bill_line.posted"));
    EXPECT_TRUE(names(report, "bill_line", "bill_line.rounding"));
    EXPECT_TRUE(names(report, "orders", "order.amount"));
    EXPECT_TRUE(names(report, "meter_view", "balance.ledger"));
    EXPECT_TRUE(names(report, "meter_view", "balance.sum"));
    EXPECT_TRUE(names(report, "day_row", "day_row.counts"));
    EXPECT_TRUE(names(report, "daily_proof", "proof.readings"));
    EXPECT_FALSE(names(report, "bill_line", "row.damaged")) << text(report);
}

TEST_P(VerifyTest, use_below_half_a_fen_waits_in_its_line) {
    const auto findings_with = [&](std::int64_t used_since, std::int64_t posted_for) {
        auto row = bill_line();
        row.line.quantity += Quantity{used_since};
        row.line.exact = ExactMoney::product(row.line.quantity, Price::parse("0.6000").value());
        row.line.posted_quantity += Quantity{posted_for};
        const auto forged = effects_of({row});
        store().commit({{log_.next(campus, forged, morning), &forged}}, {}, {});
        checkpoint(store(), log_, morning + Duration::minutes(20), 10);
        return verify(database());
    };
    const VerifyReport waits = findings_with(50, 0);  // 0.3 fen
    EXPECT_FALSE(names(waits, "bill_line", "bill_line.quantity")) << text(waits);
    EXPECT_FALSE(names(waits, "bill_line", "bill_line.rounding")) << text(waits);
    EXPECT_TRUE(names(findings_with(50, 51), "bill_line", "bill_line.quantity"));
    EXPECT_TRUE(names(findings_with(50, -1000), "bill_line", "bill_line.quantity"));
    EXPECT_TRUE(names(findings_with(500, 500), "bill_line", "bill_line.rounding"));
}

TEST_P(VerifyTest, commands_and_outbox_belong_together) {
    Log log = log_;
    const auto forged =
        effects_of({command(4, engine::CommandKind::trip, engine::CommandState::queued),
                    command(3, engine::CommandKind::read, engine::CommandState::verified)});
    store().commit({{log.next(campus, forged, morning), &forged}}, {}, {});
    const VerifyReport report = verify(database());
    EXPECT_TRUE(names(report, "outbox", "outbox.command")) << "a task of an ended command";
    EXPECT_TRUE(names(report, "command", "outbox.missing")) << "a queued command without a task";
    EXPECT_TRUE(names(report, "command", "relay.command"));
}

TEST_P(VerifyTest, views_may_lag_behind_the_log_but_not_invent) {
    Log log = log_;
    // After the last checkpoint a posting is committed and its view not flushed yet: no finding.
    auto posting =
        transfer(6, {rules::ledger::Kind::clearing, 1}, rules::ledger::cash_of(AccountId{1}), 100,
                 rules::ledger::Cause::suspense_payment, "pay:sandbox:T9");
    posting.at = morning + Duration::minutes(15);
    const auto effects = effects_of({posting});
    store().commit({{log.next(campus, effects, morning + Duration::minutes(15)), &effects}}, {},
                   {});
    EXPECT_EQ("", text(verify(database())));
    auto view = meter_view(1);
    view.ledger_balance = Money{5800};  // it was that before the checkpoint
    view.balance = Money{5700};
    store().flush({campus, {view}, {}});
    EXPECT_TRUE(names(verify(database()), "meter_view", "balance.ledger"));
}

TEST_P(VerifyTest, further_steps_run_for_each_project) {
    std::vector<std::int64_t> seen;
    const VerifyReport report =
        verify(database(), {{"replay", [&](Database&, ProjectId project, VerifyReport& out) {
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

TEST(VerifySqlite, damaged_files_are_found) {
    const TestFolder folder;
    write_scene(open_store(folder.path().string())->writer_store());
    const std::string path = sqlite_path(folder.path().string());
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

TEST_P(VerifyTest, changed_and_missing_rows_are_found) {
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
