// Prints what a reading costs; asserts only that the work was done. Run alone with
// --gtest_filter='RatingSpeed.*' on a quiet machine.

#include "rules/billing/accrual.hpp"
#include "rules/billing/test_tariffs.hpp"
#include "rules/metering/day_block.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>

namespace mb::rules::billing {
namespace {

using namespace test;

class Stopwatch {
public:
    void print(const char* what, std::size_t readings) const {
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start_;
        std::printf("  %-52s %6.1f M readings/s\n", what,
                    static_cast<double>(readings) / took.count() / 1e6);
    }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

struct Meter {
    metering::Registers last;
    Instant last_at;
    AgreementAccrual accrual;
};

tariff::TariffDocument three_by_three() {
    tariff::TariffDocument out = chongqing();
    out.tier_cycle = tariff::TierCycle::month;
    out.tier_split = tariff::TierSplit::time_order;
    out.tier_limits = {kwh("2"), kwh("4")};
    out.prices = {{{}, 1, price("0.53825")}, {{}, 2, price("0.58825")}, {{}, 3, price("0.83825")}};
    return out;
}

/// `rounds` quarter hours of each meter, in time order, all meters before the next quarter.
std::size_t run(std::size_t meters, int rounds, const char* what) {
    Rig rig(three_by_three());
    const metering::MeterSpec spec{10'000'000'000, 1, 60'000};
    std::vector<Meter> all(meters);
    Instant now = at("2026-05-04T00:00:00+08:00");
    for (Meter& meter : all) {
        meter.last.count = 2;
        meter.last_at = now;
        meter.accrual.tariff_code_index = 0;
    }
    const RatingFacts facts = rig.facts();
    std::size_t charged = 0;
    const Stopwatch watch;
    for (int round = 0; round < rounds; ++round) {
        now = now + Duration::minutes(15);
        for (std::size_t i = 0; i < meters; ++i) {
            Meter& meter = all[i];
            metering::Registers next = meter.last;
            next.value[0].units += static_cast<std::int64_t>(200 + i % 7 * 100);
            next.value[1] = next.value[0];
            const auto difference =
                metering::register_difference(spec, meter.last_at, meter.last, now, next, now);
            const auto result =
                accrue(meter.accrual, facts,
                       {meter.last_at, now, difference.total, difference.by_register, 2, false});
            charged += result ? 1 : 0;
            meter.last = next;
            meter.last_at = now;
        }
    }
    watch.print(what, meters * static_cast<std::size_t>(rounds));
    return charged;
}

TEST(RatingSpeed, DifferenceAndAccrual) {
    EXPECT_EQ(run(100, 30'000, "100 meters (in cache), 3 bands × 3 tiers"), 3'000'000U);
    EXPECT_EQ(run(10'000, 300, "10 000 meters, quarter hours in turn"), 3'000'000U);
}

TEST(RatingSpeed, DayBlock) {
    std::vector<metering::DayBlock> blocks(1000);
    metering::Registers registers;
    registers.count = 2;
    std::size_t bytes = 0;
    {
        const Stopwatch watch;
        for (int day = 0; day < 20; ++day) {
            for (int i = 0; i < 96; ++i) {
                registers.value[0].units += 2500;
                registers.value[1].units += 1250;
                for (metering::DayBlock& block : blocks) {
                    block.append({Duration::minutes(15 * i).us}, registers,
                                 metering::Outcome::charged);
                }
            }
            for (metering::DayBlock& block : blocks) {
                bytes += block.bytes().size();
                if (day < 19) {
                    block.clear();
                }
            }
        }
        watch.print("day block: append", std::size_t{20} * 96 * 1000);
    }
    std::printf("  %-52s %6.2f bytes\n", "day block: bytes a reading before compression",
                static_cast<double>(bytes) / (20.0 * 96 * 1000));
    const Stopwatch watch;
    std::size_t found = 0;
    for (const metering::DayBlock& block : blocks) {
        for (int i = 0; i < 96; ++i) {
            found += block.find({Duration::minutes(15 * i).us}) ? 1U : 0U;
        }
    }
    watch.print("day block: find", 96'000);
    EXPECT_EQ(found, 96'000U);
}

}  // namespace
}  // namespace mb::rules::billing
