#include "store/migrations.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "engine/version.hpp"
#include "store/sqlite/database.hpp"
#include "store/test_folder.hpp"
#include "writer/store.hpp"

namespace mb::store {

namespace {

constexpr Sql schema_text{R"sql(
SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY name
)sql"};

class Migrations : public testing::Test {
protected:
    std::string schema() {
        std::string out;
        const Lease session = database_.read();
        Statement& rows = session->statement(schema_text);
        while (rows.next()) {
            out += std::string(rows.text(0)) + ": " + std::string(rows.text(1)) + "\n";
        }
        return out;
    }
    Result<int> migrate_to(std::span<const MigrationFile> files) {
        const Lease session = database_.write();
        return migrate(*session, database_.dialect(), Instant{1}, files);
    }

    test::TestFolder folder_;
    sqlite::SqliteDatabase database_{{.path = folder_.file("meterbook.db")}};
};

TEST_F(Migrations, twice_changes_nothing) {
    EXPECT_EQ(static_cast<int>(migration_files().size()) - 1,
              migrate_to(migration_files()).value());
    const std::string before = schema();
    EXPECT_NE(before.find("meter_view"), std::string::npos);
    EXPECT_EQ(0, migrate_to(migration_files()).value());
    EXPECT_EQ(before, schema());
}

TEST_F(Migrations, later_files_run_alone) {
    const auto all = migration_files();
    ASSERT_TRUE(migrate_to(all.first(2)));
    EXPECT_EQ(schema().find("posting"), std::string::npos);
    EXPECT_EQ(1, migrate_to(all.first(3)).value());
    EXPECT_NE(schema().find("posting"), std::string::npos);
}

TEST_F(Migrations, changed_text_is_refused) {
    ASSERT_TRUE(migrate_to(migration_files()));
    std::vector<MigrationFile> changed(migration_files().begin(), migration_files().end());
    const std::string text = std::string(changed[2].text) + " ";
    changed[2].text = text;
    const auto result = migrate_to(changed);
    ASSERT_FALSE(result);
    EXPECT_EQ("store.migration_changed name=0002_money", result.error().text());
}

TEST_F(Migrations, schema_of_a_later_program_is_refused) {
    ASSERT_TRUE(migrate_to(migration_files()));
    const auto result = migrate_to(migration_files().first(3));
    ASSERT_FALSE(result);
    EXPECT_EQ("store.newer_schema", result.error().code);
}

TEST_F(Migrations, an_older_log_without_its_checkpoint_is_left_to_its_program) {
    const auto all = migration_files();
    ASSERT_TRUE(migrate_to(all.first(8)));
    const auto write = [&](const std::string& sql) { database_.write()->script(sql); };
    const auto row = [&](const char* seq) {
        write(std::string("INSERT INTO event_log VALUES (1, ") + seq +
              ", 1, 0, 0, 1, 0, x'', x'', x'', x'')");
    };
    row("1");
    const std::string before = schema();
    EXPECT_EQ(
        migrate_to(all).error().text(),
        "store.open_log project=1 engine_version=1 this=" + std::to_string(engine::engine_version) +
            " way_out=start that version once and stop it cleanly");
    EXPECT_EQ(schema(), before);
    write("INSERT INTO checkpoint VALUES (1, 1, 1, 0, 0, 1, 0, x'', x'', 0)");
    row("2");
    EXPECT_EQ(migrate_to(all).error().code, "store.open_log");
    write("INSERT INTO checkpoint VALUES (1, 2, 1, 0, 0, 1, 0, x'', x'', 0)");
    EXPECT_EQ(migrate_to(all).value(), static_cast<int>(all.size()) - 8);
}

TEST_F(Migrations, failing_file_leaves_nothing_behind) {
    std::vector<MigrationFile> files(migration_files().begin(), migration_files().begin() + 2);
    ASSERT_TRUE(migrate_to(files));
    const std::string before = schema();
    files.push_back({"0002_bad", "CREATE TABLE half (a {i64}){heap}; CREATE TABLE broken (;"});
    EXPECT_THROW((void)migrate_to(files), writer::StoreCorrupt);
    EXPECT_EQ(before, schema());
}

TEST(Expand, tokens) {
    const Dialect dialect{"x", "bigint", "text", "bytea", "!", "?"};
    EXPECT_EQ("a bigint, b text, c bytea)!)?",
              expand("a {i64}, b {text}, c {blob}){clustered}){heap}", dialect));
}

}  // namespace

}  // namespace mb::store
