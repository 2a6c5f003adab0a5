// What a month's bill has besides the use: fees, demand, power factor, subsidy (design §4).
#pragma once

#include "base/result.hpp"
#include "rules/billing/accrual.hpp"

#include <optional>

namespace mb::rules::billing {

/// What must be known of a month besides its lines.
struct MonthFacts {
    CivilDate service_from;  // the days in service within the month, [from, to)
    CivilDate service_to;
    std::optional<Quantity> demand;    // kW, the month's largest
    std::optional<Quantity> reactive;  // kvarh
    std::optional<int> power_factor;   // hundredths, instead
};

/// Whether a month's end brings lines of its own under any version of the code.
bool has_fees(const tariff::TariffBook& book, std::int32_t code_index);

/// Adds the month's lines of fees, demand, power factor and subsidy; once for each month, in order,
/// when all its use is in. A month without a day in service has none. Errors, state unchanged:
/// rate.demand_unknown {month}, rate.reactive_missing {month}, rate.area_missing,
/// rate.capacity_missing, billing.too_large.
Result<void> settle_month(AgreementAccrual& accrual, const RatingFacts& facts, CycleId cycle,
                          const MonthFacts& month);

/// Why the power factor line of a month is what it is.
struct PowerFactorBasis {
    int hundredths = 0;
    tariff::Ratio percent;
    int128 rests = 0;  // exact sum of the lines it applies to, 10⁻¹⁵ fen

    /// Yuan, exact.
    [[nodiscard]] std::string exact_text() const;
};

/// nullopt: the version has no such rule, or nothing was used. Errors: rate.reactive_missing
/// {month}, billing.too_large.
Result<std::optional<PowerFactorBasis>> power_factor_basis(const AgreementAccrual& accrual,
                                                           const tariff::TariffBook& book,
                                                           const tariff::TariffVersion& version,
                                                           CycleId cycle, const MonthFacts& month);

/// "2026-07"
std::string cycle_text(CycleId cycle);

}  // namespace mb::rules::billing
