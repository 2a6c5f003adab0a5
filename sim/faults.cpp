#include "sim/faults.hpp"

#include <algorithm>
#include <numeric>

namespace mb::sim {

const std::array<FaultInfo, fault_count>& fault_catalogue() {
    static const std::array<FaultInfo, fault_count> catalogue{{
        {Fault::net_loss, "net_loss", "F38", "a message between head-end and meter is lost"},
        {Fault::net_delay, "net_delay", "F37", "a message takes seconds to minutes"},
        {Fault::net_duplication, "net_duplication", "F17", "a message arrives twice"},
        {Fault::net_reorder, "net_reorder", "F18", "a message overtakes another"},
        {Fault::net_partition, "net_partition", "F51",
         "a link passes nothing for minutes to hours"},
        {Fault::callback_duplicate, "callback_duplicate", "F01", "a payment is told twice at once"},
        {Fault::callback_late, "callback_late", "F36", "a payment is told late"},
        {Fault::callback_lost, "callback_lost", "F03", "a payment is never told"},
        {Fault::callback_forged, "callback_forged", "F04", "a callback has a wrong signature"},
        {Fault::other_amount, "other_amount", "F05", "another amount is paid than was ordered"},
        {Fault::two_channels, "two_channels", "F06", "one order is paid on two channels"},
        {Fault::client_retry, "client_retry", "F08", "a request is sent again under its key"},
        {Fault::reading_repeated, "reading_repeated", "F17",
         "a reading is sent again, also next day"},
        {Fault::reading_late, "reading_late", "F18",
         "a reading comes hours late, behind newer ones"},
        {Fault::momentary_zero, "momentary_zero", "F19", "registers read as zero for a moment"},
        {Fault::rollover, "rollover", "F20", "a register passes its modulus"},
        {Fault::clock_drift, "clock_drift", "F24", "a meter's clock is wrong"},
        {Fault::late_answer, "late_answer", "F37", "a meter answers after the time-out"},
        {Fault::answer_lost, "answer_lost", "F38", "a meter obeys and its answer is lost"},
        {Fault::stuck_relay, "stuck_relay", "F39", "a relay does not move"},
        {Fault::power_cut, "power_cut", "F47", "all meters of a building are silent"},
        {Fault::process_killed, "process_killed", "F07 F27", "the process dies at a store call"},
        {Fault::power_loss, "power_loss", "F58", "power is lost at a write or sync"},
        {Fault::torn_write, "torn_write", "F57", "… and of an un-synced write some sectors stay"},
        {Fault::disk_full, "disk_full", "F55", "the disk is full for a while"},
        {Fault::io_error, "io_error", "F56", "a write or an fsync fails"},
    }};
    return catalogue;
}

namespace {

std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t above = row[j + 1];
            row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0U : 1U)});
            diagonal = above;
        }
    }
    return row.back();
}

std::string nearest(std::string_view wrong) {
    const auto& all = fault_catalogue();
    const auto best = std::min_element(all.begin(), all.end(), [&](const auto& a, const auto& b) {
        return distance(wrong, a.name) < distance(wrong, b.name);
    });
    return std::string(best->name);
}

bool stands_for(const FaultInfo& info, std::string_view word) {
    if (info.name == word) {
        return true;
    }
    const bool number = word.size() == 3 && word[0] == 'F';
    return number && info.numbers.find(word) != std::string_view::npos;
}

}  // namespace

FaultSet FaultSet::all() {
    FaultSet out;
    out.on_.fill(true);
    return out;
}

Result<FaultSet> FaultSet::parse(std::string_view list) {
    if (list == "all") {
        return all();
    }
    FaultSet out;
    if (list == "none") {
        return out;
    }
    while (true) {
        const std::size_t comma = list.find(',');
        const std::string_view word = list.substr(0, comma);
        bool known = false;
        for (const FaultInfo& info : fault_catalogue()) {
            if (stands_for(info, word)) {
                out.add(info.fault);
                known = true;
            }
        }
        if (!known) {
            return fail(error("simulate.unknown_fault")
                            .with("fault", std::string(word))
                            .with("did_you_mean", nearest(word)));
        }
        if (comma == std::string_view::npos) {
            return out;
        }
        list.remove_prefix(comma + 1);
    }
}

}  // namespace mb::sim
