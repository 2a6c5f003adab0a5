// Charging a quantity used within one stretch: free quantity, per-unit charges, tiers.
#pragma once

#include "rules/billing/accrual.hpp"

namespace mb::rules::billing {

/// One interval on its way into the lines of an agreement.
class Charging {
public:
    Charging(AgreementAccrual& accrual, const RatingFacts& facts, std::vector<Slice>* slices)
        : accrual_(accrual), facts_(facts), slices_(slices) {}

    /// `split`, `estimated`: how the quantity became known.
    void charge(const Stretch& in, Quantity quantity, bool split_by_time, bool estimated);
    [[nodiscard]] const AccrualResult& result() const { return result_; }
    AccrualResult& result() { return result_; }

private:
    void charge_key(const Stretch& in, const LineKey& key, Quantity quantity, Price price);
    void charge_per_unit(const Stretch& in, Quantity quantity);
    Quantity charge_free(const Stretch& in, Quantity quantity);
    void charge_tiers(const Stretch& in, Quantity quantity);
    void charge_share(const Stretch& in, Quantity quantity);
    /// Made when there is none, with what the tier cycle had used before the stretch.
    ShareBlock& block_for(const Stretch& in);
    [[nodiscard]] bool is_later(const ShareBlock& block, const ShareBlock& other) const;
    void set_share_lines(const ShareBlock& of);
    void keep_slice(const Stretch& in, const LineKey& key, Quantity quantity);

    AgreementAccrual& accrual_;
    const RatingFacts& facts_;
    std::vector<Slice>* slices_;
    AccrualResult result_;
    bool split_by_time_ = false;
    bool estimated_ = false;
};

/// Creates the free quantity of each month up to `cycle` that was not granted yet, and drops what
/// expired a month before, or was used up. The first month is that of `cycle`, or of the beginning
/// of service when that is earlier.
void grant_free_quantity(AgreementAccrual& accrual, const RatingFacts& facts, CycleId cycle);

/// Whether every version in force from the grant's first day in service up to `on` names it.
bool still_named(const Grant& grant, const AgreementAccrual& accrual, const RatingFacts& facts,
                 CivilDate on);

/// Quantity of each band and tier of a block; tiers from 0.
using TierParts = std::array<std::array<Quantity, tariff::band_count>, tariff::max_tiers>;
TierParts divide_by_share(const ShareBlock& block, const tariff::Limits& limits, std::size_t tiers);

}  // namespace mb::rules::billing
