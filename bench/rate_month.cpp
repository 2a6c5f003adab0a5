#include "bench/rate_month.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/check.hpp"
#include "bench/cpu.hpp"
#include "bench/place.hpp"
#include "bench/project.hpp"
#include "bench/rate_tariff.hpp"
#include "rules/metering/day_block.hpp"
#include "store/rows.hpp"
#include "store/statements/readings.hpp"
#include "writer/writer.hpp"

namespace mb::bench {

namespace {

using rules::metering::DayBlock;
using rules::metering::DayReading;
using rules::metering::Outcome;
using rules::metering::Registers;
using SteadyClock = std::chrono::steady_clock;

constexpr std::int32_t days = 31;
constexpr std::int32_t quarters_per_day = 96;
constexpr std::int32_t quarters = days * quarters_per_day;
constexpr Duration quarter = Duration::minutes(15);
constexpr std::int32_t meters_per_commit = 250;

std::int64_t us_since(SteadyClock::time_point from) {
    return std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - from).count();
}
std::int64_t per_s(std::int64_t count, std::int64_t us) {
    return count * 1'000'000 / std::max<std::int64_t>(us, 1);
}
std::string seconds(std::int64_t us) { return format_decimal(us / 1000, 3); }
std::string thousandths(std::int64_t a, std::int64_t b) {
    return format_decimal(a * 1000 / std::max<std::int64_t>(b, 1), 3);
}

/// A month of quarter hours of every meter, as the platform would have it a day later.
class Month {
public:
    explicit Month(std::int32_t meters)
        : meters_(meters),
          zone_(Zone::find(engine::ProjectConfig().zone).value()),
          first_(CivilDate::from_ymd(2026, 7, 1)),
          begin_(zone_.instant(first_)),
          end_(zone_.instant(first_ + days)) {}

    [[nodiscard]] CivilDate first() const { return first_; }
    [[nodiscard]] CivilDate last() const { return first_ + (days - 1); }

    /// Setting up and the readings before and behind the month go through the writer; what lies
    /// between is written as the writer would have: a closed row per meter and day.
    void build(store::OpenStore& store) {
        ProjectShape shape;
        shape.meters = meters_;
        shape.start = begin_ + Duration::hours(-1);
        shape.registers = [](std::int32_t id) { return base(id); };
        shape.tariff =
            three_by_five(Quantity::parse("200").value(), Quantity::parse("400").value());
        through_writer(store, set_up(shape), shape.start);
        std::vector<engine::Event> behind;
        for (std::int32_t id = 1; id <= meters_; ++id) {
            behind.emplace_back(engine::ReadingTaken{MeterId{id}, end_, at_end(id), {}});
        }
        through_writer(store, std::move(behind), end_);
        through_writer(store, {engine::Event{engine::Tick{}}}, end_ + Duration::days(2));
        for (std::int32_t id = 1; id <= meters_; id += meters_per_commit) {
            write_rows(store, id, std::min(meters_ + 1, id + meters_per_commit));
        }
    }

    /// Of what was used in the month, by the registers.
    [[nodiscard]] Quantity energy() const { return energy_; }

private:
    static void through_writer(store::OpenStore& store, std::vector<engine::Event> events,
                               Instant now) {
        writer::Writer writer(store.writer_store(), {}, {});
        writer.load();
        load(writer, std::move(events), now);
    }
    static Registers base(std::int32_t id) {
        Registers out;
        out.count = 2;
        out.value[0].units = id * std::int64_t{10'000};
        out.value[1].units = out.value[0].units / 3;
        return out;
    }
    /// 100 to 600 kWh a month: half the meters leave their first tier.
    static std::int64_t step(std::int32_t id, std::int32_t at) {
        const auto own = static_cast<std::int64_t>(mixed(static_cast<std::uint64_t>(id)) % 1'400);
        const std::uint64_t noise =
            mixed(static_cast<std::uint64_t>(id) << 20U ^ static_cast<std::uint64_t>(at));
        return 200 + own + static_cast<std::int64_t>(noise % 400);
    }
    static void go_on(Registers& registers, std::int32_t id, std::int32_t at) {
        registers.value[0].units += step(id, at);
        registers.value[1].units = registers.value[0].units / 3;
    }
    static Registers at_end(std::int32_t id) {
        Registers out = base(id);
        for (std::int32_t at = 0; at <= quarters; ++at) {
            go_on(out, id, at);
        }
        return out;
    }

    void write_rows(store::OpenStore& store, std::int32_t from, std::int32_t to) {
        const store::Lease session = store.database().write();
        store::Transaction transaction(*session, store::Durability::later);
        for (std::int32_t id = from; id < to; ++id) {
            Registers registers = base(id);
            const std::int64_t before = registers.value[0].units;
            for (std::int32_t day = 0; day < days; ++day) {
                DayBlock block;
                for (std::int32_t i = 0; i < quarters_per_day; ++i) {
                    const std::int32_t at = day * quarters_per_day + i;
                    go_on(registers, id, at);
                    block.append(begin_ + quarter * at, registers, Outcome::charged);
                }
                engine::DayRow row;
                row.meter = MeterId{id};
                row.on = first_ + day;
                row.closed = true;
                row.charged = quarters_per_day;
                row.packed.assign(block.bytes().begin(), block.bytes().end());
                store::write_day(*session, bench_project, row);
            }
            go_on(registers, id, quarters);
            // The first step lies before the month.
            energy_.units += registers.value[0].units - before - step(id, 0);
        }
        transaction.commit();
    }

    std::int32_t meters_;
    Zone zone_;
    CivilDate first_;
    Instant begin_;
    Instant end_;
    Quantity energy_;
};

struct Plain {
    std::int64_t readings = 0;
    std::int64_t bytes = 0;
    std::int64_t us = 0;
    std::int64_t cpu_us = 0;
    std::uint64_t sum = 0;  // of all registers; wraps
};

constexpr store::Sql month_rows{
    "SELECT project_id, meter_id, day_on, part, closed, charged_count, held_count, "
    "excluded_count, packing, packed, hash FROM day_row "
    "WHERE project_id = $1 AND meter_id = $2 AND day_on >= $3 AND day_on <= $4 "
    "ORDER BY day_on, part"};

Plain plain_pass(store::Database& database, const Month& month, std::int32_t meters) {
    Plain out;
    const auto begun = SteadyClock::now();
    const std::int64_t cpu_begun_us = process_cpu_us();
    for (std::int32_t id = 1; id <= meters; ++id) {
        const store::Lease session = database.read();
        store::Statement& rows = session->statement(month_rows);
        rows.bind_integer(1, bench_project.value);
        rows.bind_integer(2, id);
        rows.bind_integer(3, month.first().days);
        rows.bind_integer(4, month.last().days);
        while (rows.next()) {
            out.bytes += static_cast<std::int64_t>(rows.blob(9).size());
            const store::StoredDay day = store::read_day(rows);
            const auto block = DayBlock::parse(day.row.packed);
            CHECK(block);
            const std::vector<DayReading> readings = block->readings();
            for (const DayReading& reading : readings) {
                for (std::size_t i = 0; i < reading.registers.count; ++i) {
                    out.sum += static_cast<std::uint64_t>(reading.registers.value[i].units);
                }
            }
            out.readings += static_cast<std::int64_t>(readings.size());
        }
    }
    out.us = us_since(begun);
    out.cpu_us = process_cpu_us() - cpu_begun_us;
    return out;
}

}  // namespace

Result<MonthResult> measure_month(const MonthOptions& options, const Rerate& rerate,
                                  const std::function<void(const std::string&)>& progress) {
    const auto place = TRY(Place::make(options.store, options.folder));
    Month month(options.meters);
    MonthResult out;
    out.meters = options.meters;
    progress(fmt::format("writing {} readings of {} meters",
                         std::int64_t{options.meters} * quarters, options.meters));
    const auto begun = SteadyClock::now();
    {
        const auto store = TRY(place->open(Instant{1}));
        month.build(*store);
    }
    place->settle();
    out.build_s = seconds(us_since(begun));
    const auto database = place->reading();
    progress("reading them alone");
    plain_pass(*database, month, options.meters);  // so that the files are warm for all
    const Plain plain = plain_pass(*database, month, options.meters);
    out.readings = plain.readings;
    out.packed_bytes = plain.bytes;
    out.plain_per_s = per_s(plain.readings, plain.us);
    progress("rating them on one thread");
    const Rerated one = rerate(*database, bench_project, month.first(), month.last(), 1);
    out.load_s = seconds(one.load_us);
    out.readings_per_s = per_s(plain.readings, one.rate_us);
    out.ratio = thousandths(plain.us, one.rate_us);
    out.ratio_cpu = thousandths(plain.cpu_us, one.rate_cpu_us);
    const auto machine = static_cast<std::int32_t>(std::thread::hardware_concurrency());
    out.threads = options.threads > 0 ? options.threads : std::clamp(machine, 1, 8);
    progress(fmt::format("rating them on {} threads", out.threads));
    const Rerated many = rerate(*database, bench_project, month.first(), month.last(), out.threads);
    out.readings_per_s_threads = per_s(plain.readings, many.rate_us);
    out.ratio_threads = thousandths(plain.us, many.rate_us);
    out.lines = one.lines;
    out.sha256 = one.sha256;
    out.same = one.sha256 == many.sha256 && one.refused == 0 && one.energy == month.energy() &&
               plain.sum != 0;
    out.own_mib = one.own_bytes >> 20U;
    return out;
}

}  // namespace mb::bench
