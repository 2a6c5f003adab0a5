#include "store/postgres/citus.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "store/sqlite/database.hpp"
#include "store/test_folder.hpp"

namespace mb::store::postgres {

namespace {

constexpr Sql first_columns{R"sql(
SELECT m.name, c.name
FROM sqlite_schema m, pragma_table_info(m.name) c
WHERE m.type = 'table' AND c.cid = 0
ORDER BY m.name
)sql"};

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t out = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++out;
    }
    return out;
}

TEST(Citus, every_table_of_the_schema_is_placed_once_by_its_first_column) {
    test::TestFolder folder;
    sqlite::SqliteDatabase database({.path = folder.file("meterbook.db")});
    const Lease session = database.write();
    ASSERT_TRUE(migrate(*session, database.dialect(), Instant{1}));
    const std::string script = citus_distribution();
    Statement& rows = session->statement(first_columns);
    std::size_t tables = 0;
    while (rows.next()) {
        const std::string name(rows.text(0));
        const bool of_projects = rows.text(1) == "project_id";
        const std::string call =
            std::string(of_projects ? "create_distributed_table" : "create_reference_table") +
            "('" + name + "'";
        EXPECT_EQ(count(script, call), 1U) << call;
        ++tables;
    }
    EXPECT_GT(tables, 25U);
    EXPECT_EQ(count(script, "create_"), tables);
    EXPECT_EQ(count(script, "colocate_with => 'project'") + 1,
              count(script, "create_distributed_table"));
}

TEST(Citus, a_table_stands_behind_what_it_refers_to) {
    const std::vector<MigrationFile> files{
        {"0000_a", "CREATE TABLE IF NOT EXISTS all_of_us (\n    name {text} NOT NULL\n){heap};"},
        {"0001_b",
         "CREATE TABLE one (\n    project_id {i64}\n){heap};\nCREATE TABLE two (\n    project_id "
         "{i64}\n){heap};"}};
    EXPECT_EQ(citus_distribution(files),
              "BEGIN;\n"
              "SELECT create_reference_table('all_of_us');\n"
              "SELECT create_distributed_table('one', 'project_id');\n"
              "SELECT create_distributed_table('two', 'project_id', colocate_with => 'one');\n"
              "COMMIT;\n");
}

}  // namespace

}  // namespace mb::store::postgres
