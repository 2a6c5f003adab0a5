#include "sim/checker/invariant.hpp"

namespace mb::sim::checker {

const char* invariant_name(Invariant invariant) {
    static constexpr const char* names[invariant_count] = {
        "I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10", "I14", "I15", "CHECK"};
    return names[static_cast<std::size_t>(invariant)];
}

}  // namespace mb::sim::checker
