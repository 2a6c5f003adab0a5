#include "sim/world/world.hpp"

#include "sim/canary/canaries.hpp"

#include <gtest/gtest.h>

namespace mb::sim::world {
namespace {

Settings small(std::uint64_t seed, const char* faults) {
    return {seed, 2, 6, FaultSet::parse(faults).value()};
}

TEST(World, the_same_seed_gives_the_same_hash_and_another_one_does_not) {
    const Outcome one = World(small(11, "all"), {}).run();
    const Outcome two = World(small(11, "all"), {}).run();
    const Outcome other = World(small(12, "all"), {}).run();
    ASSERT_FALSE(one.broken) << one.broken->what;
    EXPECT_EQ(one.hash, two.hash);
    EXPECT_EQ(one.step, two.step);
    EXPECT_NE(one.hash, other.hash);
}

TEST(World, counts_every_reading_once_and_only_the_faults_that_are_on) {
    const Outcome out = World(small(13, "net_loss,F07"), {}).run();
    ASSERT_FALSE(out.broken) << out.broken->what;
    EXPECT_EQ(out.charged + out.held + out.excluded, out.counts.readings);
    EXPECT_GT(out.counts.readings, 6 * 150);
    EXPECT_GT(out.faults[static_cast<std::size_t>(Fault::net_loss)], 0);
    EXPECT_GT(out.faults[static_cast<std::size_t>(Fault::process_killed)], 0);
    EXPECT_EQ(out.faults[static_cast<std::size_t>(Fault::disk_full)], 0);
    EXPECT_GT(out.checks.of(checker::Invariant::i8_acknowledged_survives), 0);
}

TEST(World, a_canary_is_seen_by_its_invariant) {
    for (const canary::Canary& canary : canary::canaries()) {
        if (canary.name == "register_shifted" || canary.name == "ack_is_verified") {
            const Outcome out = World({3, 7, 20, FaultSet::none()}, canary.make()).run();
            ASSERT_TRUE(out.broken) << canary.name;
            EXPECT_EQ(out.broken->invariant, canary.seen_by) << out.broken->what;
        }
    }
}

TEST(Faults, unknown_names_are_refused_with_the_nearest) {
    const auto wrong = FaultSet::parse("net_los");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, "simulate.unknown_fault");
    EXPECT_EQ(wrong.error().params.at(1).second, "net_loss");
    EXPECT_TRUE(FaultSet::parse("F58").value().has(Fault::power_loss));
    EXPECT_FALSE(FaultSet::parse("none").value().has(Fault::power_loss));
}

}  // namespace
}  // namespace mb::sim::world
