#include "rules/billing/charging.hpp"

#include "rules/billing/lines.hpp"
#include "rules/billing/shares.hpp"

#include <algorithm>
#include <tuple>

namespace mb::rules::billing {

namespace {

LineKey key_of(const Stretch& in, LineItem item) {
    LineKey key;
    key.cycle = in.cycle;
    key.item = item;
    key.version = in.version->id;
    return key;
}

LineKey energy_key(const Stretch& in, std::size_t tier) {
    LineKey key = key_of(in, LineItem::energy);
    key.price_set = in.price_set;
    key.tier = static_cast<std::uint8_t>(tier + 1);
    key.band = in.band;
    return key;
}

/// With one band or one tier both ways of dividing come to the same.
bool divides_by_share(const tariff::CompiledTariff& compiled) {
    const auto& bands = compiled.schedule.bands();
    return compiled.tiers.count > 1 && compiled.tiers.split == tariff::TierSplit::share &&
           std::count(bands.begin(), bands.end(), true) > 1;
}

}  // namespace

void Charging::keep_slice(const Stretch& in, const LineKey& key, Quantity quantity) {
    result_.slices = static_cast<std::uint8_t>(std::min(result_.slices + 1, 255));
    if (slices_ != nullptr) {
        slices_->push_back({in.from, in.to, key, quantity, split_by_time_, estimated_});
    }
}

void Charging::charge_key(const Stretch& in, const LineKey& key, Quantity quantity, Price price) {
    RatingWindow& window = accrual_.window;
    window.line = line_for(accrual_, key, in.version->compiled.rounding);
    result_.pending_change +=
        billing::charge(accrual_, accrual_.lines[window.line], window.total, quantity, price);
}

void Charging::charge_tiers(const Stretch& in, Quantity quantity) {
    const tariff::CompiledTariff& compiled = in.version->compiled;
    const tariff::Limits limits = compiled.tiers.limits_of(in.tier_cycle, facts_.terms);
    RatingWindow& window = accrual_.window;
    Quantity& used = accrual_.uses[window.use].quantity;
    std::size_t tier = 0;
    while (quantity.units > 0) {
        while (tier + 1U < compiled.tiers.count && used >= limits[tier]) {
            ++tier;
        }
        const Quantity part =
            tier + 1U < compiled.tiers.count ? std::min(quantity, limits[tier] - used) : quantity;
        const LineKey key = energy_key(in, tier);
        window.price = compiled.price_of(in.price_set, in.band, tier);
        window.tier_end = limits[tier];
        charge_key(in, key, part, window.price);
        keep_slice(in, key, part);
        used += part;
        quantity -= part;
    }
}

ShareBlock& Charging::block_for(const Stretch& in) {
    auto& blocks = accrual_.blocks;
    for (ShareBlock& block : blocks) {
        if (block.cycle == in.cycle && block.version == in.version->id &&
            block.price_set == in.price_set && block.tier_cycle == in.tier_cycle) {
            return block;
        }
    }
    ShareBlock fresh{in.cycle,
                     in.version->id,
                     in.price_set,
                     in.tier_cycle,
                     accrual_.uses[accrual_.window.use].quantity,
                     {}};
    for (const ShareBlock& block : blocks) {
        if (block.tier_cycle == fresh.tier_cycle && is_later(block, fresh)) {
            for (const Quantity band : block.by_band) {
                fresh.before -= band;
            }
        }
    }
    blocks.push_back(fresh);
    return blocks.back();
}

bool Charging::is_later(const ShareBlock& block, const ShareBlock& other) const {
    const auto place = [&](const ShareBlock& one) {
        const auto& version = *facts_.book.find(one.version);
        return std::tuple(one.cycle, version.document.effective_from, one.price_set);
    };
    return place(block) > place(other);
}

void Charging::charge_share(const Stretch& in, Quantity quantity) {
    ShareBlock& block = block_for(in);
    accrual_.uses[accrual_.window.use].quantity += quantity;
    block.by_band[static_cast<std::size_t>(in.band)] += quantity;
    // Late use moves the stretches behind it up the tiers.
    for (ShareBlock& later : accrual_.blocks) {
        if (later.tier_cycle == in.tier_cycle && is_later(later, block)) {
            later.before += quantity;
            set_share_lines(later);
        }
    }
    set_share_lines(block);
    LineKey key = energy_key(in, 0);
    key.tier = 0;
    keep_slice(in, key, quantity);
}

/// The lines of a block; two tier cycles may meet in one month, then they are sums.
void Charging::set_share_lines(const ShareBlock& of) {
    const tariff::CompiledTariff& compiled = facts_.book.find(of.version)->compiled;
    TierParts sums{};
    for (const ShareBlock& one : accrual_.blocks) {
        if (one.cycle != of.cycle || one.version != of.version || one.price_set != of.price_set) {
            continue;
        }
        const tariff::Limits limits = compiled.tiers.limits_of(one.tier_cycle, facts_.terms);
        const TierParts parts = divide_by_share(one, limits, compiled.tiers.count);
        for (std::size_t tier = 0; tier < compiled.tiers.count; ++tier) {
            for (std::size_t band = 0; band < tariff::band_count; ++band) {
                sums[tier][band] += parts[tier][band];
            }
        }
    }
    const std::int32_t total = total_for(accrual_, of.cycle, compiled.rounding);
    for (std::size_t tier = 0; tier < compiled.tiers.count; ++tier) {
        for (std::size_t band = 0; band < tariff::band_count; ++band) {
            LineKey key;
            key.cycle = of.cycle;
            key.version = of.version;
            key.price_set = of.price_set;
            key.tier = static_cast<std::uint8_t>(tier + 1);
            key.band = static_cast<tariff::Band>(band);
            const bool known = std::any_of(accrual_.lines.begin(), accrual_.lines.end(),
                                           [&](const BillLine& line) { return line.key == key; });
            if (known || sums[tier][band].units > 0) {
                BillLine& line = accrual_.lines[line_for(accrual_, key, compiled.rounding)];
                result_.pending_change += set_line(
                    accrual_, line, total, sums[tier][band],
                    cost(sums[tier][band], compiled.price_of(of.price_set, key.band, tier)));
            }
        }
    }
}

Quantity Charging::charge_free(const Stretch& in, Quantity quantity) {
    grant_free_quantity(accrual_, facts_, in.cycle);
    const CivilDate on = facts_.zone.date(in.from);
    for (const tariff::Allowance& allowance : in.version->document.allowances) {
        for (Grant& grant : accrual_.grants) {
            if (grant.kind != tariff::AllowanceKind::quantity || grant.name != allowance.name ||
                grant.cycle > in.cycle || grant.expires <= in.cycle ||
                !still_named(grant, accrual_, facts_, on)) {
                continue;
            }
            const Quantity part{std::min(quantity.units, grant.left)};
            if (part.units == 0) {
                continue;
            }
            grant.left -= part.units;
            quantity -= part;
            LineKey key = key_of(in, LineItem::free);
            key.band = in.band;
            charge_key(in, key, part, Price{});
            keep_slice(in, key, part);
            if (allowance.counts_in_tiers) {
                accrual_.uses[accrual_.window.use].quantity += part;
            }
        }
    }
    return quantity;
}

void Charging::charge_per_unit(const Stretch& in, Quantity quantity) {
    const auto& prices = in.version->compiled.per_unit;
    for (std::size_t i = 0; i < prices.size(); ++i) {
        LineKey key = key_of(in, LineItem::per_unit);
        key.index = static_cast<std::uint8_t>(i);
        charge_key(in, key, quantity, prices[i]);
        keep_slice(in, key, quantity);
    }
}

void Charging::charge(const Stretch& in, Quantity quantity, bool split_by_time, bool estimated) {
    const tariff::CompiledTariff& compiled = in.version->compiled;
    split_by_time_ = split_by_time;
    estimated_ = estimated;
    RatingWindow& window = accrual_.window;
    window.use = use_for(accrual_, in.tier_cycle);
    window.total = total_for(accrual_, in.cycle, compiled.rounding);
    const bool allowances = !in.version->document.allowances.empty();
    if (allowances) {
        quantity = charge_free(in, quantity);
    }
    if (quantity.units == 0) {
        window.line = RatingWindow::no_line;
        return;
    }
    charge_per_unit(in, quantity);
    const bool share = divides_by_share(compiled);
    if (share) {
        charge_share(in, quantity);
    } else {
        charge_tiers(in, quantity);
    }
    if (share || allowances || !compiled.per_unit.empty()) {
        window.line = RatingWindow::no_line;  // one line is not all that the next interval touches
    }
}

bool still_named(const Grant& grant, const AgreementAccrual& accrual, const RatingFacts& facts,
                 CivilDate on) {
    CivilDate first = cycle_from(grant.cycle);
    if (facts.terms.in_service_from && *facts.terms.in_service_from > first) {
        first = *facts.terms.in_service_from;
    }
    const auto versions = facts.book.versions(accrual.tariff_code_index);
    return std::all_of(versions.begin(), versions.end(), [&](const tariff::TariffVersion* version) {
        const CivilDate from = version->document.effective_from;
        if (from > on ||
            (from <= first && version != facts.version_on(accrual.tariff_code_index, first))) {
            return true;
        }
        const auto& names = version->document.allowances;
        return std::any_of(names.begin(), names.end(), [&](const tariff::Allowance& one) {
            return one.name == grant.name && one.kind == grant.kind;
        });
    });
}

TierParts divide_by_share(const ShareBlock& block, const tariff::Limits& limits,
                          std::size_t tiers) {
    TierParts out{};
    auto left = block.by_band;
    Quantity all;
    for (const Quantity band : left) {
        all += band;
    }
    Quantity used = block.before;
    for (std::size_t tier = 0; tier + 1 < tiers && all.units > 0; ++tier) {
        const Quantity room = limits[tier] > used ? limits[tier] - used : Quantity{0};
        const Quantity part = std::min(room, all);
        if (part.units == 0) {
            continue;
        }
        std::array<std::int64_t, tariff::band_count> weights{};
        std::transform(left.begin(), left.end(), weights.begin(),
                       [](Quantity band) { return band.units; });
        const std::vector<std::int64_t> shares = shares_of(part.units, weights);
        for (std::size_t band = 0; band < tariff::band_count; ++band) {
            out[tier][band] = {shares[band]};
            left[band] -= out[tier][band];
        }
        used += part;
        all -= part;
    }
    out[tiers - 1] = left;
    return out;
}

void grant_free_quantity(AgreementAccrual& accrual, const RatingFacts& facts, CycleId cycle) {
    if (accrual.granted_to >= cycle) {
        return;
    }
    CycleId month = next_cycle(accrual.granted_to);
    if (accrual.granted_to == 0) {
        const auto& begin = facts.terms.in_service_from;
        month = begin ? std::min(cycle, cycle_of(*begin)) : cycle;
    }
    for (; month <= cycle; month = next_cycle(month)) {
        CivilDate first = cycle_from(month);
        if (facts.terms.in_service_from && *facts.terms.in_service_from > first) {
            first = *facts.terms.in_service_from;
        }
        // A month longer than it may be used: late use of its own months takes from it yet.
        std::erase_if(accrual.grants, [&](const Grant& grant) {
            return grant.kind == tariff::AllowanceKind::quantity &&
                   (grant.expires < month || grant.left == 0);
        });
        const auto* version = facts.version_on(accrual.tariff_code_index, first);
        if (version == nullptr || !facts.terms.in_service(cycle_from(month), cycle_to(month))) {
            continue;
        }
        for (const tariff::Allowance& allowance : version->document.allowances) {
            if (allowance.kind == tariff::AllowanceKind::quantity) {
                accrual.grants.push_back({allowance.name, allowance.kind, month,
                                          later_cycle(month, allowance.expires_after_months),
                                          allowance.amount.units});
            }
        }
    }
    accrual.granted_to = cycle;
}

}  // namespace mb::rules::billing
