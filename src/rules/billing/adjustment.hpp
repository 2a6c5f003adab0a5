// A bill that is rated again: what was posted of it stays, the difference is posted (design §1,
// §4).
#pragma once

#include "rules/billing/accrual.hpp"

#include <span>
#include <vector>

namespace mb::rules::billing {

/// How a line changed. Of lines rounded at the total the amounts are their shares.
struct AdjustedLine {
    std::int32_t line_id = 0;
    LineKey key;
    Quantity quantity_before;
    Quantity quantity;
    Money amount_before;
    Money amount;
};
MB_DESCRIBE(AdjustedLine, (line_id, key, quantity_before, quantity, amount_before, amount))

/// Gives lines that were rated anew the ids of the kept ones and what is posted of them; kept lines
/// that are no more stay, with nothing in them. New lines get ids from `next_line_id` on. `fresh`
/// has nothing posted.
void take_over(AgreementAccrual& fresh, std::span<const BillLine> kept, std::int32_t next_line_id);

/// Drops the months in which all is as it was posted and that the present state has closed: they
/// need not be told. After take_over().
void drop_unchanged(AgreementAccrual& fresh, const AgreementAccrual& present);

/// Posts all that is due, like post(), and says how each line stands to what had been posted.
std::vector<AdjustedLine> post_adjustment(AgreementAccrual& accrual);

}  // namespace mb::rules::billing
