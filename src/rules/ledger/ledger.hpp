// Double entry: every transfer has a debit and a credit account, an idempotency key and a cause.
#pragma once

#include "base/binary.hpp"
#include "base/ids.hpp"
#include "base/money.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <string>

namespace mb::rules::ledger {

/// Kinds of ledger accounts. A tenant's buckets are liabilities: their balance is credits − debits.
enum class Kind : std::uint8_t {
    cash = 1,       // owner: AccountId; what the tenant paid in; negative = arrears
    revenue = 10,   // owner: 0; energy sold
    clearing = 20,  // owner: channel number; money the channel holds for us
    suspense = 30,  // owner: 0; payments that could not be assigned
    opening = 40,   // owner: 0; balances taken over from before
};
MB_ENUM(Kind, cash, revenue, clearing, suspense, opening)

struct LedgerAccount {
    Kind kind = Kind::cash;
    std::int64_t owner = 0;

    friend auto operator<=>(const LedgerAccount&, const LedgerAccount&) = default;
};
MB_DESCRIBE(LedgerAccount, (kind, owner))

inline LedgerAccount cash_of(AccountId account) { return {Kind::cash, account.value}; }

enum class Cause : std::uint8_t { usage, payment, suspense_payment, opening_balance, adjustment };
MB_ENUM(Cause, usage, payment, suspense_payment, opening_balance, adjustment)

/// One transfer; amount > 0 always (a negative charge swaps the sides).
struct Transfer {
    PostingId id;
    Instant at;    // business time
    CivilDate on;  // business date in the project's zone
    LedgerAccount debit;
    LedgerAccount credit;
    Money amount;
    Cause cause = Cause::usage;
    std::int64_t cause_id = 0;  // usage, adjustment: the agreement; payment: 0, the key names it
    std::string idempotency;    // unique per project
};
MB_DESCRIBE(Transfer, (id, at, on, debit, credit, amount, cause, cause_id, idempotency))

/// A transfer with the sides in the order that makes the amount positive. CHECKs amount ≠ 0 and
/// debit ≠ credit.
Transfer make_transfer(LedgerAccount debit, LedgerAccount credit, Money amount);

/// What `transfer` adds to the balance of a tenant's bucket (credits − debits); 0 for others.
Money effect_on(const LedgerAccount& bucket, const Transfer& transfer);

}  // namespace mb::rules::ledger
