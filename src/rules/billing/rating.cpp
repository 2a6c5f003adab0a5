#include "rules/billing/rating.hpp"

#include "rules/billing/demand.hpp"
#include "rules/billing/lines.hpp"
#include "rules/billing/settle.hpp"
#include "rules/billing/shares.hpp"

#include <algorithm>
#include <map>

namespace mb::rules::billing {

namespace {

/// One occupant: the days of service and the use in them.
struct Occupancy {
    std::optional<CivilDate> from;
    std::optional<CivilDate> to;
    bool keeps_tiers = false;  // goes on with the counters of the one before
    std::vector<UsedInterval> used;
};

Error place_of(Error e, std::string pointer) {
    const auto at = std::find_if(e.params.begin(), e.params.end(),
                                 [](const auto& param) { return param.first == "pointer"; });
    if (at == e.params.end()) {
        e.params.emplace_back("pointer", std::move(pointer));
    } else {
        at->second = pointer + at->second;
    }
    return e;
}

Result<CivilDate> date_of(const std::string& text, const std::string& pointer) {
    auto date = CivilDate::parse(text);
    if (!date) {
        return fail(place_of(std::move(date).error(), pointer));
    }
    return date;
}

class Rating {
public:
    Rating(const tariff::TariffBook& book, const Usage& usage, const Zone& zone,
           const Calendar& calendar)
        : book_(book), usage_(usage), zone_(zone), calendar_(calendar) {}

    Result<RatedBill> run() {
        TRY_VOID(read_households());
        TRY_VOID(read_occupants());
        bill_.code = book_.all().front()->document.code;
        if (usage_.quantities) {
            TRY_VOID(one_day());
        } else {
            const auto used = TRY(used_intervals(usage_, zone_));
            TRY_VOID(divide_among_occupants(used));
            for (std::size_t i = 0; i < occupants_.size(); ++i) {
                TRY_VOID(one_occupant(i));
            }
        }
        return std::move(bill_);
    }

private:
    Result<void> read_households() {
        if (usage_.terms.household > 0) {
            households_.push_back({CivilDate{INT32_MIN}, usage_.terms.household});
        }
        for (std::size_t i = 0; i < usage_.events.size(); ++i) {
            const UsageEvent& event = usage_.events[i];
            const std::string pointer = "/events/" + std::to_string(i);
            if (event.kind != UsageEventKind::household) {
                continue;
            }
            if (event.people < 0) {
                return fail(error("rate.bad_event", ErrorKind::unprocessable)
                                .with("pointer", pointer + "/people"));
            }
            households_.push_back({TRY(date_of(event.from, pointer + "/from")), event.people});
        }
        std::stable_sort(households_.begin(), households_.end(),
                         [](const auto& a, const auto& b) { return a.from < b.from; });
        return {};
    }

    Result<void> read_occupants() {
        Occupancy first;
        first.from = usage_.terms.in_service_from;
        occupants_.push_back(first);
        for (std::size_t i = 0; i < usage_.events.size(); ++i) {
            const UsageEvent& event = usage_.events[i];
            if (event.kind == UsageEventKind::occupant) {
                Occupancy next;
                next.from = TRY(date_of(event.at, "/events/" + std::to_string(i) + "/at"));
                next.keeps_tiers = event.keeps_tiers;
                occupants_.push_back(next);
            }
        }
        std::stable_sort(occupants_.begin() + 1, occupants_.end(),
                         [](const auto& a, const auto& b) { return a.from < b.from; });
        for (std::size_t i = 0; i + 1 < occupants_.size(); ++i) {
            occupants_[i].to = occupants_[i + 1].from;
        }
        occupants_.back().to = usage_.terms.in_service_to;
        return {};
    }

    /// An interval in which the occupant changes is divided by time.
    Result<void> divide_among_occupants(const std::vector<UsedInterval>& all) {
        for (const UsedInterval& used : all) {
            TRY_VOID(judge(used.interval));
            std::vector<Instant> bounds = {used.interval.from};
            for (std::size_t i = 1; i < occupants_.size(); ++i) {
                const Instant bound = zone_.instant(*occupants_[i].from);
                if (bound > bounds.back() && bound < used.interval.to) {
                    bounds.push_back(bound);
                }
            }
            bounds.push_back(used.interval.to);
            if (bounds.size() == 2) {
                occupants_[occupant_at(bounds[0])].used.push_back(used);
                continue;
            }
            std::vector<std::int64_t> weights;
            for (std::size_t i = 0; i + 1 < bounds.size(); ++i) {
                weights.push_back((bounds[i + 1] - bounds[i]).us);
            }
            const auto parts = shares_of(used.interval.total.units, weights);
            note("split_by_time", used.interval);
            for (std::size_t i = 0; i < parts.size(); ++i) {
                UsedInterval part;
                part.meter = used.meter;
                part.pointer = used.pointer;
                part.interval.from = bounds[i];
                part.interval.to = bounds[i + 1];
                part.interval.total = part.interval.by_register[0] = {parts[i]};
                occupants_[occupant_at(bounds[i])].used.push_back(part);
            }
        }
        return {};
    }

    Result<void> judge(const Interval& interval) const {
        if (interval.total.units < 0 || interval.total > max_interval_quantity) {
            return fail(
                error(interval.total.units < 0 ? "billing.negative_quantity" : "billing.too_large",
                      ErrorKind::unprocessable)
                    .with("at", zone_.text(interval.from)));
        }
        return {};
    }

    [[nodiscard]] std::size_t occupant_at(Instant at) const {
        std::size_t out = 0;
        for (std::size_t i = 1; i < occupants_.size(); ++i) {
            if (zone_.instant(*occupants_[i].from) <= at) {
                out = i;
            }
        }
        return out;
    }

    [[nodiscard]] tariff::Terms terms_of(std::size_t i) const {
        tariff::Terms out;
        out.households = households_;
        out.area = usage_.terms.area_m2;
        out.capacity = usage_.terms.capacity_kva;
        out.in_service_from = occupants_[i].from;
        out.in_service_to = occupants_[i].to;
        std::size_t first = i;
        while (occupants_[first].keeps_tiers) {
            --first;
        }
        std::size_t last = i;
        while (last + 1 < occupants_.size() && occupants_[last + 1].keeps_tiers) {
            ++last;
        }
        out.tiers_from = occupants_[first].from;
        out.tiers_to = occupants_[last].to;
        return out;
    }

    /// The first use of all tells whose counter, and in which cycle.
    void count_before(AgreementAccrual& accrual, CivilDate first) {
        counted_before_ = true;
        const auto* version = book_.version_in_force(0, first);
        if (usage_.cycle_before.units > 0 && version != nullptr &&
            version->compiled.tiers.cycle != tariff::TierCycle::none) {
            accrual.uses.push_back({version->compiled.tiers.cycle_at(first), usage_.cycle_before});
        }
    }

    Result<void> one_occupant(std::size_t i) {
        const Occupancy& occupancy = occupants_[i];
        tariff::Terms terms = terms_of(i);
        if (!terms.in_service_from && !occupancy.used.empty()) {
            terms.in_service_from = zone_.date(occupancy.used.front().interval.from);
        }
        const RatingFacts facts{book_, calendar_, zone_, terms};
        AgreementAccrual accrual;
        accrual.tariff_code_index = 0;
        if (occupancy.keeps_tiers) {
            accrual.uses = counters_;
        }
        if (!occupancy.used.empty() && !counted_before_) {
            count_before(accrual, zone_.date(occupancy.used.front().interval.from));
        }
        std::vector<Slice> slices;
        std::vector<Interval> intervals;
        months_.clear();
        for (const UsedInterval& used : occupancy.used) {
            const auto result = accrue(accrual, facts, used.interval, &slices);
            if (!result) {
                Error why = result.error();
                return fail(std::move(why).with("at", zone_.text(used.interval.from)));
            }
            if (used.divided) {
                note("ratio_divided", used.interval);
            }
            if (used.estimated_reading) {
                note("estimated_reading", used.interval);
            }
            if (result->split_by_time) {
                note(result->estimated ? "estimated" : "split_by_time", used.interval);
            }
            intervals.push_back(used.interval);
        }
        TRY_VOID(settle(accrual, facts, occupancy, intervals));
        TRY_VOID(add_lines(i, accrual, facts));
        add_slices(i, slices);
        counters_ = accrual.uses;
        return {};
    }

    /// The month of one day, all of it in service.
    Result<void> one_day() {
        const CivilDate on = usage_.on.value_or(book_.versions(0).front()->document.effective_from);
        tariff::Terms terms = terms_of(0);
        const RatingFacts facts{book_, calendar_, zone_, terms};
        AgreementAccrual accrual;
        accrual.tariff_code_index = 0;
        count_before(accrual, on);
        std::vector<Slice> slices;
        for (std::size_t i = 0; i < usage_.quantities->size(); ++i) {
            const UsageQuantity& entry = (*usage_.quantities)[i];
            const auto* version = book_.version_in_force(0, on);
            if (version != nullptr &&
                !version->compiled.schedule.bands()[static_cast<std::size_t>(entry.band)]) {
                return fail(error("rate.unknown_band", ErrorKind::unprocessable)
                                .with("pointer", "/quantities/" + std::to_string(i) + "/band")
                                .with("band", std::string(enum_text(entry.band))));
            }
            const auto result = accrue_on(accrual, facts, on, entry.band, entry.quantity, &slices);
            if (!result) {
                return fail(place_of(result.error(), "/quantities/" + std::to_string(i)));
            }
        }
        const CycleId cycle = cycle_of(on);
        const MonthFacts month = month_facts(facts, cycle, cycle_from(cycle), cycle_to(cycle), {});
        TRY_VOID(settle_month(accrual, facts, cycle, month));
        TRY_VOID(add_lines(0, accrual, facts));
        add_slices(0, slices);
        return {};
    }

    [[nodiscard]] MonthFacts month_facts(
        const RatingFacts& facts, CycleId cycle, CivilDate from, CivilDate to,
        const std::optional<std::vector<Interval>>& intervals) const {
        MonthFacts out;
        out.service_from = from;
        out.service_to = to;
        const std::string month = cycle_text(cycle);
        const auto given = [&](const auto& map, auto& target, auto&& convert) {
            const auto found = map.find(month);
            if (found != map.end()) {
                target = convert(found->second);
            }
        };
        const auto same = [](Quantity value) { return value; };
        given(usage_.demand_kw, out.demand, same);
        given(usage_.reactive_kvarh, out.reactive, same);
        given(usage_.power_factor, out.power_factor,
              [](tariff::Ratio factor) { return static_cast<int>(factor.units / 100); });
        const auto* version = facts.version_on(0, to + -1);
        if (!out.demand && intervals && version != nullptr && version->document.demand) {
            out.demand =
                measured_demand(*intervals, *version->document.demand, facts.zone, from, to);
        }
        return out;
    }

    Result<void> settle(AgreementAccrual& accrual, const RatingFacts& facts,
                        const Occupancy& occupancy, const std::vector<Interval>& intervals) {
        if (intervals.empty() && (!occupancy.from || !occupancy.to)) {
            return {};
        }
        const CivilDate from =
            occupancy.from ? *occupancy.from : zone_.date(intervals.front().from);
        const CivilDate to =
            occupancy.to ? *occupancy.to : zone_.date({intervals.back().to.us - 1}) + 1;
        for (CycleId cycle = cycle_of(from); cycle_from(cycle) < to; cycle = next_cycle(cycle)) {
            const CivilDate first = std::max(from, cycle_from(cycle));
            const CivilDate end = std::min(to, cycle_to(cycle));
            months_[cycle] = month_facts(facts, cycle, first, end, intervals);
            TRY_VOID(settle_month(accrual, facts, cycle, months_[cycle]));
        }
        return {};
    }

    Result<void> add_lines(std::size_t occupant, AgreementAccrual& accrual,
                           const RatingFacts& facts) {
        const std::vector<Money> targets = posting_targets(accrual);
        std::vector<std::size_t> order;
        for (std::size_t i = 0; i < accrual.lines.size(); ++i) {
            const bool factor = accrual.lines[i].key.item == LineItem::power_factor;
            if (accrual.lines[i].quantity.units != 0 || targets[i].fen != 0 || factor) {
                order.push_back(i);
            }
        }
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            return accrual.lines[a].key < accrual.lines[b].key;
        });
        for (const std::size_t i : order) {
            RatedLine line = line_of(accrual.lines[i]);
            line.occupant = static_cast<std::int32_t>(occupant) + 1;
            line.amount = targets[i];
            if (accrual.lines[i].key.item == LineItem::power_factor) {
                TRY_VOID(show_power_factor(accrual, facts, accrual.lines[i].key, line));
            }
            bill_.total += line.amount;
            bill_.lines.push_back(std::move(line));
        }
        return {};
    }

    Result<void> show_power_factor(const AgreementAccrual& accrual, const RatingFacts& facts,
                                   const LineKey& key, RatedLine& line) const {
        const auto month = months_.find(key.cycle);
        const MonthFacts known =
            month != months_.end()
                ? month->second
                : month_facts(facts, key.cycle, cycle_from(key.cycle), cycle_to(key.cycle), {});
        const auto basis =
            TRY(power_factor_basis(accrual, book_, *book_.find(key.version), key.cycle, known));
        if (basis) {
            line.price = basis->percent.text(2);
            line.exact = basis->exact_text();
            line.quantity = Quantity{basis->hundredths * 100}.text(2);
        }
        return {};
    }

    [[nodiscard]] RatedLine line_of(const BillLine& line) const {
        const LineKey& key = line.key;
        const tariff::TariffVersion& version = *book_.find(key.version);
        RatedLine out;
        out.cycle = cycle_text(key.cycle);
        out.item = item_name(version, key);
        out.version = version.document.version;
        out.quantity = line.quantity.text();
        out.unit = unit_name(version, key);
        out.price = key.item == LineItem::subsidy ? "-1.00" : unit_price(version, key).text();
        out.exact = line.exact.text();
        if (key.item == LineItem::energy || key.item == LineItem::free) {
            out.band = key.band;
        }
        if (key.item == LineItem::energy) {
            out.tier = key.tier;
            if (!version.document.base_prices.empty()) {
                out.base_from = version.compiled.price_sets[key.price_set].from;
            }
        }
        return out;
    }

    void add_slices(std::size_t occupant, const std::vector<Slice>& slices) {
        for (const Slice& slice : slices) {
            const tariff::TariffVersion& version = *book_.find(slice.key.version);
            RatedSlice out;
            out.from = zone_.text(slice.from);
            out.to = zone_.text(slice.to);
            out.cycle = cycle_text(slice.key.cycle);
            out.occupant = static_cast<std::int32_t>(occupant) + 1;
            out.item = item_name(version, slice.key);
            if (slice.key.item == LineItem::energy || slice.key.item == LineItem::free) {
                out.band = slice.key.band;
            }
            out.version = version.document.version;
            out.quantity = slice.quantity.text();
            if (slice.key.item == LineItem::energy) {
                out.tier = slice.key.tier;
            }
            if (slice.key.item != LineItem::energy || slice.key.tier > 0) {
                const Price price = unit_price(version, slice.key);
                out.price = price.text();
                out.exact = ExactMoney::product(slice.quantity, price).text();
            }
            out.split_by_time = slice.split_by_time;
            out.estimated = slice.estimated;
            bill_.slices.push_back(std::move(out));
        }
    }

    void note(std::string code, const Interval& interval) {
        bill_.notes.push_back({std::move(code), zone_.text(interval.from), zone_.text(interval.to),
                               interval.total.text()});
    }

    const tariff::TariffBook& book_;
    const Usage& usage_;
    const Zone& zone_;
    const Calendar& calendar_;
    std::vector<tariff::Household> households_;
    std::vector<Occupancy> occupants_;
    std::vector<CycleUse> counters_;        // of the occupant before
    bool counted_before_ = false;           // what the first cycle had used
    std::map<CycleId, MonthFacts> months_;  // of the present occupant
    RatedBill bill_;
};

/// Ids in order of the versions.
Result<tariff::TariffBook> book_of(const std::vector<tariff::TariffDocument>& documents,
                                   const Calendar& calendar) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < documents.size(); ++i) {
        order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return documents[a].version < documents[b].version;
    });
    tariff::TariffBook out;
    for (const std::size_t i : order) {
        const auto located = [&](Error e) {
            return documents.size() > 1 ? std::move(e).with("document", std::to_string(i + 1))
                                        : std::move(e);
        };
        if (documents[i].code != documents[0].code) {
            return fail(located(
                error("tariff.code_differs", ErrorKind::unprocessable).with("pointer", "/code")));
        }
        const TariffId id{static_cast<std::int64_t>(out.all().size()) + 1};
        auto published = out.publish(id, documents[i], &calendar);
        if (!published) {
            return fail(located(std::move(published).error()));
        }
    }
    return out;
}

Result<Zone> zone_of(const Usage& usage, const Zone& zone) {
    if (usage.zone.empty()) {
        return zone;
    }
    auto named = Zone::find(usage.zone);
    if (!named) {
        return fail(place_of(std::move(named).error(), "/zone"));
    }
    return named;
}

Result<RatedBill> rate_use(const tariff::TariffBook& book, const Usage& usage, const Zone& zone,
                           const Calendar& calendar) {
    TRY_VOID(judge_usage(usage));
    const Zone local = TRY(zone_of(usage, zone));
    return Rating(book, usage, local, calendar).run();
}

}  // namespace

std::string bill_json(const RatedBill& bill, bool with_slices) {
    std::string out = "{\"code\":" + to_json(bill.code) + ",\"total\":" + to_json(bill.total) +
                      ",\"lines\":" + to_json(bill.lines) + ",\"notes\":" + to_json(bill.notes);
    if (with_slices) {
        out += ",\"slices\":" + to_json(bill.slices);
    }
    return out + "}";
}

Result<RatedBill> rate(const std::vector<tariff::TariffDocument>& documents, const Usage& usage,
                       const Zone& zone, const Calendar& calendar) {
    if (documents.empty()) {
        return fail("tariff.none_in_force", ErrorKind::unprocessable);
    }
    const tariff::TariffBook book = TRY(book_of(documents, calendar));
    for (const tariff::TariffDocument& document : documents) {
        TRY_VOID(judge_examples(document, zone, calendar));
    }
    return rate_use(book, usage, zone, calendar);
}

Result<void> judge_examples(const tariff::TariffDocument& document, const Zone& zone,
                            const Calendar& calendar) {
    if (document.examples.empty()) {
        return {};
    }
    // Before any example, so that what is wrong with the document is told of its own place.
    const tariff::TariffBook book = TRY(book_of({document}, calendar));
    for (std::size_t i = 0; i < document.examples.size(); ++i) {
        const tariff::TariffExample& example = document.examples[i];
        const std::string pointer = "/examples/" + std::to_string(i);
        auto usage = from_json<Usage>(example.usage.text);
        if (!usage) {
            return fail(place_of(std::move(usage).error(), pointer + "/usage"));
        }
        auto bill = rate_use(book, *usage, zone, calendar);
        if (!bill) {
            return fail(place_of(std::move(bill).error(), pointer + "/usage"));
        }
        if (bill->total != example.total) {
            return fail(error("tariff.wrong_total", ErrorKind::unprocessable)
                            .with("pointer", pointer + "/total")
                            .with("expected", example.total.text())
                            .with("got", bill->total.text()));
        }
    }
    return {};
}

}  // namespace mb::rules::billing
