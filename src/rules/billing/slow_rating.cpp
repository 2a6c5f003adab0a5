#include "rules/billing/slow_rating.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>

// On purpose nothing of stretch.hpp, shares.hpp, cycle.hpp or tariff/compiled.hpp is used here.

namespace mb::rules::billing {

namespace {

constexpr std::int64_t minute_us = 60'000'000;
constexpr int128 rests_per_fen = ExactMoney::rests_per_fen;

int minutes_of(const std::string& text) {
    return std::atoi(text.substr(0, 2).c_str()) * 60 + std::atoi(text.substr(3, 2).c_str());
}

/// A version with the band of each of the day's minutes, −1 where the table has a hole.
struct Table {
    const SlowVersion* version = nullptr;
    std::array<int, 1440> band_of_minute{};
};

Table table_of(const SlowVersion& version) {
    Table out{&version, {}};
    out.band_of_minute.fill(version.document.periods.empty() ? int(tariff::Band::flat) : -1);
    for (const tariff::TariffPeriod& period : version.document.periods) {
        for (int minute = minutes_of(period.from); minute < minutes_of(period.to); ++minute) {
            out.band_of_minute[std::size_t(minute)] = int(period.band);
        }
    }
    return out;
}

bool has_band(const Table& table, int band) {
    const auto& all = table.band_of_minute;
    return std::find(all.begin(), all.end(), band) != all.end();
}

/// Consecutive minutes of one price.
struct Run {
    const Table* table = nullptr;
    int band = 0;
    std::int32_t cycle = 0;
    std::int64_t us = 0;
};

struct Rater {
    const Zone& zone;
    std::vector<Table> tables;
    std::map<std::int32_t, std::int64_t> used;  // by cycle
    std::map<LineKey, std::int64_t> quantity;
    std::vector<LineKey> first_seen;

    [[nodiscard]] const Table* in_force(CivilDate on) const {
        const Table* found = nullptr;
        for (const Table& table : tables) {
            const CivilDate from = table.version->document.effective_from;
            if (from <= on &&
                (found == nullptr || from > found->version->document.effective_from)) {
                found = &table;
            }
        }
        return found;
    }

    Result<std::vector<Run>> walk(Instant from, Instant to) const;
    void charge(const Run& run, std::int64_t units);
    Result<void> rate(const Interval& interval);
    [[nodiscard]] SlowBill bill() const;
};

Result<std::vector<Run>> Rater::walk(Instant from, Instant to) const {
    std::vector<Run> runs;
    CivilDate on{INT32_MIN};
    const Table* table = nullptr;
    std::int32_t cycle = 0;
    for (std::int64_t at = from.us; at < to.us;) {
        const std::int64_t end = std::min(to.us, (at / minute_us + 1) * minute_us);
        const LocalTime here = zone.local({at});
        if (here.date != on) {
            on = here.date;
            table = in_force(on);
            if (table == nullptr) {
                return fail(
                    error("tariff.none_in_force", ErrorKind::unprocessable).with("on", on.text()));
            }
            const std::string text = on.text();  // YYYY-MM-DD
            const bool by_year = table->version->document.tier_cycle == tariff::TierCycle::year;
            cycle = std::atoi(text.substr(0, 4).c_str()) * 100 +
                    (by_year ? 0 : std::atoi(text.substr(5, 2).c_str()));
        }
        const int band = table->band_of_minute[std::size_t(here.us_of_day / minute_us)];
        if (runs.empty() || runs.back().table != table || runs.back().band != band ||
            runs.back().cycle != cycle) {
            runs.push_back({table, band, cycle, 0});
        }
        runs.back().us += end - at;
        at = end;
    }
    return runs;
}

const tariff::TariffPrice* price_entry(const tariff::TariffDocument& document, LineKey key) {
    for (const tariff::TariffPrice& entry : document.prices) {
        if (entry.band.value_or(key.band) == key.band &&
            entry.tier.value_or(key.tier) == key.tier) {
            return &entry;
        }
    }
    return nullptr;
}

/// Unit runs through the tiers one after another: the n-th unit of a cycle costs what its tier
/// says.
void Rater::charge(const Run& run, std::int64_t units) {
    const auto& limits = run.table->version->document.tier_limits;
    std::int64_t& so_far = used[run.cycle];
    for (std::size_t tier = 0; tier <= limits.size() && units > 0; ++tier) {
        const std::int64_t room =
            tier == limits.size() ? units : std::max<std::int64_t>(0, limits[tier].units - so_far);
        const std::int64_t part = std::min(units, room);
        if (part == 0) {
            continue;
        }
        const LineKey key{run.cycle, LineItem::energy, tariff::Band(run.band),
                          std::uint8_t(tier + 1), run.table->version->id};
        if (quantity.find(key) == quantity.end()) {
            first_seen.push_back(key);
        }
        quantity[key] += part;
        so_far += part;
        units -= part;
    }
}

/// `total` divided as `us`: each its whole part, then one unit at a time to the largest fraction
/// left.
std::vector<std::int64_t> divide(std::int64_t total, const std::vector<std::int64_t>& us) {
    std::int64_t all = 0;
    for (const std::int64_t part : us) {
        all += part;
    }
    std::vector<std::int64_t> out;
    std::vector<int128> fraction;
    std::int64_t given = 0;
    for (const std::int64_t part : us) {
        const int128 exact = int128(total) * part;
        out.push_back(std::int64_t(exact / all));
        fraction.push_back(exact - int128(out.back()) * all);
        given += out.back();
    }
    for (; given < total; ++given) {
        std::size_t largest = 0;
        for (std::size_t i = 1; i < fraction.size(); ++i) {
            if (fraction[i] > fraction[largest]) {
                largest = i;
            }
        }
        ++out[largest];
        fraction[largest] = -1;
    }
    return out;
}

/// Parts of the interval by the meter's tariff registers; empty when time must decide.
Result<std::vector<std::int64_t>> divide_by_registers(const Interval& interval,
                                                      const std::vector<Run>& runs) {
    std::vector<std::int64_t> out(runs.size(), 0);
    int128 sum = 0;
    for (std::size_t i = 1; i < interval.register_count; ++i) {
        if (interval.by_register[i].units < 0) {
            return std::vector<std::int64_t>{};
        }
        sum += interval.by_register[i].units;
    }
    if (!interval.registers_match_table || sum != interval.total.units ||
        interval.register_count < 2) {
        return std::vector<std::int64_t>{};
    }
    bool placed = true;
    for (std::size_t i = 1; i < interval.register_count; ++i) {
        if (interval.by_register[i].units == 0) {
            continue;
        }
        std::vector<std::int64_t> us;
        bool priced = false;
        for (const Run& run : runs) {
            us.push_back(run.band == int(i) - 1 ? run.us : 0);
            priced = priced || has_band(*run.table, int(i) - 1);
        }
        if (!priced) {
            return fail(error("tariff.no_price", ErrorKind::unprocessable));
        }
        if (std::all_of(us.begin(), us.end(), [](std::int64_t n) { return n == 0; })) {
            placed = false;
            continue;
        }
        const std::vector<std::int64_t> parts = divide(interval.by_register[i].units, us);
        for (std::size_t k = 0; k < out.size(); ++k) {
            out[k] += parts[k];
        }
    }
    return placed ? out : std::vector<std::int64_t>{};
}

Result<void> Rater::rate(const Interval& interval) {
    if (interval.from >= interval.to) {
        return fail("billing.empty_interval", ErrorKind::unprocessable);
    }
    if (interval.total.units < 0) {
        return fail("billing.negative_quantity", ErrorKind::unprocessable);
    }
    if (interval.total > max_interval_quantity) {
        return fail("billing.too_large", ErrorKind::unprocessable);
    }
    const std::vector<Run> runs = TRY(walk(interval.from, interval.to));
    std::vector<std::int64_t> parts;
    if (runs.size() > 1) {
        parts = TRY(divide_by_registers(interval, runs));
    }
    if (parts.empty()) {
        std::vector<std::int64_t> us;
        for (const Run& run : runs) {
            us.push_back(run.us);
        }
        parts = divide(interval.total.units, us);
    }
    for (std::size_t i = 0; i < runs.size(); ++i) {
        charge(runs[i], parts[i]);
    }
    return {};
}

std::int64_t to_fen(int128 rests) {
    return std::int64_t((rests + rests_per_fen / 2) / rests_per_fen);
}

/// Lines `places` get the fen of their rounded sum: whole fen first, then the largest rests, in
/// order.
void round_together(std::vector<SlowLine>& lines, const std::vector<std::size_t>& places) {
    int128 sum = 0;
    for (const std::size_t i : places) {
        sum += lines[i].exact.rests();
    }
    std::int64_t left = to_fen(sum);
    std::vector<std::int64_t> rest;
    for (const std::size_t i : places) {
        lines[i].amount = {lines[i].exact.fen};
        left -= lines[i].exact.fen;
        rest.push_back(lines[i].exact.rest);
    }
    for (; left > 0; --left) {
        const auto largest = std::max_element(rest.begin(), rest.end());
        *largest = -1;
        lines[places[std::size_t(largest - rest.begin())]].amount += Money{1};
    }
}

SlowBill Rater::bill() const {
    SlowBill out;
    std::map<std::int32_t, std::vector<std::size_t>> together;
    for (const LineKey& key : first_seen) {
        SlowLine line{key, {quantity.at(key)}, {}, {}};
        for (const Table& table : tables) {
            if (table.version->id != key.version) {
                continue;
            }
            const tariff::TariffDocument& document = table.version->document;
            line.exact = ExactMoney::from_rests(int128(line.quantity.units) *
                                                price_entry(document, key)->price.units);
            if (document.rounding == tariff::RoundingPlace::total) {
                together[key.cycle].push_back(out.lines.size());
            }
        }
        line.amount = {to_fen(line.exact.rests())};
        out.lines.push_back(line);
    }
    for (const auto& [cycle, places] : together) {
        round_together(out.lines, places);
    }
    for (const SlowLine& line : out.lines) {
        out.quantity += line.quantity;
        out.total += line.amount;
    }
    std::sort(out.lines.begin(), out.lines.end(),
              [](const SlowLine& a, const SlowLine& b) { return a.key < b.key; });
    return out;
}

}  // namespace

Result<std::vector<Interval>> slow_intervals(const metering::MeterSpec& spec,
                                             const std::vector<SlowReading>& readings,
                                             bool registers_match_table) {
    std::vector<Interval> out;
    for (std::size_t i = 1; i < readings.size(); ++i) {
        const SlowReading& before = readings[i - 1];
        const SlowReading& after = readings[i];
        if (after.at <= before.at) {
            return fail("rating.readings_out_of_order", ErrorKind::unprocessable);
        }
        Interval interval;
        interval.from = before.at;
        interval.to = after.at;
        const bool same_set = before.registers.count == after.registers.count;
        interval.register_count = same_set ? after.registers.count : std::uint8_t{1};
        interval.registers_match_table = registers_match_table;
        for (std::size_t r = 0; r < interval.register_count; ++r) {
            std::int64_t step = after.registers.value[r].units - before.registers.value[r].units;
            // A falling register can only have wrapped; where it did not, the sum will not match.
            step += step < 0 ? spec.modulus_units : 0;
            interval.by_register[r].units = mul_checked(step, spec.ratio);
        }
        interval.total = interval.by_register[0];
        out.push_back(interval);
    }
    return out;
}

Result<SlowBill> rate_slowly(const std::vector<SlowVersion>& versions, const Zone& zone,
                             const std::vector<Interval>& intervals) {
    Rater rater{zone, {}, {}, {}, {}};
    for (const SlowVersion& version : versions) {
        rater.tables.push_back(table_of(version));
    }
    for (const Interval& interval : intervals) {
        TRY_VOID(rater.rate(interval));
    }
    return rater.bill();
}

}  // namespace mb::rules::billing
