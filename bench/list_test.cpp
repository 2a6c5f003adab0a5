#include "bench/list.hpp"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "base/json.hpp"
#include "store/postgres/test_cluster.hpp"

namespace mb::bench {

namespace {

using store::postgres::test::TestCluster;

struct Outcome {
    int code = 0;
    ListResult result;
    std::string err;
};

Outcome run(const std::string& store) {
    ListOptions options;
    options.meters = 400;
    options.requests = 2;
    options.rate = 2'000;
    options.store = store;
    options.json = true;
    std::ostringstream out;
    std::ostringstream err;
    const int code = run_list(options, out, err);
    const auto result = from_json<ListResult>(out.str());
    return {code, result ? *result : ListResult{}, err.str()};
}

/// 380 of the 400 speak; of these 19 owe and 3 are switched off.
void expect_totals(const Outcome& done) {
    EXPECT_EQ(0, done.code) << done.err;
    std::map<std::string, std::int64_t> totals;
    for (const ListTimes& times : done.result.lists) {
        totals[times.name] = times.total;
        EXPECT_NE("0.00", times.p50_ms) << times.name;
    }
    EXPECT_EQ(20, std::ssize(done.result.lists));
    EXPECT_EQ(40, done.result.requests);
    EXPECT_EQ(400, totals["first page"]);
    EXPECT_EQ(400, totals["middle page"]);
    EXPECT_EQ(400, totals["last page"]);
    EXPECT_EQ(19, totals["arrears: yes"]);
    EXPECT_EQ(381, totals["arrears: no"]);
    EXPECT_EQ(380, totals["online"]);
    EXPECT_EQ(20, totals["lost"]);
    EXPECT_EQ(3, totals["switch: open"]);
    EXPECT_EQ(377, totals["switch: closed"]);
    EXPECT_EQ(400, totals["building"]);
    EXPECT_EQ(1, totals["search: address"]);
    EXPECT_EQ(1, totals["search: room"]);
    EXPECT_EQ(1, totals["search: phrase"]);
    EXPECT_EQ(1, totals["search: digits"]);
    EXPECT_EQ(400, totals["search: building"]);
    EXPECT_EQ(1, totals["search: name"]);
    EXPECT_EQ(19, totals["search: filtered"]);
    EXPECT_EQ(400, totals["by code, middle"]);
    EXPECT_NE("", done.result.first_ms);
    EXPECT_EQ("1.0", done.result.lists.at(0).ratio_meter);
}

TEST(List, answers_what_is_there_on_sqlite) { expect_totals(run("sqlite")); }

TEST(List, answers_what_is_there_on_postgres_and_leaves_nothing) {
    expect_totals(run(TestCluster::get().conninfo()));
    EXPECT_EQ("0", TestCluster::get().ask("SELECT count(*) FROM information_schema.schemata "
                                          "WHERE schema_name = 'meterbook_bench'"));
}

}  // namespace

}  // namespace mb::bench
