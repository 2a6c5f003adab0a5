#include "rules/relay/relay.hpp"

#include <gtest/gtest.h>

namespace mb::rules::relay {
namespace {

/// The table of design §5.3 in other words, for all 2^7 reason sets × protections × modes ×
/// positions.
Action expected(unsigned reasons, const Protection& p, RestoreMode mode, Position position,
                bool restoring, bool staff_close) {
    const unsigned safety = 1U << static_cast<unsigned>(Reason::safety);
    const unsigned manual = 1U << static_cast<unsigned>(Reason::manual);
    unsigned counted = reasons;
    if (p.keep_power || p.no_disconnect) {
        counted &= p.manual_confirmed ? safety | manual : safety;
    }
    if (counted != 0) {
        return position == Position::open ? Action::none : Action::trip;
    }
    if (p.lock_out || position == Position::closed) {
        return Action::none;
    }
    if (staff_close) {
        return Action::close;
    }
    if (!(restoring || (p.keep_power && position == Position::open))) {
        return Action::none;
    }
    return mode == RestoreMode::direct   ? Action::close
           : mode == RestoreMode::permit ? Action::permit
                                         : Action::none;
}

TEST(Relay, TruthTableIsExhaustive) {
    int cases = 0;
    for (unsigned reasons = 0; reasons < 128; ++reasons) {
        for (unsigned bits = 0; bits < 64; ++bits) {
            const Protection p{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0};
            for (const auto mode : {RestoreMode::direct, RestoreMode::permit, RestoreMode::staff}) {
                for (const auto position : {Position::unknown, Position::closed, Position::open}) {
                    Reasons set;
                    set.bits = static_cast<std::uint8_t>(reasons);
                    const bool restoring = (bits & 16) != 0;
                    const bool staff = (bits & 32) != 0;
                    ASSERT_EQ(required(set, p, mode, position, restoring, staff),
                              expected(reasons, p, mode, position, restoring, staff))
                        << reasons << " " << bits;
                    ++cases;
                }
            }
        }
    }
    EXPECT_EQ(cases, 128 * 64 * 9);
}

TEST(Relay, ClearingOneReasonLeavesTheOthers) {
    Reasons set;
    set.set(Reason::arrears, true);
    set.set(Reason::manual, true);
    set.set(Reason::arrears, false);
    EXPECT_EQ(set.list(), std::vector<Reason>{Reason::manual});
}

TEST(Relay, LockOutBlocksEveryClose) {
    Protection p;
    p.lock_out = true;
    p.keep_power = true;
    for (const auto mode : {RestoreMode::direct, RestoreMode::permit, RestoreMode::staff}) {
        EXPECT_EQ(required({}, p, mode, Position::open, true, true), Action::none);
    }
}

}  // namespace
}  // namespace mb::rules::relay
