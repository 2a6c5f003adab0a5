#include "app/rerate_lines.hpp"

#include "base/json.hpp"
#include "crypto/digest.hpp"
#include "rules/billing/settle.hpp"
#include "store/rows.hpp"
#include "store/statements/money.hpp"

#include <fmt/format.h>

namespace mb::app {

namespace {

using rules::billing::BillLine;
using rules::billing::LineItem;
using rules::billing::LineKey;

constexpr const char* table_row =
    "{:>9} {:<8} {:<16} {:<14} {:<12} {:>4} {:>16} {:<6} {:>18} {:>26} {:>14}\n";

}  // namespace

RerateLine rerate_line(const engine::State& state, const rules::tariff::TariffBook& book,
                       AgreementId agreement, const AmountLine& rated) {
    const LineKey& key = rated.line.key;
    const rules::tariff::TariffVersion& version = *book.find(key.version);
    RerateLine out;
    out.agreement = agreement;
    out.account = state.agreements.find(agreement)->config.account;
    out.month = rules::billing::cycle_text(key.cycle);
    out.tariff = version.document.code;
    out.version = version.document.version;
    out.item = rules::billing::item_name(version, key);
    if (key.item == LineItem::energy || key.item == LineItem::free) {
        out.band = key.band;
    }
    if (key.item == LineItem::energy) {
        out.tier = key.tier;
        if (!version.document.base_prices.empty()) {
            out.base_from = version.compiled.price_sets[key.price_set].from;
        }
    }
    out.quantity = rated.line.quantity.text();
    out.unit = rules::billing::unit_name(version, key);
    out.price = rules::billing::unit_price(version, key).text();
    out.exact = rated.line.exact.text();
    out.amount = rated.amount;
    return out;
}

std::string each_line(const engine::State& state, const rules::tariff::TariffBook& book,
                      const std::vector<RatedAgreement>& rated,
                      const std::function<void(const RerateLine&, const std::string&)>& each) {
    crypto::Sha256 hash;
    for (const RatedAgreement& one : rated) {
        for (const AmountLine& amount : one.lines) {
            const RerateLine line = rerate_line(state, book, one.id, amount);
            const std::string text = to_json(line) + "\n";
            hash.update(text);
            each(line, text);
        }
    }
    return crypto::hex_lower(hash.finish());
}

std::string lines_heading() {
    return fmt::format(table_row, "agreement", "month", "tariff", "item", "band", "tier",
                       "quantity", "unit", "price", "exact", "amount");
}

std::string line_text(const RerateLine& line) {
    return fmt::format(table_row, line.agreement.text(), line.month,
                       fmt::format("{}@{}", line.tariff, line.version), line.item,
                       line.band ? enum_text(*line.band) : "",
                       line.tier ? std::to_string(*line.tier) : "", line.quantity, line.unit,
                       line.price, line.exact, line.amount.text());
}

std::string difference_text(const BooksDifference& d) {
    return fmt::format("agreement {} differs: the books have {}, rated anew {}, {}{} yuan; {} {}\n",
                       d.agreement.text(), d.kept.text(), d.rated.text(),
                       d.difference.fen > 0 ? "+" : "", d.difference.text(), d.lines,
                       d.lines == 1 ? "line" : "lines");
}

std::map<AgreementId, KeptLines> all_kept_lines(store::Database& database, ProjectId project,
                                                const engine::State& state) {
    std::map<AgreementId, KeptLines> out;
    {
        const store::Lease session = database.read();
        store::Statement& rows = session->statement(store::sql::bill_line_all);
        rows.bind_integer(1, project.value);
        while (rows.next()) {
            const auto row = store::read_row<engine::BillLineRow>(rows);
            out[row.agreement][row.line.key] = row.line;
        }
    }
    state.agreements.each([&](AgreementId id, const engine::AgreementState& agreement) {
        for (const BillLine& line : agreement.accrual.lines) {
            out[id][line.key] = line;
        }
    });
    return out;
}

std::optional<BooksDifference> compare_with_books(const RatedAgreement& rated,
                                                  const KeptLines& kept,
                                                  const RerateMonths& months) {
    BooksDifference out;
    out.agreement = rated.id;
    std::map<LineKey, const BillLine*> anew;
    for (const AmountLine& line : rated.lines) {
        anew[line.line.key] = &line.line;
    }
    std::vector<BillLine> in_books;
    for (const auto& [key, line] : kept) {
        in_books.push_back(line);
    }
    for (const AmountLine& line : amounts_of(std::move(in_books), months)) {
        out.kept += line.amount;
        const auto found = anew.find(line.line.key);
        const bool same = found != anew.end() && found->second->quantity == line.line.quantity &&
                          found->second->exact == line.line.exact;
        out.lines += same ? 0 : 1;
        if (found != anew.end()) {
            anew.erase(found);
        }
    }
    out.lines += static_cast<std::int64_t>(anew.size());
    out.rated = rated.amount();
    out.difference = out.rated - out.kept;
    return out.lines == 0 ? std::nullopt : std::optional(out);
}

}  // namespace mb::app
