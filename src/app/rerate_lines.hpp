// The lines that a rerating came to, as text that is the same everywhere, and what the books have
// instead.
#pragma once

#include "app/rerate.hpp"
#include "base/describe.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mb::app {

using KeptLines = std::map<rules::billing::LineKey, rules::billing::BillLine>;

/// Numbers are exact decimal text; docs/reference/rerate.md.
struct RerateLine {
    AgreementId agreement;
    AccountId account;
    std::string month;  // "2026-07"
    std::string tariff;
    std::int32_t version = 0;
    std::string item;
    std::optional<rules::tariff::Band> band;
    std::optional<std::int32_t> tier;
    std::optional<CivilDate> base_from;
    std::string quantity;
    std::string unit;
    std::string price;
    std::string exact;
    Money amount;
};
MB_DESCRIBE(RerateLine, (agreement, account, month, tariff, version, item, band, tier, base_from,
                         quantity, unit, price, exact, amount))

RerateLine rerate_line(const engine::State& state, const rules::tariff::TariffBook& book,
                       AgreementId agreement, const AmountLine& line);

/// What `each` gets is a line as JSON with its line feed, by agreement and key; returns the SHA-256
/// of all of them in hex.
std::string each_line(const engine::State& state, const rules::tariff::TariffBook& book,
                      const std::vector<RatedAgreement>& rated,
                      const std::function<void(const RerateLine&, const std::string&)>& each);

/// A row of the table, and the row above all.
std::string line_text(const RerateLine& line);
std::string lines_heading();

/// An agreement whose books say something else.
struct BooksDifference {
    AgreementId agreement;
    Money kept;
    Money rated;
    Money difference;
    std::int64_t lines = 0;  // whose quantity or exact sum is another
};
MB_DESCRIBE(BooksDifference, (agreement, kept, rated, difference, lines))

std::string difference_text(const BooksDifference& difference);

/// By agreement: the rows, and the state where it is ahead of them.
std::map<AgreementId, KeptLines> all_kept_lines(store::Database& database, ProjectId project,
                                                const engine::State& state);

/// nullopt: the books have the same.
std::optional<BooksDifference> compare_with_books(const RatedAgreement& rated,
                                                  const KeptLines& kept,
                                                  const RerateMonths& months);

}  // namespace mb::app
