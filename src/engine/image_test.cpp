#include "engine/image.hpp"
#include "engine/engine.hpp"
#include "engine/upgrade.hpp"

#include <gtest/gtest.h>

namespace mb::engine {
namespace {

State state() {
    State out;
    out.config.name = "campus";
    out.accounts.get(AccountId{3}).ledger = Money{1234};
    out.closed_to = CivilDate{20'000};
    return out;
}

TEST(Image, IsReadBackAndSaysItsForm) {
    const Bytes image = write_image(state());
    State again;
    ASSERT_TRUE(read_image(image, again));
    EXPECT_EQ(write_image(again), image);
    EXPECT_TRUE(has_own_shape(image));
    EXPECT_EQ(write_image(shape_of<State>(), to_binary(state())), image);
    EXPECT_LT(shape_of<State>().bytes().size(), 8'000U) << "it goes into every checkpoint";
}

TEST(Image, OtherFormsAreTold) {
    State unused;
    EXPECT_EQ(read_image(to_binary(state()), unused).error().code, "checkpoint.no_form");
    EXPECT_EQ(read_image({}, unused).error().code, "checkpoint.no_form");
    Bytes image = write_image(state());
    image[7] = 2;
    EXPECT_EQ(read_image(image, unused).error().text(), "checkpoint.later_form form=2");
    EXPECT_FALSE(has_own_shape(image));
    image[7] = 0;
    EXPECT_EQ(read_image(image, unused).error().text(), "checkpoint.malformed at=head");
}

/// A State of one member that is not what it is today.
struct Other {
    std::int32_t version = 1;
    std::string closed_to = "never";
};
MB_DESCRIBE(Other, (version, closed_to))

TEST(Image, WhatDoesNotFitIsNamed) {
    State unused;
    const Bytes image = write_image(shape_of<Other>(), to_binary(Other{}));
    EXPECT_EQ(read_image(image, unused).error().text(),
              "checkpoint.mismatch at=state.closed_to why=was stored as text, a number is wanted");
    EXPECT_FALSE(has_own_shape(image));
    const Bytes longer = write_image(shape_of<std::map<std::string, bool>>(), Bytes{0, 9});
    EXPECT_EQ(read_image(longer, unused).error().text(),
              "checkpoint.mismatch at=state why=was stored as map, record is wanted");
    Bytes torn = write_image(state());
    torn.push_back(0);
    EXPECT_EQ(read_image(torn, unused).error().text(), "checkpoint.malformed at=state");
}

TEST(Upgrade, RunsTheStepsThatAVersionHasNotHad) {
    const std::vector<UpgradeStep> steps{
        {3, [](State& s) { s.config.name += " 3"; }},
        {4, [](State& s) { s.config.name += " 4"; }},
        {6, [](State& s) { s.config.name += " 6"; }},
    };
    const auto name_from = [&](int from) {
        State old = state();
        upgrade_state(old, from, steps);
        return old.config.name;
    };
    EXPECT_EQ(name_from(2), "campus 3 4 6");
    EXPECT_EQ(name_from(3), "campus 4 6");
    EXPECT_EQ(name_from(6), "campus");
}

TEST(Upgrade, TheProgramsOwnStepsAreInOrderAndNotOfLaterVersions) {
    int last = 0;
    for (const UpgradeStep& step : upgrade_steps()) {
        EXPECT_GT(step.to, last);
        EXPECT_LE(step.to, engine_version);
        EXPECT_NE(step.run, nullptr);
        last = step.to;
    }
}

}  // namespace
}  // namespace mb::engine
