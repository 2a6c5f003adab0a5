// Ledger, bills, orders: sums from the postings alone.
#include <charconv>
#include <optional>
#include <set>
#include <string_view>

#include "store/statements/money.hpp"
#include "store/statements/readings.hpp"
#include "store/verify_scan.hpp"

namespace mb::store {

namespace {

using rules::ledger::Cause;
using rules::ledger::Kind;
using rules::ledger::Transfer;

using LineId = std::pair<std::int64_t, std::int64_t>;  // agreement, line

/// "use:5:3:2026-11-20": the posting of an agreement's line for a day.
struct UseKey {
    LineId line;
    CivilDate on;
    bool at_close = false;
};

/// The number before the next ':', which is eaten as well.
std::optional<std::int64_t> eat_number(std::string_view& key) {
    const std::string_view digits = key.substr(0, key.find(':'));
    std::int64_t out = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
        return std::nullopt;
    }
    key.remove_prefix(std::min(key.size(), digits.size() + 1));
    return out;
}

std::optional<UseKey> parse_use_key(std::string_view key) {
    if (key.substr(0, 4) != "use:") {
        return std::nullopt;
    }
    key.remove_prefix(4);
    const auto agreement = eat_number(key);
    const auto line = agreement ? eat_number(key) : std::nullopt;
    // Before rating anew what was used is posted as well: ":" and the job's number.
    const std::size_t colon = key.find(':');
    const auto on = CivilDate::parse(key.substr(0, colon));
    if (!line || !on) {
        return std::nullopt;
    }
    return UseKey{{*agreement, *line}, *on, colon == std::string_view::npos};
}

struct AdjustKey {
    LineId line;
    std::int64_t adjustment = 0;
};

/// "adjust:5:3:17": the posting of an agreement's line by an adjustment.
std::optional<AdjustKey> parse_adjust_key(std::string_view key) {
    if (key.substr(0, 7) != "adjust:") {
        return std::nullopt;
    }
    key.remove_prefix(7);
    const auto agreement = eat_number(key);
    const auto line = agreement ? eat_number(key) : std::nullopt;
    const auto adjustment = line ? eat_number(key) : std::nullopt;
    if (!adjustment) {
        return std::nullopt;
    }
    return AdjustKey{{*agreement, *line}, *adjustment};
}

std::string text(int128 value) {
    const bool fits = value >= INT64_MIN && value <= INT64_MAX;
    return fits ? std::to_string(static_cast<std::int64_t>(value)) : "out of range";
}

/// A payer's balance as the postings give it; after `flushed_to` also what it was on the way.
struct Balance {
    int128 now = 0;
    std::vector<int128> since;
};

struct Payment {
    std::int64_t id = 0;
    std::string channel;
    std::int64_t account = 0;
    std::int64_t amount = 0;
    int orders = 0;
};

class Ledger {
public:
    Ledger(VerifyScan& scan, const ProjectFacts& facts) : scan_(scan), facts_(facts) {}

    void postings();
    void adjustments();
    void bill_lines();
    void proofs();
    void orders();
    void views();

private:
    void use(const Transfer& row);
    void adjusted(const Transfer& row);
    void payment(const Transfer& row);
    void sides(const Transfer& row);
    void one_line(const engine::BillLineRow& row);
    void one_lines_posting(const rules::billing::BillLine& line, const std::optional<Price>& price);
    void one_order(const engine::OrderRow& order);
    [[nodiscard]] std::optional<Price> price_of(const rules::billing::LineKey& key) const;
    [[nodiscard]] bool may_shrink(const rules::billing::LineKey& key) const;

    VerifyScan& scan_;
    const ProjectFacts& facts_;
    std::map<std::int64_t, Balance> cash_;
    std::map<Kind, int128> by_kind_;
    std::map<LineId, int128> by_line_;
    std::map<std::int64_t, int128> by_adjustment_;
    std::int64_t amendments_to_ = 0;
    std::map<std::int32_t, int128> use_of_day_;
    std::set<std::int32_t> closing_days_;           // that their close posted
    std::multimap<std::string, Payment> payments_;  // by the channel's transaction
};

void Ledger::use(const Transfer& row) {
    const auto key = parse_use_key(row.idempotency);
    if (!key) {
        scan_.found("posting.key", "a posting of use names no line and day");
        return;
    }
    const bool charge = row.debit.kind == Kind::cash;
    const int128 amount = charge ? int128{row.amount.fen} : -int128{row.amount.fen};
    by_line_[key->line] += amount;
    use_of_day_[key->on.days] += amount;
    if (key->at_close) {
        closing_days_.insert(key->on.days);
    }
    const auto agreement = facts_.agreements.find(key->line.first);
    const std::int64_t payer = charge ? row.debit.owner : row.credit.owner;
    if (row.cause_id != key->line.first || agreement == facts_.agreements.end() ||
        agreement->second.account != payer) {
        scan_.found("posting.payer", "does not fit the agreement it names");
    }
}

void Ledger::adjusted(const Transfer& row) {
    const auto key = parse_adjust_key(row.idempotency);
    if (!key || row.cause_id != key->line.first) {
        scan_.found("posting.key", "an adjustment names no agreement, line and number");
        return;
    }
    const bool charge = row.debit.kind == Kind::cash;
    const int128 amount = charge ? int128{row.amount.fen} : -int128{row.amount.fen};
    by_line_[key->line] += amount;
    by_adjustment_[key->adjustment] += amount;
}

void Ledger::adjustments() {
    Counting ids;
    scan_.rows(sql::adjustment_all, "adjustment", 1, [&](const Statement& stored) {
        const auto row = read_row<engine::AdjustmentRow>(stored);
        ids.met(scan_, row.id.value);
        if (by_adjustment_[row.id.value] != row.amount.fen) {
            scan_.found("adjustment.amount",
                        "its postings sum to " + text(by_adjustment_[row.id.value]) + " fen");
        }
        by_adjustment_.erase(row.id.value);
        amendments_to_ = std::max(amendments_to_, row.amendments_to.value);
        const auto agreement = facts_.agreements.find(row.agreement.value);
        if (agreement == facts_.agreements.end() ||
            agreement->second.account != row.account.value) {
            scan_.found("reference.agreement", "does not fit the agreement it names");
        }
    });
    for (const auto& [id, sum] : by_adjustment_) {
        scan_.found_at("adjustment", std::to_string(id), "row.missing",
                       "postings of " + text(sum) + " fen name it");
    }
    std::int64_t amended = 0;
    Counting amendments;
    scan_.rows(sql::amendment_all, "amendment", 1, [&](const Statement& stored) {
        const auto row = read_row<engine::AmendmentRow>(stored);
        amendments.met(scan_, row.id.value);
        amended = row.id.value;
        if (row.service_point && facts_.service_points.count(row.service_point.value) == 0) {
            scan_.found("reference.service_point", "its service point is not there");
        }
    });
    if (amended < amendments_to_) {
        scan_.found_at("amendment", std::to_string(amendments_to_), "row.missing",
                       "an adjustment rests on it");
    }
}

/// "pay:CHANNEL:TRANSACTION"
void Ledger::payment(const Transfer& row) {
    const std::string& key = row.idempotency;
    const std::size_t colon = key.find(':', 4);
    if (key.compare(0, 4, "pay:") != 0 || colon == std::string::npos) {
        scan_.found("posting.key", "a payment names no channel and transaction");
        return;
    }
    payments_.emplace(key.substr(colon + 1), Payment{row.id.value, key.substr(4, colon - 4),
                                                     row.credit.owner, row.amount.fen, 0});
}

void Ledger::sides(const Transfer& row) {
    for (const auto& [side, sign] : {std::pair(row.debit, -1), std::pair(row.credit, 1)}) {
        by_kind_[side.kind] += sign * int128{row.amount.fen};
        if (side.kind != Kind::cash) {
            continue;
        }
        if (facts_.accounts.count(side.owner) == 0) {
            scan_.found("reference.account", fmt::format("account {} is not there", side.owner));
        }
        Balance& balance = cash_[side.owner];
        if (row.at >= facts_.flushed_to && balance.since.empty()) {
            balance.since.push_back(balance.now);
        }
        balance.now += sign * int128{row.amount.fen};
        if (!balance.since.empty()) {
            balance.since.push_back(balance.now);
        }
    }
}

void Ledger::postings() {
    Counting ids;
    std::set<std::string> keys;
    scan_.rows(sql::posting_all, "posting", 1, [&](const Statement& stored) {
        const auto row = read_row<Transfer>(stored);
        ++scan_.report().postings;
        ids.met(scan_, row.id.value);
        if (row.amount.fen <= 0 || row.debit == row.credit) {
            scan_.found("posting.sides", "not a positive amount from one account to another");
        }
        sides(row);
        if (row.cause == Cause::usage) {
            use(row);
        } else if (row.cause == Cause::payment) {
            payment(row);
        } else if (row.cause == Cause::adjustment) {
            adjusted(row);
        }
    });
    int128 sum = 0;
    for (const auto& [kind, balance] : by_kind_) {
        sum += balance;
    }
    if (sum != 0) {
        scan_.found_at("posting", "", "ledger.unbalanced", "debits less credits: " + text(-sum));
    }
}

/// nullopt: the version is not there, or what it charges is no quantity × price.
std::optional<Price> Ledger::price_of(const rules::billing::LineKey& key) const {
    using rules::billing::LineItem;
    const auto tariff = facts_.tariffs.find(key.version.value);
    const bool by_quantity = key.item == LineItem::energy || key.item == LineItem::free ||
                             key.item == LineItem::per_unit || key.item == LineItem::demand ||
                             key.item == LineItem::capacity;
    if (tariff == facts_.tariffs.end() || !by_quantity) {
        return std::nullopt;
    }
    return rules::billing::unit_price(tariff->second, key);
}

/// With tiers by share, quantity moves on from a tier of which some is posted.
bool Ledger::may_shrink(const rules::billing::LineKey& key) const {
    const auto tariff = facts_.tariffs.find(key.version.value);
    return tariff != facts_.tariffs.end() && tariff->second.compiled.tiers.count > 1 &&
           tariff->second.compiled.tiers.split == rules::tariff::TierSplit::share;
}

/// To fen, ties away from zero: written apart from ExactMoney.
int128 whole_fen(int128 rests) {
    constexpr int128 unit = ExactMoney::rests_per_fen;
    const int128 size = rests < 0 ? -rests : rests;
    const int128 fen = (size + unit / 2) / unit;
    return rests < 0 ? -fen : fen;
}

/// What was posted was posted for a quantity; what was used since may still be below half a fen.
void Ledger::one_lines_posting(const rules::billing::BillLine& line,
                               const std::optional<Price>& price) {
    const bool by_line = line.rounding == rules::tariff::RoundingPlace::line;
    const bool other_sum =
        by_line && price &&
        whole_fen(int128{line.posted_quantity.units} * price->units) != line.posted.fen;
    if ((line.posted_quantity > line.quantity && !may_shrink(line.key)) || other_sum) {
        scan_.found("bill_line.quantity", "posted for another quantity");
    }
}

void Ledger::one_line(const engine::BillLineRow& row) {
    if (facts_.agreements.count(row.agreement.value) == 0) {
        scan_.found("reference.agreement", "its agreement is not there");
    }
    const int128 exact =
        int128{row.line.exact.fen} * ExactMoney::rests_per_fen + row.line.exact.rest;
    const auto price = price_of(row.line.key);
    if (facts_.tariffs.count(row.line.key.version.value) == 0) {
        scan_.found("bill_line.price", "its tariff version is not there");
    } else if (price && int128{row.line.quantity.units} * price->units != exact) {
        scan_.found("bill_line.exact", "is not quantity × price");
    }
    if (row.line.rounding == rules::tariff::RoundingPlace::line &&
        whole_fen(exact) != row.line.posted.fen) {
        scan_.found("bill_line.rounding", "posted is not the rounded running total");
    }
    one_lines_posting(row.line, price);
    const LineId id{row.agreement.value, row.line.id};
    const auto posted = by_line_.find(id);
    const int128 sum = posted == by_line_.end() ? 0 : posted->second;
    if (sum != row.line.posted.fen) {
        scan_.found("bill_line.posted", "its postings sum to " + text(sum) + " fen");
    }
    if (posted != by_line_.end()) {
        by_line_.erase(posted);
    }
}

void Ledger::bill_lines() {
    scan_.rows(sql::bill_line_all, "bill_line", 2,
               [&](const Statement& stored) { one_line(read_row<engine::BillLineRow>(stored)); });
    for (const auto& [line, sum] : by_line_) {
        scan_.found_at("bill_line", fmt::format("{}/{}", line.first, line.second), "row.missing",
                       "postings of " + text(sum) + " fen name it");
    }
}

void Ledger::proofs() {
    std::set<std::int32_t> proved;
    scan_.rows(sql::daily_proof_all, "daily_proof", 2, [&](const Statement& stored) {
        const auto row = read_row<engine::DailyProofRow>(stored);
        if (int128{row.charged} + row.held + row.excluded != row.received) {
            scan_.found("proof.readings", "charged, held and excluded are not all that came in");
        }
        use_of_day_[row.on.days] -= row.posted.fen;
        proved.insert(row.on.days);
    });
    for (const auto& [on, difference] : use_of_day_) {
        // What an adjustment posted of a day that still runs is proved when it closes.
        const bool runs = (proved.empty() || on > *proved.rbegin()) && closing_days_.count(on) == 0;
        if (difference != 0 && !runs) {
            scan_.found_at("daily_proof", CivilDate{on}.text(), "proof.posted",
                           "postings of use differ by " + text(difference) + " fen");
        }
    }
}

void Ledger::one_order(const engine::OrderRow& order) {
    if (facts_.service_points.count(order.service_point.value) == 0 ||
        facts_.accounts.count(order.account.value) == 0) {
        scan_.found("reference.order", "its service point or account is not there");
    }
    if (order.command && facts_.commands.count(order.command.value) == 0) {
        scan_.found("reference.command", "its command is not there");
    }
    const bool settled = order.state == engine::OrderState::crediting ||
                         order.state == engine::OrderState::doubtful ||
                         order.state == engine::OrderState::completed;
    if (settled != static_cast<bool>(order.paid)) {
        scan_.found("order.state", "its state and its payment contradict each other");
    }
    if (!order.paid) {
        return;
    }
    // An order may be paid on another channel than it was made for: the transaction tells.
    Payment* payment = nullptr;
    const auto [from, to] = payments_.equal_range(order.transaction);
    for (auto it = from; it != to; ++it) {
        if (payment == nullptr || it->second.channel == order.channel) {
            payment = &it->second;
        }
    }
    if (payment == nullptr) {
        scan_.found("order.unposted", "is paid, but its payment was not posted");
        return;
    }
    ++payment->orders;
    if (payment->amount != order.paid_amount.fen || payment->account != order.account.value) {
        scan_.found("order.amount", "was posted with another amount or to another account");
    }
}

void Ledger::orders() {
    scan_.rows(sql::orders_all, "orders", 1,
               [&](const Statement& stored) { one_order(read_row<engine::OrderRow>(stored)); });
    for (const auto& [key, payment] : payments_) {
        if (payment.orders != 1) {
            scan_.found_at(
                "posting", std::to_string(payment.id), "payment.order",
                fmt::format("{} orders were paid by transaction {}", payment.orders, key));
        }
    }
}

void Ledger::views() {
    scan_.rows(sql::meter_view_all, "meter_view", 1, [&](const Statement& stored) {
        const auto view = read_row<engine::MeterViewRow>(stored);
        const auto meter = facts_.meters.find(view.meter.value);
        if (meter == facts_.meters.end() || meter->second != view.service_point.value) {
            scan_.found("reference.meter", "its meter is not there, or at another service point");
        }
        if (!view.agreement) {
            return;
        }
        const auto agreement = facts_.agreements.find(view.agreement.value);
        if (agreement == facts_.agreements.end() ||
            agreement->second.account != view.account.value ||
            agreement->second.service_point != view.service_point.value) {
            scan_.found("reference.agreement", "its agreement is another");
        }
        const Balance& balance = cash_[view.account.value];
        bool agrees = balance.now == view.ledger_balance.fen;
        for (std::size_t i = 0; !facts_.flushed && !agrees && i < balance.since.size(); ++i) {
            agrees = balance.since[i] == view.ledger_balance.fen;  // flushed a second behind
        }
        if (!agrees) {
            scan_.found("balance.ledger", "the postings give " + text(balance.now) + " fen");
        }
        if (int128{view.ledger_balance.fen} - view.unposted.fen != view.balance.fen) {
            scan_.found("balance.sum", "is not ledger less unposted");
        }
    });
}

}  // namespace

void verify_money(VerifyScan& scan, const ProjectFacts& facts) {
    Ledger ledger(scan, facts);
    ledger.postings();
    ledger.adjustments();
    ledger.bill_lines();
    ledger.proofs();
    ledger.orders();
    ledger.views();
}

}  // namespace mb::store
