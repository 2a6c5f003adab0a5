#include "store/postgres/array_insert.hpp"

#include <gtest/gtest.h>

#include "store/statements/log.hpp"
#include "store/statements/readings.hpp"
#include "store/statements/supply.hpp"

namespace mb::store::postgres {

namespace {

TEST(InsertShape, an_upsert_with_its_key) {
    const auto shape = InsertShape::of(
        "\nINSERT INTO t (\n    a, b,\n    c)\nVALUES (\n    $1, $2, $3)\n"
        "ON CONFLICT (a, c) DO UPDATE SET\n    b = excluded.b\n");
    ASSERT_TRUE(shape);
    EXPECT_EQ(3U, shape->columns);
    EXPECT_EQ((std::vector<std::size_t>{0, 2}), shape->key);
    EXPECT_EQ(
        "\nINSERT INTO t (\n    a, b,\n    c)SELECT * FROM unnest($1, $2, $3) \n"
        "ON CONFLICT (a, c) DO UPDATE SET\n    b = excluded.b\n",
        shape->from_arrays());
}

TEST(InsertShape, of_the_catalogue) {
    EXPECT_EQ((std::vector<std::size_t>{0, 1}), InsertShape::of(sql::meter_view_put.text)->key);
    EXPECT_EQ((std::vector<std::size_t>{0, 1, 2, 3}), InsertShape::of(sql::day_row_put.text)->key);
    EXPECT_TRUE(InsertShape::of(sql::timeline_put.text)->key.empty());
    EXPECT_TRUE(InsertShape::of(sql::inbox_put.text)->key.empty()) << "DO NOTHING takes any row";
}

TEST(InsertShape, nothing_else) {
    EXPECT_FALSE(InsertShape::of(sql::outbox_done.text));
    EXPECT_FALSE(InsertShape::of(sql::event_log_after.text));
    for (const char* text :
         {"", "INSERT INTO t", "INSERT INTO t (a) SELECT 1", "INSERT INTO t (a, b) VALUES ($2, $1)",
          "INSERT INTO t (a) VALUES ($1, $2)", "INSERT INTO t (a) VALUES (1)",
          "INSERT INTO t (a) VALUES ($1) ON CONFLICT (b) DO UPDATE SET a = excluded.a",
          "INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET a = $1"}) {
        EXPECT_FALSE(InsertShape::of(text)) << text;
    }
}

}  // namespace

}  // namespace mb::store::postgres
