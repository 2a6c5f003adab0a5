#include "app/explanation.hpp"

#include "rules/billing/settle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mb::app {

namespace {

using rules::billing::BillLine;
using rules::billing::CycleId;
using rules::billing::LineItem;
using rules::billing::LineKey;
using rules::billing::Slice;

/// The line a slice is listed under: tier 0 stands for all tiers of a stretch divided by share.
struct Used {
    Quantity quantity;
    ExactMoney exact;
    std::map<CivilDate, ExplainedDay> days;
    std::map<CivilDate, std::pair<Quantity, ExactMoney>> sums;
};

class Explaining {
public:
    Explaining(const engine::State& state, AgreementId id, const engine::MeterState& meter,
               const RatedHistory& history, const KeptLines& kept)
        : state_(state),
          zone_(Zone::find(state.config.zone).value()),
          meter_(meter),
          history_(history),
          kept_(kept) {
        const engine::AgreementState& agreement = *state.agreements.find(id);
        const auto& point = state.service_points.find(agreement.config.service_point)->config;
        out_.agreement = id;
        out_.meter = meter.config.link.address;
        out_.place = fmt::format("{} {} {}", point.building, point.floor, point.room);
        out_.tariff = agreement.config.tariff_code;
    }

    ExplainedAgreement run(CivilDate from, CivilDate to) {
        collect(from, to);
        std::vector<std::size_t> order(history_.accrual.lines.size());
        for (std::size_t i = 0; i < order.size(); ++i) {
            order[i] = i;
        }
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            return history_.accrual.lines[a].key < history_.accrual.lines[b].key;
        });
        const std::vector<Money> targets = posting_targets(history_.accrual);
        for (const std::size_t i : order) {
            const BillLine& line = history_.accrual.lines[i];
            const bool outside = rules::billing::cycle_to(line.key.cycle) <= from ||
                                 rules::billing::cycle_from(line.key.cycle) > to;
            if (!outside && line.quantity.units != 0) {
                add_line(line, targets[i]);
            }
        }
        for (ExplainedMonth& month : out_.months) {
            add_shared(month);
            month.quantity = quantities_[month.month].text();
            out_.amount += month.amount;
            out_.posted += month.posted;
        }
        return std::move(out_);
    }

private:
    /// Slices by line and day.
    void collect(CivilDate from, CivilDate to) {
        for (const RatedStep& step : history_.steps) {
            for (const Slice& slice : step.slices) {
                const auto* version = state_.tariffs.find(slice.key.version);
                const ExactMoney exact =
                    slice.key.item == LineItem::energy && slice.key.tier == 0
                        ? ExactMoney{}
                        : ExactMoney::product(slice.quantity, unit_price(*version, slice.key));
                Used& used = used_[slice.key];
                used.quantity += slice.quantity;
                used.exact += exact;
                const CivilDate on = zone_.date({slice.to.us - 1});
                if (on < from || on > to) {
                    continue;
                }
                auto& [quantity, sum] = used.sums[on];
                quantity += slice.quantity;
                sum += exact;
                used.days[on].slices.push_back(slice_of(step, slice, exact));
            }
        }
    }

    [[nodiscard]] ExplainedSlice slice_of(const RatedStep& step, const Slice& slice,
                                          const ExactMoney& exact) const {
        ExplainedSlice out;
        out.from = zone_.text(step.before.at);
        out.to = zone_.text(step.after.at);
        out.register_from = step.before.registers.total().text();
        out.register_to = step.after.registers.total().text();
        out.ratio = meter_.config.ratio;
        out.step = step.quantity.text();
        out.quantity = slice.quantity.text();
        out.exact = slice.key.item == LineItem::energy && slice.key.tier == 0 ? "" : exact.text();
        out.rollover = step.rollover;
        out.split_by_time = slice.split_by_time;
        out.estimated = slice.estimated;
        return out;
    }

    ExplainedMonth& month_of(const LineKey& key) {
        const std::string text = rules::billing::cycle_text(key.cycle);
        if (out_.months.empty() || out_.months.back().month != text) {
            out_.months.emplace_back();
            out_.months.back().month = text;
        }
        return out_.months.back();
    }

    [[nodiscard]] ExplainedLine head_of(const LineKey& key) const {
        const auto* version = state_.tariffs.find(key.version);
        ExplainedLine out;
        out.item = item_name(*version, key);
        if (key.item == LineItem::energy || key.item == LineItem::free) {
            out.band = key.band;
        }
        if (key.item == LineItem::energy) {
            out.tier = key.tier;
        }
        out.version = version->document.version;
        out.effective_from = version->document.effective_from.text();
        out.unit = unit_name(*version, key);
        return out;
    }

    static void put_days(ExplainedLine& line, Used& used) {
        for (auto& [on, day] : used.days) {
            const auto& [quantity, exact] = used.sums[on];
            day.on = on;
            day.quantity = quantity.text();
            day.exact = exact.text();
            line.days.push_back(std::move(day));
        }
    }

    void add_line(const BillLine& line, Money amount) {
        ExplainedMonth& month = month_of(line.key);
        ExplainedLine out = head_of(line.key);
        out.quantity = line.quantity.text();
        out.price = unit_price(*state_.tariffs.find(line.key.version), line.key).text();
        out.exact = line.exact.text();
        out.amount = amount;
        out.carry = (line.exact + ExactMoney{-amount.fen, 0}).text();
        const auto kept = kept_.find(line.key);
        if (kept == kept_.end() || kept->second.quantity != line.quantity ||
            kept->second.exact != line.exact) {
            problem(out, "the books hold another quantity");
        }
        out.posted = kept == kept_.end() ? Money{} : kept->second.posted;
        const auto used = used_.find(line.key);
        if (used != used_.end()) {
            if (used->second.quantity != line.quantity || used->second.exact != line.exact) {
                problem(out, "its parts come to " + used->second.quantity.text());
            }
            put_days(out, used->second);
        } else if (line.key.item == LineItem::energy) {
            by_share_[share_key(line.key)] += line.quantity;
        }
        if (line.key.item == LineItem::energy || line.key.item == LineItem::free) {
            quantities_[month.month] += line.quantity;
        }
        month.amount += amount;
        month.posted += out.posted;
        month.lines.push_back(std::move(out));
    }

    static LineKey share_key(LineKey key) {
        key.tier = 0;
        return key;
    }

    /// The use behind lines whose tiers are divided by share, a band at a time.
    void add_shared(ExplainedMonth& month) {
        for (const auto& [key, quantity] : by_share_) {
            if (rules::billing::cycle_text(key.cycle) != month.month) {
                continue;
            }
            ExplainedLine out = head_of(key);
            out.quantity = quantity.text();
            Used& used = used_[key];
            if (used.quantity != quantity) {
                problem(out, "its parts come to " + used.quantity.text());
            }
            put_days(out, used);
            month.lines.push_back(std::move(out));
        }
    }

    void problem(const ExplainedLine& line, const std::string& what) {
        out_.problems.push_back(fmt::format("{} {} {}: {}", line.item,
                                            line.band ? enum_text(*line.band) : "",
                                            line.tier.value_or(0), what));
    }

    const engine::State& state_;
    Zone zone_;
    const engine::MeterState& meter_;
    const RatedHistory& history_;
    const KeptLines& kept_;
    std::map<LineKey, Used> used_;
    std::map<LineKey, Quantity> by_share_;
    std::map<std::string, Quantity> quantities_;
    ExplainedAgreement out_;
};

void print_slice(const ExplainedSlice& slice, std::string& out) {
    out += fmt::format("        {} → {}  register {} → {}", slice.from, slice.to,
                       slice.register_from, slice.register_to);
    if (slice.rollover) {
        out += " (rolled over)";
    }
    if (slice.ratio != 1) {
        out += fmt::format(" × {}", slice.ratio);
    }
    out += " = " + slice.step;
    if (slice.quantity != slice.step) {
        out += ", of it " + slice.quantity;
    }
    out += slice.estimated ? ", estimated by time" : slice.split_by_time ? ", split by time" : "";
    out += slice.exact.empty() ? "\n" : " → " + slice.exact + "\n";
}

void print_line(const ExplainedLine& line, std::string& out) {
    const std::string tier = line.tier.value_or(0) > 0 ? fmt::format(" tier {}", *line.tier) : "";
    const std::string band = line.band ? fmt::format(" {}", enum_text(*line.band)) : "";
    if (line.exact.empty() && line.price.empty()) {
        out += fmt::format("    {}{}: {} {}, divided among the tiers above by the bands' shares\n",
                           line.item, band, line.quantity, line.unit);
    } else {
        out += fmt::format(
            "    {}{}{}: {} {} × {} (version {} of {}) = {} → {} yuan, carried {}; in the ledger "
            "{}\n",
            line.item, band, tier, line.quantity, line.unit, line.price, line.version,
            line.effective_from, line.exact, line.amount.text(), line.carry, line.posted.text());
    }
    for (const ExplainedDay& day : line.days) {
        out += fmt::format("      {}: {} {}{}\n", day.on.text(), day.quantity, line.unit,
                           line.price.empty() ? "" : " = " + day.exact);
        for (const ExplainedSlice& slice : day.slices) {
            print_slice(slice, out);
        }
    }
}

}  // namespace

ExplainedAgreement explain_agreement(const engine::State& state, AgreementId id,
                                     const engine::MeterState& meter, const RatedHistory& history,
                                     const KeptLines& kept, CivilDate from, CivilDate to) {
    return Explaining(state, id, meter, history, kept).run(from, to);
}

std::string explanation_text(const ExplainedAgreement& agreement) {
    std::string out =
        fmt::format("agreement {}: {}, meter {}, tariff {}\n", agreement.agreement.text(),
                    agreement.place, agreement.meter, agreement.tariff);
    for (const ExplainedMonth& month : agreement.months) {
        out += fmt::format("  {}: {} used, {} yuan; in the ledger {}, to be posted {}\n",
                           month.month, month.quantity, month.amount.text(), month.posted.text(),
                           (month.amount - month.posted).text());
        for (const ExplainedLine& line : month.lines) {
            print_line(line, out);
        }
    }
    for (const std::string& problem : agreement.problems) {
        out += "  does not add up: " + problem + "\n";
    }
    return out;
}

}  // namespace mb::app
