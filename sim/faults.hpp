// What can go wrong in a simulation: names, the numbers of reference/reliability.md §5 they stand
// for, and how often each has happened.
#pragma once

#include "base/result.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mb::sim {

enum class Fault : std::uint8_t {
    net_loss,
    net_delay,
    net_duplication,
    net_reorder,
    net_partition,
    callback_duplicate,
    callback_late,
    callback_lost,
    callback_forged,
    other_amount,
    two_channels,
    client_retry,
    reading_repeated,
    reading_late,
    momentary_zero,
    rollover,
    clock_drift,
    late_answer,
    answer_lost,
    stuck_relay,
    power_cut,
    process_killed,
    power_loss,
    torn_write,
    disk_full,
    io_error,
    count_,
};

constexpr std::size_t fault_count = static_cast<std::size_t>(Fault::count_);

struct FaultInfo {
    Fault fault;
    std::string_view name;
    std::string_view numbers;  // of the catalogue, blanks between
    std::string_view text;
};

/// In the order of the enumeration.
const std::array<FaultInfo, fault_count>& fault_catalogue();

class FaultSet {
public:
    static FaultSet none() { return {}; }
    static FaultSet all();
    /// "all", "none", or names and F-numbers with commas between. Errors: simulate.unknown_fault
    /// {fault, did_you_mean}.
    static Result<FaultSet> parse(std::string_view list);

    [[nodiscard]] bool has(Fault fault) const { return on_[static_cast<std::size_t>(fault)]; }
    void add(Fault fault) { on_[static_cast<std::size_t>(fault)] = true; }

private:
    std::array<bool, fault_count> on_{};
};

using FaultCounts = std::array<std::int64_t, fault_count>;

}  // namespace mb::sim
