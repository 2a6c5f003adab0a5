#include "rules/billing/usage.hpp"

#include "rules/billing/shares.hpp"

#include <algorithm>

namespace mb::rules::billing {

namespace {

using metering::Registers;

Error at_place(Error e, const std::string& pointer) {
    return std::move(e).with("pointer", pointer);
}

Error bad(std::string_view code, const std::string& pointer) {
    return error(code, ErrorKind::unprocessable).with("pointer", pointer);
}

std::string place(std::string_view list, std::size_t i, std::string_view member = {}) {
    std::string out = "/" + std::string(list) + "/" + std::to_string(i);
    return member.empty() ? out : out + "/" + std::string(member);
}

Result<Instant> time_at(const std::string& text, const Zone& zone, const std::string& pointer) {
    auto out = usage_time(text, zone);
    if (!out) {
        return fail(at_place(std::move(out).error(), pointer));
    }
    return out;
}

struct Reading {
    Registers registers;
    std::array<bool, tariff::band_count> bands{};  // which it has
    bool estimated = false;
    std::string pointer;
};

/// Total, and T1 … T5 when any band is given.
template <class Source>
Reading reading_of(const Source& source, Quantity total, bool estimated, std::string pointer) {
    const std::array<std::optional<Quantity>, tariff::band_count> bands = {
        source.sharp, source.peak, source.flat, source.valley, source.deep_valley};
    Reading out;
    out.registers.value[0] = total;
    out.estimated = estimated;
    out.pointer = std::move(pointer);
    for (std::size_t i = 0; i < bands.size(); ++i) {
        if (bands[i]) {
            out.registers.count = static_cast<std::uint8_t>(metering::max_registers);
            out.registers.value[i + 1] = *bands[i];
            out.bands[i] = true;
        }
    }
    return out;
}

// ---- intervals -------------------------------------------------------------------------------

Result<UsedInterval> read_interval(const UsageInterval& entry, const Zone& zone, std::size_t i) {
    UsedInterval out;
    out.pointer = place("intervals", i);
    out.interval.from = TRY(time_at(entry.from, zone, place("intervals", i, "from")));
    out.interval.to = TRY(time_at(entry.to, zone, place("intervals", i, "to")));
    out.interval.total = out.interval.by_register[0] = entry.quantity;
    if (out.interval.from >= out.interval.to) {
        return fail(bad("billing.empty_interval", place("intervals", i)));
    }
    for (const auto& [name, quantity] : entry.registers) {
        const auto band = enum_value<tariff::Band>(name);
        if (!band) {
            return fail(bad("tariff.unknown_band", place("intervals", i, "registers/" + name)));
        }
        out.interval.registers_match_table = true;
        out.interval.register_count = static_cast<std::uint8_t>(metering::max_registers);
        out.interval.by_register[static_cast<std::size_t>(*band) + 1] = quantity;
    }
    return out;
}

Result<std::vector<UsedInterval>> from_series(const JsonNode& node, const Zone& zone) {
    UsageSeries series;
    TRY_VOID(read_json(node, series, "/intervals"));
    if (series.minutes < 1 || series.minutes > 1440) {
        return fail(bad("rate.bad_step", "/intervals/minutes"));
    }
    Instant at = TRY(time_at(series.start, zone, "/intervals/start"));
    std::vector<UsedInterval> out;
    for (const Quantity value : series.values) {
        UsedInterval next;
        next.interval.from = at;
        next.interval.to = at = at + Duration::minutes(series.minutes);
        next.interval.total = next.interval.by_register[0] = value;
        out.push_back(next);
    }
    return out;
}

Result<std::vector<UsedInterval>> from_intervals(const Usage& usage, const Zone& zone) {
    const JsonDocument document = TRY(JsonDocument::parse(usage.intervals.text));
    if (document.root().type() == JsonNode::Type::object) {
        return from_series(document.root(), zone);
    }
    std::vector<UsageInterval> list;
    TRY_VOID(read_json(document.root(), list, "/intervals"));
    std::vector<UsedInterval> out;
    for (std::size_t i = 0; i < list.size(); ++i) {
        out.push_back(TRY(read_interval(list[i], zone, i)));
    }
    return out;
}

// ---- readings --------------------------------------------------------------------------------

struct RatioFrom {
    Instant from;
    std::int32_t ratio = 1;
};

struct MeterHistory {
    UsageMeter meter;
    std::map<std::int64_t, Reading> readings;  // by instant
    std::vector<RatioFrom> ratios;             // by instant, behind meter.ratio

    [[nodiscard]] std::int32_t ratio_at(Instant at) const {
        std::int32_t out = meter.ratio;
        for (const RatioFrom& next : ratios) {
            if (next.from <= at) {
                out = next.ratio;
            }
        }
        return out;
    }
};

class Histories {
public:
    Histories(const Usage& usage, const Zone& zone) : usage_(usage), zone_(zone) {}

    Result<std::vector<UsedInterval>> intervals() {
        TRY_VOID(read_meters());
        TRY_VOID(read_readings());
        for (std::size_t i = 0; i < usage_.events.size(); ++i) {
            TRY_VOID(read_event(usage_.events[i], place("events", i)));
        }
        std::vector<UsedInterval> out;
        for (auto& [id, history] : meters_) {
            std::stable_sort(
                history.ratios.begin(), history.ratios.end(),
                [](const RatioFrom& a, const RatioFrom& b) { return a.from < b.from; });
            TRY_VOID(differences(history, out));
        }
        return out;
    }

private:
    Result<void> read_meters() {
        for (std::size_t i = 0; i < usage_.meters.size(); ++i) {
            const UsageMeter& meter = usage_.meters[i];
            if (meter.ratio < 1 || meter.ratio > 1'000'000) {
                return fail(bad("rate.bad_meter", place("meters", i, "ratio")));
            }
            if (!meters_.try_emplace(meter.id, MeterHistory{meter, {}, {}}).second) {
                return fail(bad("rate.bad_meter", place("meters", i, "id")));
            }
        }
        return {};
    }

    /// The only meter when `id` is empty; without `meters` each id is one.
    Result<MeterHistory*> history(const std::string& id, const std::string& pointer) {
        if (usage_.meters.empty()) {
            return &meters_.try_emplace(id, MeterHistory{UsageMeter{id, 1, {}, {}}, {}, {}})
                        .first->second;
        }
        const auto found = id.empty() && meters_.size() == 1 ? meters_.begin() : meters_.find(id);
        if (found == meters_.end()) {
            return fail(bad("rate.unknown_meter", pointer).with("meter", id));
        }
        return &found->second;
    }

    /// From zero up to the modulus.
    static Result<void> judge(const MeterHistory& history, const Reading& reading) {
        const Quantity modulus = history.meter.modulus.value_or(Quantity{INT64_MAX});
        for (const Quantity value : reading.registers.value) {
            if (value.units < 0 || value >= modulus) {
                return fail(bad("rate.malformed", reading.pointer));
            }
        }
        return {};
    }

    static Result<void> put(MeterHistory& history, Instant at, const Reading& reading,
                            const std::string& pointer) {
        TRY_VOID(judge(history, reading));
        const auto [found, fresh] = history.readings.try_emplace(at.us, reading);
        if (fresh) {
            return {};
        }
        const bool same_kind = found->second.estimated == reading.estimated;
        if (same_kind && found->second.registers != reading.registers) {
            return fail(bad("rate.conflict", pointer));
        }
        if (!reading.estimated) {
            found->second = reading;
        }
        return {};
    }

    Result<void> read_readings() {
        for (std::size_t i = 0; i < usage_.readings->size(); ++i) {
            const UsageReading& entry = (*usage_.readings)[i];
            const Instant at = TRY(time_at(entry.at, zone_, place("readings", i, "at")));
            MeterHistory* meter = TRY(history(entry.meter, place("readings", i, "meter")));
            TRY_VOID(put(*meter, at,
                         reading_of(entry, entry.total, entry.estimated, place("readings", i)),
                         place("readings", i)));
        }
        return {};
    }

    Result<void> read_event(const UsageEvent& event, const std::string& pointer) {
        switch (event.kind) {
            case UsageEventKind::exchange: return exchange(event, pointer);
            case UsageEventKind::ratio: return ratio(event, pointer);
            case UsageEventKind::correction: return correction(event, pointer);
            case UsageEventKind::household:
            case UsageEventKind::occupant: return {};
        }
        return {};
    }

    Result<void> exchange(const UsageEvent& event, const std::string& pointer) {
        if (!event.old_final || !event.new_first) {
            return fail(bad("rate.bad_event", pointer));
        }
        const Instant at = TRY(time_at(event.at, zone_, pointer + "/at"));
        MeterHistory* old_meter = TRY(history(event.old, pointer + "/old"));
        MeterHistory* new_meter = TRY(history(event.new_, pointer + "/new"));
        if (old_meter == new_meter) {
            return fail(bad("rate.bad_event", pointer + "/new"));
        }
        TRY_VOID(
            put(*old_meter, at,
                reading_of(*event.old_final, event.old_final->total, false, pointer + "/old_final"),
                pointer + "/old_final"));
        return put(
            *new_meter, at,
            reading_of(*event.new_first, event.new_first->total, false, pointer + "/new_first"),
            pointer + "/new_first");
    }

    Result<void> ratio(const UsageEvent& event, const std::string& pointer) {
        if (event.ratio < 1 || event.ratio > 1'000'000) {
            return fail(bad("rate.bad_event", pointer + "/ratio"));
        }
        MeterHistory* meter = TRY(history(event.meter, pointer + "/meter"));
        meter->ratios.push_back({TRY(time_at(event.from, zone_, pointer + "/from")), event.ratio});
        return {};
    }

    Result<void> correction(const UsageEvent& event, const std::string& pointer) {
        if (!event.total) {
            return fail(bad("rate.bad_event", pointer + "/total"));
        }
        const Instant at = TRY(time_at(event.at, zone_, pointer + "/at"));
        MeterHistory* meter = TRY(history(event.meter, pointer + "/meter"));
        const auto found = meter->readings.find(at.us);
        if (found == meter->readings.end()) {
            return fail(bad("rate.bad_event", pointer + "/at"));
        }
        found->second = reading_of(event, *event.total, false, pointer);
        return judge(*meter, found->second);
    }

    Result<void> differences(const MeterHistory& history, std::vector<UsedInterval>& out) const {
        metering::MeterSpec spec;
        spec.modulus_units = history.meter.modulus.value_or(Quantity{}).units;
        spec.max_power_w = history.meter.max_power_kw.value_or(Quantity{}).units / 10;
        const std::pair<const std::int64_t, Reading>* last = nullptr;
        for (const auto& next : history.readings) {
            if (last != nullptr) {
                const Instant from{last->first};
                const Instant to{next.first};
                const auto step = metering::register_difference(spec, from, last->second.registers,
                                                                to, next.second.registers, to);
                if (!metering::is_charged(step.verdict)) {
                    return fail(error("rate." + std::string(enum_text(step.verdict)),
                                      ErrorKind::unprocessable)
                                    .with("pointer", next.second.pointer)
                                    .with("meter", history.meter.id)
                                    .with("at", zone_.text(to)));
                }
                const bool estimated = last->second.estimated || next.second.estimated;
                const bool same = last->second.bands == next.second.bands;
                TRY_VOID(add(history, from, to, step, estimated, same, out));
            }
            last = &next;
        }
        return {};
    }

    /// A difference of registers × the ratio; across a change of ratio in parts by time.
    Result<void> add(const MeterHistory& history, Instant from, Instant to,
                     const metering::Difference& step, bool estimated, bool same_bands,
                     std::vector<UsedInterval>& out) const {
        constexpr std::int64_t most_ratio = 1'000'000;
        for (const Quantity part : step.by_register) {
            if (part.units > max_interval_quantity.units / most_ratio * 1000) {
                return fail(error("billing.too_large", ErrorKind::unprocessable)
                                .with("meter", history.meter.id)
                                .with("at", zone_.text(to)));
            }
        }
        std::vector<Instant> bounds = {from};
        for (const RatioFrom& change : history.ratios) {
            if (change.from > bounds.back() && change.from < to) {
                bounds.push_back(change.from);
            }
        }
        bounds.push_back(to);
        std::vector<std::int64_t> weights;
        for (std::size_t i = 0; i + 1 < bounds.size(); ++i) {
            weights.push_back((bounds[i + 1] - bounds[i]).us);
        }
        const std::vector<std::int64_t> parts = shares_of(step.total.units, weights);
        for (std::size_t i = 0; i < parts.size(); ++i) {
            const std::int32_t ratio = history.ratio_at(bounds[i]);
            UsedInterval next;
            next.meter = history.meter.id;
            next.divided = parts.size() > 1;
            next.estimated_reading = estimated;
            next.interval.from = bounds[i];
            next.interval.to = bounds[i + 1];
            next.interval.total = {mul_checked(parts[i], ratio)};
            next.interval.by_register[0] = next.interval.total;
            if (!next.divided) {
                next.interval.registers_match_table = usage_.registers_match && same_bands;
                next.interval.register_count = step.register_count;
                for (std::size_t k = 1; k < step.register_count; ++k) {
                    next.interval.by_register[k] = {mul_checked(step.by_register[k].units, ratio)};
                }
            }
            out.push_back(next);
        }
        return {};
    }

    const Usage& usage_;
    const Zone& zone_;
    std::map<std::string, MeterHistory> meters_;
};

Result<void> judge_months(const std::map<std::string, Quantity>& months,
                          const std::string& member) {
    for (const auto& [month, value] : months) {
        if (!CivilDate::parse(month + "-01") || value.units < 0 || value > max_interval_quantity) {
            return fail(bad("rate.bad_month", "/" + member + "/" + month));
        }
    }
    return {};
}

}  // namespace

Result<Instant> usage_time(std::string_view text, const Zone& zone) {
    const bool offset =
        text.size() > 16 &&
        (text.back() == 'Z' || text.find('+', 10) != text.npos || text.find('-', 10) != text.npos);
    if (offset) {
        return parse_rfc3339(text);
    }
    std::string utc(text);
    if (utc.size() == 16) {
        utc += ":00";
    }
    if (utc.size() == 19 && utc[10] == ' ') {
        utc[10] = 'T';
    }
    const auto local = parse_rfc3339(utc + "Z");
    if (!local) {
        return fail(error("time.malformed").with("text", std::string(text.substr(0, 40))));
    }
    const LocalTime parts = Zone().local(*local);
    const Instant minute = zone.instant(parts.date, parts.minute_of_day());
    return minute + Duration{parts.us_of_day % 60'000'000};
}

Result<std::vector<UsedInterval>> used_intervals(const Usage& usage, const Zone& zone) {
    std::vector<UsedInterval> out =
        usage.readings ? TRY(Histories(usage, zone).intervals()) : TRY(from_intervals(usage, zone));
    std::stable_sort(out.begin(), out.end(), [](const UsedInterval& a, const UsedInterval& b) {
        return a.interval.from < b.interval.from;
    });
    for (std::size_t i = 1; i < out.size(); ++i) {
        if (out[i].interval.from < out[i - 1].interval.to) {
            Error why = error("rate.overlap", ErrorKind::unprocessable)
                            .with("at", zone.text(out[i].interval.from));
            if (!out[i].pointer.empty()) {
                why.params.emplace_back("pointer", out[i].pointer);
            }
            return fail(std::move(why));
        }
    }
    return out;
}

Result<void> judge_usage(const Usage& usage) {
    const int uses = (usage.quantities ? 1 : 0) + (usage.intervals.text.empty() ? 0 : 1) +
                     (usage.readings ? 1 : 0);
    if (uses != 1) {
        return fail(error("rate.one_use", ErrorKind::unprocessable)
                        .with("of", "quantities, intervals, readings")
                        .with("given", std::to_string(uses)));
    }
    const UsageTerms& terms = usage.terms;
    constexpr Quantity most{100'000'000'000};  // ten million m² or kVA
    if (terms.household < 0 || terms.area_m2.units < 0 || terms.area_m2 > most ||
        terms.capacity_kva.units < 0 || terms.capacity_kva > most || usage.cycle_before.units < 0 ||
        usage.cycle_before > max_interval_quantity ||
        (terms.in_service_from && terms.in_service_to &&
         *terms.in_service_to <= *terms.in_service_from)) {
        return fail(
            bad("rate.bad_terms", usage.cycle_before.units < 0 ? "/cycle_before" : "/terms"));
    }
    TRY_VOID(judge_months(usage.demand_kw, "demand_kw"));
    TRY_VOID(judge_months(usage.reactive_kvarh, "reactive_kvarh"));
    for (const auto& [month, factor] : usage.power_factor) {
        if (!CivilDate::parse(month + "-01") || factor.units < 0 || factor > tariff::ratio_one ||
            factor.units % 100 != 0) {
            return fail(bad("rate.bad_month", "/power_factor/" + month));
        }
    }
    return {};
}

}  // namespace mb::rules::billing
