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
using rules::billing::PointRating;
using rules::billing::RatedStep;
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
    Explaining(const engine::State& state, AgreementId id, const PointRating& rating,
               const std::vector<BillLine>& kept)
        : state_(state),
          zone_(Zone::find(state.config.zone).value()),
          rating_(rating),
          accrual_(accrual_of(rating, id)) {
        for (const BillLine& line : kept) {
            kept_[line.key] = line;
        }
        const engine::AgreementState& agreement = *state.agreements.find(id);
        const auto& sp = *state.service_points.find(agreement.config.service_point);
        out_.agreement = id;
        out_.meter = sp.meters.empty() ? "" : address_of(sp.meters.back());
        out_.place = fmt::format("{} {} {}", sp.config.building, sp.config.floor, sp.config.room);
        out_.tariff = agreement.config.tariff_code;
        out_.rerating = sp.rerate || sp.rerate_tonight;
    }

    ExplainedAgreement run(CivilDate from, CivilDate to) {
        collect(from, to);
        std::vector<std::size_t> order(accrual_.lines.size());
        for (std::size_t i = 0; i < order.size(); ++i) {
            order[i] = i;
        }
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            return accrual_.lines[a].key < accrual_.lines[b].key;
        });
        const std::vector<Money> targets = posting_targets(accrual_);
        for (const std::size_t i : order) {
            const BillLine& line = accrual_.lines[i];
            const bool outside = rules::billing::cycle_to(line.key.cycle) <= from ||
                                 rules::billing::cycle_from(line.key.cycle) > to;
            if (!outside && line.quantity.units != 0) {
                add_line(line, targets[i]);
            }
            rules::billing::add_line(used_in_[line.key.cycle], line, targets[i]);
        }
        count_days();
        look_for_lost_lines(from, to);
        for (ExplainedMonth& month : out_.months) {
            add_shared(month);
            month.quantity = quantities_[month.month].text();
            month.change = change_to(month.month);
            out_.amount += month.amount;
            out_.posted += month.posted;
        }
        return std::move(out_);
    }

private:
    /// Slices by line and day.
    void collect(CivilDate from, CivilDate to) {
        for (const RatedStep& step : rating_.steps) {
            if (step.agreement != out_.agreement) {
                continue;
            }
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
        out.meter = address_of(step.meter);
        out.from = zone_.text(step.before.at);
        out.to = zone_.text(step.after.at);
        out.register_from = step.before.registers.total().text();
        out.register_to = step.after.registers.total().text();
        out.ratio = step.ratio;
        out.step = step.quantity.text();
        out.quantity = slice.quantity.text();
        out.exact = slice.key.item == LineItem::energy && slice.key.tier == 0 ? "" : exact.text();
        if (step.divided) {
            out.part_from = zone_.text(step.from);
            out.part_to = zone_.text(step.to);
        }
        out.rollover = step.rollover;
        out.split_by_time = slice.split_by_time;
        out.estimated = slice.estimated;
        return out;
    }

    static const rules::billing::AgreementAccrual& accrual_of(const PointRating& rating,
                                                              AgreementId id) {
        return std::find_if(rating.agreements.begin(), rating.agreements.end(),
                            [&](const auto& one) { return one.agreement == id; })
            ->accrual;
    }

    [[nodiscard]] std::string address_of(MeterId id) const {
        return state_.meters.find(id)->config.link.address;
    }

    /// The days of each month that lie between its readings.
    void count_days() {
        for (auto& [cycle, month] : used_in_) {
            CivilDate first{INT32_MAX};
            CivilDate last{INT32_MIN};
            for (const RatedStep& step : rating_.steps) {
                if (step.agreement == out_.agreement) {
                    first = std::min(first, zone_.date(step.from));
                    last = std::max(last, zone_.date({step.to.us - 1}));
                }
            }
            first = std::max(first, rules::billing::cycle_from(cycle));
            last = std::min(last, rules::billing::cycle_to(cycle) + -1);
            month.days = std::max(0, last.days - first.days + 1);
        }
    }

    [[nodiscard]] std::optional<ExplainedChange> change_to(const std::string& text) const {
        for (const auto& [cycle, earlier] : used_in_) {
            const auto later = used_in_.find(rules::billing::next_cycle(cycle));
            if (later != used_in_.end() && rules::billing::cycle_text(later->first) == text) {
                return ExplainedChange{rules::billing::cycle_text(cycle), earlier.days,
                                       later->second.days,
                                       rules::billing::change_between(earlier, later->second)};
            }
        }
        return std::nullopt;
    }

    /// Lines in the books of which the readings know nothing.
    void look_for_lost_lines(CivilDate from, CivilDate to) {
        for (const auto& [key, line] : kept_) {
            const bool outside = rules::billing::cycle_to(key.cycle) <= from ||
                                 rules::billing::cycle_from(key.cycle) > to;
            const bool rated =
                std::any_of(accrual_.lines.begin(), accrual_.lines.end(),
                            [&key = key](const BillLine& one) { return one.key == key; });
            if (!outside && !rated && line.quantity.units != 0) {
                problem(head_of(key), "is in the books, its readings are not");
            }
        }
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
        if (out_.rerating) {
            return;  // the books follow
        }
        out_.problems.push_back(fmt::format("{} {} {}: {}", line.item,
                                            line.band ? enum_text(*line.band) : "",
                                            line.tier.value_or(0), what));
    }

    const engine::State& state_;
    Zone zone_;
    const PointRating& rating_;
    const rules::billing::AgreementAccrual& accrual_;
    std::map<LineKey, BillLine> kept_;
    std::map<LineKey, Used> used_;
    std::map<CycleId, rules::billing::MonthUse> used_in_;
    std::map<LineKey, Quantity> by_share_;
    std::map<std::string, Quantity> quantities_;
    ExplainedAgreement out_;
};

void print_slice(const ExplainedSlice& slice, std::string& out) {
    out += fmt::format("        {} → {}  register {} → {}", slice.from, slice.to,
                       slice.register_from, slice.register_to);
    if (!slice.part_from.empty()) {
        out += fmt::format(", by time from {} to {}", slice.part_from, slice.part_to);
    }
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

void print_change(const ExplainedChange& change, std::string& out) {
    const auto& parts = change.parts;
    out += fmt::format(
        "    {} yuan more than {}: days {} ({} after {}), use a day {}, time of day and tier {}, "
        "prices {}, others {}, rounding {}\n",
        parts.total.text(), change.than, parts.days.text(), change.days_now, change.days_then,
        parts.use.text(), parts.shift.text(), parts.price.text(), parts.others.text(),
        parts.rounding.text());
}

}  // namespace

ExplainedAgreement explain_agreement(const engine::State& state, AgreementId id,
                                     const PointRating& rating, const std::vector<BillLine>& kept,
                                     const std::vector<engine::AdjustmentRow>& adjustments,
                                     CivilDate from, CivilDate to) {
    ExplainedAgreement out = Explaining(state, id, rating, kept).run(from, to);
    const Zone zone = Zone::find(state.config.zone).value();
    for (const engine::AdjustmentRow& row : adjustments) {
        const CivilDate on = zone.date(row.made.at);
        if (on >= from && on <= to) {
            out.adjustments.push_back(
                {row.id, zone.text(row.made.at), row.amount, row.quantity.text()});
        }
    }
    return out;
}

std::string explanation_text(const ExplainedAgreement& agreement) {
    std::string out =
        fmt::format("agreement {}: {}, meter {}, tariff {}\n", agreement.agreement.text(),
                    agreement.place, agreement.meter, agreement.tariff);
    for (const ExplainedMonth& month : agreement.months) {
        out += fmt::format("  {}: {} used, {} yuan; in the ledger {}, to be posted {}\n",
                           month.month, month.quantity, month.amount.text(), month.posted.text(),
                           (month.amount - month.posted).text());
        if (month.change) {
            print_change(*month.change, out);
        }
        for (const ExplainedLine& line : month.lines) {
            print_line(line, out);
        }
    }
    for (const ExplainedAdjustment& one : agreement.adjustments) {
        out += fmt::format("  adjustment {} of {}: {} yuan, use {}\n", one.id.text(), one.made,
                           one.amount.text(), one.quantity);
    }
    if (agreement.rerating) {
        out += "  is being rated anew: the ledger follows\n";
    }
    for (const std::string& problem : agreement.problems) {
        out += "  does not add up: " + problem + "\n";
    }
    return out;
}

}  // namespace mb::app
