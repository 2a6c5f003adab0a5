#include "app/rerate_preview.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace mb::app {

namespace {

using rules::tariff::TariffDocument;

/// Two decimals of a percentage, exact before it is rounded.
std::string percent_of(Money difference, Money of) {
    if (of.fen == 0) {
        return "";
    }
    const int128 hundredths = static_cast<int128>(difference.fen) * 10'000;
    const int128 sign = of.fen < 0 ? -1 : 1;
    return format_decimal(narrow(round_div<int128>(hundredths * sign, of.fen * sign)), 2);
}

void add(Preview& out, AccountChange change) {
    change.difference = change.new_amount - change.old_amount;
    change.percent = percent_of(change.difference, change.old_amount);
    ++out.accounts;
    out.old_amount += change.old_amount;
    out.new_amount += change.new_amount;
    const std::int64_t by = change.difference.fen;
    ++(by > 0 ? out.more : by < 0 ? out.less : out.same);
    if (by > 0 && (!out.largest_rise || by > out.largest_rise->difference.fen)) {
        out.largest_rise = change;
    }
    if (by < 0 && (!out.largest_fall || by < out.largest_fall->difference.fen)) {
        out.largest_fall = change;
    }
}

std::string change_text(const char* what, const std::optional<AccountChange>& change) {
    if (!change) {
        return fmt::format("{:<14} none\n", what);
    }
    return fmt::format("{:<14} account {} ({}): {} → {}, {}{} yuan{}\n", what,
                       change->account.text(), change->name, change->old_amount.text(),
                       change->new_amount.text(), change->difference.fen > 0 ? "+" : "",
                       change->difference.text(),
                       change->percent.empty() ? "" : " (" + change->percent + " %)");
}

}  // namespace

Result<rules::tariff::TariffBook> book_with(const rules::tariff::TariffBook& book,
                                            TariffDocument document,
                                            const rules::Calendar& calendar,
                                            const RerateMonths& months) {
    const std::string code = document.code;
    if (!book.code_index(code)) {
        return fail(error("rerate.no_agreement", ErrorKind::not_found).with("tariff", code));
    }
    document.effective_from = rules::billing::cycle_from(months.from);
    std::vector<const rules::tariff::TariffVersion*> kept;
    std::int64_t free_id = 1;
    std::int32_t free_version = 1;
    bool taken = false;
    for (const auto& version : book.all()) {
        const TariffDocument& known = version->document;
        free_id = std::max(free_id, version->id.value + 1);
        if (known.code != code) {
            kept.push_back(version.get());
        } else if (known.effective_from < document.effective_from) {
            kept.push_back(version.get());
            free_version = std::max(free_version, known.version + 1);
            taken = taken || known.version == document.version;
        }
    }
    if (taken) {  // of a published version: its own time goes on until the months begin
        document.version = free_version;
    }
    rules::tariff::TariffBook out;
    // Every code keeps its index, by which agreements name it.
    for (std::int32_t index = 0; index < book.code_count(); ++index) {
        const std::string& of = book.versions(index).front()->document.code;
        if (of == code) {
            TRY_VOID(out.publish(TariffId{free_id}, document, &calendar));
        }
        for (const auto* version : kept) {
            if (version->document.code == of) {
                TRY_VOID(out.publish(version->id, version->document, nullptr));
            }
        }
    }
    return out;
}

Preview preview_of(const engine::State& state, const std::vector<RatedAgreement>& before,
                   const std::vector<RatedAgreement>& after) {
    Preview out;
    std::map<AccountId, AccountChange> accounts;
    for (std::size_t i = 0; i < before.size(); ++i) {
        const auto& why = before[i].refused ? before[i].refused : after[i].refused;
        if (why) {
            out.refused.push_back({before[i].id, why->code, why->text()});
            continue;
        }
        const AccountId id = state.agreements.find(before[i].id)->config.account;
        AccountChange& change = accounts[id];
        change.account = id;
        change.name = state.accounts.find(id)->config.name;
        change.old_amount += before[i].amount();
        change.new_amount += after[i].amount();
    }
    for (auto& [id, change] : accounts) {
        add(out, std::move(change));
    }
    out.difference = out.new_amount - out.old_amount;
    out.percent = percent_of(out.difference, out.old_amount);
    return out;
}

std::string preview_text(const Preview& p) {
    std::string out = fmt::format("tariff {} version {} instead of what was in force, {}{}\n",
                                  p.tariff, p.version, p.from, p.to == p.from ? "" : " to " + p.to);
    out += fmt::format("{:<14} {}: {} pay more, {} less, {} the same\n", "accounts", p.accounts,
                       p.more, p.less, p.same);
    out += fmt::format("{:<14} {} → {}, {}{} yuan{}\n", "total", p.old_amount.text(),
                       p.new_amount.text(), p.difference.fen > 0 ? "+" : "", p.difference.text(),
                       p.percent.empty() ? "" : " (" + p.percent + " %)");
    out += change_text("largest rise", p.largest_rise);
    out += change_text("largest fall", p.largest_fall);
    for (const RefusedAgreement& one : p.refused) {
        out += fmt::format("agreement {} cannot be rated: {}\n", one.agreement.text(), one.text);
    }
    return out + fmt::format("sha256         {}\n", p.sha256);
}

}  // namespace mb::app
