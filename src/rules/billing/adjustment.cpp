#include "rules/billing/adjustment.hpp"

#include "rules/billing/lines.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace mb::rules::billing {

void take_over(AgreementAccrual& fresh, std::span<const BillLine> kept, std::int32_t next_line_id) {
    std::map<LineKey, const BillLine*> by_key;
    for (const BillLine& line : kept) {
        by_key.emplace(line.key, &line);
    }
    fresh.window = {};
    fresh.next_line_id = next_line_id;
    for (BillLine& line : fresh.lines) {
        const auto found = by_key.find(line.key);
        if (found == by_key.end()) {
            line.id = fresh.next_line_id++;
            continue;
        }
        line.id = found->second->id;
        line.posted = found->second->posted;
        line.posted_quantity = found->second->posted_quantity;
        by_key.erase(found);
    }
    for (const auto& [key, gone] : by_key) {
        if (gone->posted.fen != 0 || gone->posted_quantity.units != 0) {
            BillLine& line = fresh.lines.emplace_back(*gone);
            line.quantity = {};
            line.exact = {};
            total_for(fresh, key.cycle, line.rounding);
        }
    }
    std::sort(fresh.lines.begin(), fresh.lines.end(),
              [](const BillLine& a, const BillLine& b) { return a.id < b.id; });
    fresh.pending = {};
    const std::vector<Money> targets = posting_targets(fresh);
    for (std::size_t i = 0; i < targets.size(); ++i) {
        fresh.pending += targets[i] - fresh.lines[i].posted;
    }
}

void drop_unchanged(AgreementAccrual& fresh, const AgreementAccrual& present) {
    std::set<CycleId> told;
    for (const BillLine& line : present.lines) {
        told.insert(line.key.cycle);
    }
    const std::vector<Money> targets = posting_targets(fresh);
    for (std::size_t i = 0; i < targets.size(); ++i) {
        const BillLine& line = fresh.lines[i];
        if (line.posted != targets[i] || line.posted_quantity != line.quantity) {
            told.insert(line.key.cycle);
        }
    }
    const auto gone = [&](CycleId cycle) { return told.count(cycle) == 0; };
    std::erase_if(fresh.lines, [&](const BillLine& line) { return gone(line.key.cycle); });
    std::erase_if(fresh.totals, [&](const CycleTotal& total) { return gone(total.cycle); });
    std::erase_if(fresh.blocks, [&](const ShareBlock& block) { return gone(block.cycle); });
}

std::vector<AdjustedLine> post_adjustment(AgreementAccrual& accrual) {
    std::vector<AdjustedLine> out;
    const std::vector<Money> targets = posting_targets(accrual);
    for (std::size_t i = 0; i < targets.size(); ++i) {
        BillLine& line = accrual.lines[i];
        if (line.posted != targets[i] || line.posted_quantity != line.quantity) {
            out.push_back(
                {line.id, line.key, line.posted_quantity, line.quantity, line.posted, targets[i]});
            line.posted = targets[i];
            line.posted_quantity = line.quantity;
        }
    }
    accrual.pending = {};
    return out;
}

}  // namespace mb::rules::billing
