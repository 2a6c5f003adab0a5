#include "bench/wire.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "base/json.hpp"
#include "store/postgres/test_cluster.hpp"
#include "store/read.hpp"

namespace mb::bench {

namespace {

using store::postgres::test::TestCluster;

std::int64_t readings_there = 0;

/// Stands for verify: counts what the store holds by itself, finds nothing.
std::int64_t look(store::Database& database) {
    static constexpr store::Sql count{
        "SELECT CAST(coalesce(sum(charged_count + held_count + excluded_count), 0) AS bigint) "
        "FROM day_row"};
    const store::Lease session = database.read();
    store::Statement& rows = session->statement(count);
    readings_there = rows.next() ? rows.integer(0) : 0;
    return 0;
}

std::int64_t three_findings(store::Database&) { return 3; }

struct Outcome {
    int code = 0;
    WireResult result;
    std::string err;
};

Outcome run(const std::string& store, Verify verify) {
    WireOptions options;
    options.meters = 12;
    options.seconds = 1;
    options.ingest_readings = 240;
    options.store = store;
    options.json = true;
    std::ostringstream out;
    std::ostringstream err;
    readings_there = 0;
    const int code = run_wire(options, verify, out, err);
    const auto result = from_json<WireResult>(out.str());
    return {code, result ? *result : WireResult{}, err.str()};
}

void expect_durable(const Outcome& done) {
    EXPECT_EQ(0, done.code) << done.err;
    const WireResult& r = done.result;
    EXPECT_GT(r.readings, 12) << "each meter again and again";
    EXPECT_GE(r.acknowledged, r.readings);
    EXPECT_EQ(r.acknowledged, r.stored);
    EXPECT_EQ(r.stored + 12, readings_there) << "and one of each installation";
    EXPECT_EQ(r.stored, r.charged) << r.held << " held, " << r.excluded << " excluded";
    EXPECT_EQ(0, r.dropped);
    EXPECT_GT(r.ingest_per_s, 0);
    const WireShares& s = r.shares;
    const std::int64_t sum =
        s.meters + s.sockets + s.framing + s.engine + s.store + s.database + s.other;
    EXPECT_NEAR(100, sum, 4) << "seven roundings";
    EXPECT_GT(s.meters, 0);
    EXPECT_GT(s.sockets + s.framing, 0);
}

TEST(Wire, readings_are_durable_on_sqlite) { expect_durable(run("sqlite", look)); }

TEST(Wire, readings_are_durable_on_postgres_and_nothing_is_left) {
    expect_durable(run(TestCluster::get().conninfo(), look));
    EXPECT_EQ("0", TestCluster::get().ask("SELECT count(*) FROM information_schema.schemata "
                                          "WHERE schema_name = 'meterbook_bench'"));
}

TEST(Wire, findings_are_a_refusal) {
    const Outcome done = run("sqlite", three_findings);
    EXPECT_EQ(1, done.code);
    EXPECT_EQ(3, done.result.verify_findings);
}

TEST(Wire, refuses_more_meters_than_descriptors) {
    WireOptions options;
    options.meters = 100'000'000;
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(1, run_wire(options, nullptr, out, err));
    EXPECT_NE(std::string::npos, err.str().find("bench.descriptor_limit")) << err.str();
}

}  // namespace

}  // namespace mb::bench
