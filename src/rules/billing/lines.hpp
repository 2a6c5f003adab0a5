// The lines of an agreement: finding them, adding to them, with the sums that follow from them.
#pragma once

#include "rules/billing/accrual.hpp"

namespace mb::rules::billing {

/// quantity × price; one 64-bit division where that suffices, which is nearly always.
inline ExactMoney cost(Quantity quantity, Price price) {
    std::int64_t rests = 0;
    if (!__builtin_mul_overflow(quantity.units, price.units, &rests) && rests >= 0) [[likely]] {
        const std::int64_t fen = rests / ExactMoney::rests_per_fen;
        return {fen, rests - fen * ExactMoney::rests_per_fen};
    }
    return ExactMoney::product(quantity, price);
}

/// Index of the line with this key, made when there is none.
std::uint32_t line_for(AgreementAccrual& accrual, const LineKey& key,
                       tariff::RoundingPlace rounding);

/// Index of the quantity counted in a tier cycle, made when there is none.
std::uint32_t use_for(AgreementAccrual& accrual, const tariff::CycleSpan& cycle);

/// Index of the total a line of this month is rounded with, made when there is none; −1 when it is
/// rounded by itself.
std::int32_t total_for(AgreementAccrual& accrual, CycleId cycle, tariff::RoundingPlace rounding);

/// Adds exact money (either sign) to a line and its total; returns by how much pending changed.
Money add_exact(AgreementAccrual& accrual, BillLine& line, std::int32_t total,
                const ExactMoney& exact);

/// Adds a quantity at a price.
inline Money charge(AgreementAccrual& accrual, BillLine& line, std::int32_t total,
                    Quantity quantity, Price price) {
    line.quantity += quantity;
    return add_exact(accrual, line, total, cost(quantity, price));
}

/// Makes a line come to this; returns by how much pending changed.
Money set_line(AgreementAccrual& accrual, BillLine& line, std::int32_t total, Quantity quantity,
               const ExactMoney& exact);

}  // namespace mb::rules::billing
