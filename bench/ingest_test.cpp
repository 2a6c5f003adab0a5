#include "bench/ingest.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "store/postgres/test_cluster.hpp"

namespace mb::bench {

namespace {

using store::postgres::test::TestCluster;

std::int64_t rows_of_log = 0;

/// Stands for verify: counts the rows of the log, finds nothing.
std::int64_t look(store::Database& database) {
    static constexpr store::Sql count{"SELECT count(*) FROM event_log"};
    const store::Lease session = database.read();
    store::Statement& rows = session->statement(count);
    rows_of_log = rows.next() ? rows.integer(0) : 0;
    return 0;
}

struct Outcome {
    int code = 0;
    std::string out;
    std::string err;
};

Outcome run(const std::string& store) {
    IngestOptions options;
    options.shape.meters = 12;
    options.shape.slots = 20;
    options.commit_each_rows = 10;
    options.store = store;
    options.json = true;
    std::ostringstream out;
    std::ostringstream err;
    rows_of_log = 0;
    const int code = run_ingest(options, look, out, err);
    return {code, out.str(), err.str()};
}

std::string in_schema() {
    return TestCluster::get().ask(
        "SELECT count(*) FROM information_schema.schemata WHERE schema_name = 'meterbook_bench'");
}

TEST(Ingest, runs_on_sqlite) {
    const Outcome done = run("sqlite");
    EXPECT_EQ(0, done.code) << done.err;
    EXPECT_EQ(0U, done.out.find(R"({"readings":240,)")) << done.out;
    EXPECT_GT(rows_of_log, 0);
}

TEST(Ingest, runs_on_postgres_and_leaves_nothing) {
    const Outcome done = run(TestCluster::get().conninfo());
    EXPECT_EQ(0, done.code) << done.err;
    EXPECT_EQ(0U, done.out.find(R"({"readings":240,)")) << done.out;
    EXPECT_EQ(std::string::npos, done.out.find(R"("row_per_s":0,)")) << done.out;
    EXPECT_GT(rows_of_log, 0);
    EXPECT_EQ("0", in_schema());
}

TEST(Ingest, touches_no_schema_that_holds_something) {
    TestCluster& cluster = TestCluster::get();
    cluster.ask("CREATE SCHEMA meterbook_bench");
    cluster.ask("CREATE TABLE meterbook_bench.writer_lease (name text)");
    const Outcome refused = run(cluster.conninfo());
    EXPECT_EQ(1, refused.code);
    EXPECT_NE(std::string::npos, refused.err.find("bench.schema_in_use")) << refused.err;
    EXPECT_EQ("1", cluster.ask("SELECT count(*) FROM information_schema.tables "
                               "WHERE table_schema = 'meterbook_bench'"));
    cluster.ask("DROP SCHEMA meterbook_bench CASCADE");
}

}  // namespace

}  // namespace mb::bench
