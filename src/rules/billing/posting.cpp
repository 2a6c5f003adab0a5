#include "base/check.hpp"
#include "rules/billing/accrual.hpp"
#include "rules/billing/shares.hpp"

#include <algorithm>

namespace mb::rules::billing {

namespace {

bool rounds_at_total(const BillLine& line) { return line.rounding == tariff::RoundingPlace::total; }

/// The cycle's rounded total as shares of its lines: whole fen of each line, and what is left of
/// the total to those with the largest rests.
void share_total(const AgreementAccrual& accrual, const CycleTotal& total,
                 std::vector<Money>& targets) {
    std::vector<std::size_t> places;
    std::vector<std::int64_t> parts;
    std::vector<std::int64_t> rests;
    std::int64_t left = total.exact.rounded().fen;
    for (std::size_t i = 0; i < accrual.lines.size(); ++i) {
        const BillLine& line = accrual.lines[i];
        if (rounds_at_total(line) && line.key.cycle == total.cycle) {
            places.push_back(i);
        }
    }
    std::sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) {
        return accrual.lines[a].key < accrual.lines[b].key;
    });
    for (const std::size_t place : places) {
        const ExactMoney& exact = accrual.lines[place].exact;
        parts.push_back(exact.fen);
        rests.push_back(exact.rest);
        left = sub_checked(left, exact.fen);
    }
    add_to_largest_rests(parts, rests, left);
    for (std::size_t k = 0; k < places.size(); ++k) {
        targets[places[k]] = {parts[k]};
    }
}

}  // namespace

std::vector<Money> posting_targets(const AgreementAccrual& accrual) {
    std::vector<Money> targets(accrual.lines.size());
    for (std::size_t i = 0; i < targets.size(); ++i) {
        if (!rounds_at_total(accrual.lines[i])) {
            targets[i] = accrual.lines[i].exact.rounded();
        }
    }
    for (const CycleTotal& total : accrual.totals) {
        share_total(accrual, total, targets);
    }
    return targets;
}

namespace {

PostingLine post_line(BillLine& line, Money target) {
    PostingLine out{line.id,
                    line.key,
                    target - line.posted,
                    line.quantity - line.posted_quantity,
                    line.quantity,
                    line.exact,
                    target};
    line.posted = target;
    line.posted_quantity = line.quantity;
    return out;
}

}  // namespace

std::vector<PostingLine> post(AgreementAccrual& accrual) {
    const std::vector<Money> targets = posting_targets(accrual);
    std::vector<PostingLine> out;
    Money sum;
    for (std::size_t i = 0; i < targets.size(); ++i) {
        if (targets[i] != accrual.lines[i].posted) {
            out.push_back(post_line(accrual.lines[i], targets[i]));
            sum += out.back().amount;
        }
    }
    CHECK(sum == accrual.pending);
    accrual.pending = {};
    return out;
}

std::size_t close_cycles(AgreementAccrual& accrual, CivilDate before) {
    const std::vector<Money> targets = posting_targets(accrual);
    const auto open = [&](CycleId cycle) {
        if (cycle == accrual.last_cycle || cycle_to(cycle) > before) {
            return true;
        }
        for (std::size_t i = 0; i < targets.size(); ++i) {
            const BillLine& line = accrual.lines[i];
            if (line.key.cycle == cycle && line.posted != targets[i]) {
                return true;
            }
        }
        return false;
    };
    std::vector<CycleId> closed;
    for (const BillLine& line : accrual.lines) {
        if (!open(line.key.cycle)) {
            closed.push_back(line.key.cycle);
        }
    }
    if (closed.empty()) {
        return 0;
    }
    const auto gone = [&](CycleId cycle) {
        return std::find(closed.begin(), closed.end(), cycle) != closed.end();
    };
    const CivilDate still_used = cycle_from(accrual.last_cycle);
    accrual.window = {};
    std::erase_if(accrual.uses, [&](const CycleUse& use) {
        return use.cycle.to <= std::min(before, still_used);
    });
    std::erase_if(accrual.totals, [&](const CycleTotal& total) { return gone(total.cycle); });
    std::erase_if(accrual.blocks, [&](const ShareBlock& block) { return gone(block.cycle); });
    return std::erase_if(accrual.lines, [&](const BillLine& line) { return gone(line.key.cycle); });
}

}  // namespace mb::rules::billing
