#include "rules/ledger/ledger.hpp"

namespace mb::rules::ledger {

Transfer make_transfer(LedgerAccount debit, LedgerAccount credit, Money amount) {
    CHECK(amount.fen != 0);
    CHECK(debit != credit);
    Transfer out;
    const bool swap = amount.fen < 0;
    out.debit = swap ? credit : debit;
    out.credit = swap ? debit : credit;
    out.amount = swap ? -amount : amount;
    return out;
}

Money effect_on(const LedgerAccount& bucket, const Transfer& transfer) {
    if (transfer.credit == bucket) {
        return transfer.amount;
    }
    if (transfer.debit == bucket) {
        return -transfer.amount;
    }
    return {};
}

}  // namespace mb::rules::ledger
