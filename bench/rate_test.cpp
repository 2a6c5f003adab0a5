#include "bench/rate.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace mb::bench {

namespace {

const auto quiet = [](const std::string&) {};

TEST(RateKernel, charges_what_the_slow_path_does) {
    const KernelResult result = measure_kernel({200, 192}, quiet);
    EXPECT_EQ(200 * 192, result.intervals);
    EXPECT_EQ(0, result.differing);
    EXPECT_GT(result.crossing, 100) << "two days: some of the even meters cross as well";
    EXPECT_GT(result.plain_per_s, 0);
    EXPECT_EQ(100, measure_kernel({200, 96}, quiet).crossing);
}

/// Stands for `meterbook rerate`; counts how often it is asked.
struct FakeRerate {
    std::string hash = "one";
    int asked = 0;
    int threads = 0;

    Rerated operator()(store::Database&, ProjectId, CivilDate from, CivilDate to, int with) {
        EXPECT_EQ("2026-07-01", from.text());
        EXPECT_EQ("2026-07-31", to.text());
        threads = with;
        Rerated out;
        out.sha256 = ++asked == 1 ? "one" : hash;
        return out;
    }
};

TEST(RateMonth, reads_what_it_wrote_and_sees_wrong_sums) {
    MonthOptions options;
    options.meters = 3;
    options.threads = 2;
    FakeRerate fake;
    const auto result = measure_month(options, std::ref(fake), quiet);
    ASSERT_TRUE(result) << result.error().text();
    EXPECT_EQ(3 * 2976, result->readings);
    EXPECT_EQ(2, fake.asked);
    EXPECT_EQ(2, fake.threads);
    EXPECT_GT(result->packed_bytes, 0);
    EXPECT_FALSE(result->same) << "no energy came back";
}

TEST(RateBench, leaves_a_part_out) {
    RateBenchOptions options;
    options.kernel = {10, 8};
    options.month.meters = 0;
    options.json = true;
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(0, run_rate_bench(options, {}, out, err));
    EXPECT_EQ(0U, out.str().find(R"({"kernel":{"meters":10,"intervals":80,)")) << out.str();
    EXPECT_NE(std::string::npos, out.str().find(R"("month":null})")) << out.str();
}

}  // namespace

}  // namespace mb::bench
