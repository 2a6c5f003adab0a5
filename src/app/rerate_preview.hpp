// What another tariff would have made of months that were used already: who pays more, who less.
#pragma once

#include "app/rerate.hpp"
#include "base/describe.hpp"
#include "base/ids.hpp"
#include "base/money.hpp"

#include <string>
#include <vector>

namespace mb::app {

/// What an account pays for these months.
struct AccountChange {
    AccountId account;
    std::string name;
    Money old_amount;
    Money new_amount;
    Money difference;
    std::string percent;  // of the old, two decimals, ties away from zero; "" of nothing
};
MB_DESCRIBE(AccountChange, (account, name, old_amount, new_amount, difference, percent))

struct RefusedAgreement {
    AgreementId agreement;
    std::string code;
    std::string text;
};
MB_DESCRIBE(RefusedAgreement, (agreement, code, text))

struct Preview {
    std::string tariff;
    std::int32_t version = 0;
    std::string from;  // "2026-07"
    std::string to;
    std::int64_t accounts = 0;
    std::int64_t more = 0;
    std::int64_t less = 0;
    std::int64_t same = 0;
    Money old_amount;
    Money new_amount;
    Money difference;
    std::string percent;
    std::optional<AccountChange> largest_rise;  // of equal ones the lower account
    std::optional<AccountChange> largest_fall;
    std::vector<RefusedAgreement> refused;  // that cannot be rated by both: in no number above
    std::string sha256;                     // of the lines by the new tariff
};
MB_DESCRIBE(Preview, (tariff, version, from, to, accounts, more, less, same, old_amount, new_amount,
                      difference, percent, largest_rise, largest_fall, refused, sha256))

/// The project's book with `document` in force from the first of the months on, in the place of the
/// code's versions of that time. Errors: those of publication; rerate.no_agreement {tariff} when
/// the code is not in the book.
Result<rules::tariff::TariffBook> book_with(const rules::tariff::TariffBook& book,
                                            rules::tariff::TariffDocument document,
                                            const rules::Calendar& calendar,
                                            const RerateMonths& months);

/// From the same agreements rated twice; numbers and names alone.
Preview preview_of(const engine::State& state, const std::vector<RatedAgreement>& before,
                   const std::vector<RatedAgreement>& after);

std::string preview_text(const Preview& preview);

}  // namespace mb::app
