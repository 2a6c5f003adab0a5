#include "bench/wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ostream>
#include <thread>

#include "bench/project.hpp"
#include "bench/show.hpp"
#include "bench/threads.hpp"
#include "headend/headend.hpp"
#include "sim/fleet/fleet.hpp"
#include "store/read.hpp"

namespace mb::bench {

namespace {

using namespace std::chrono_literals;
using sim::fleet::Campus;
using sim::fleet::CampusClock;

constexpr std::int32_t speed = 120;       // as fast as business time may run
constexpr int descriptors_per_meter = 2;  // both ends are ours
constexpr int descriptors_besides = 256;
constexpr auto first_answers_max = 60s;
constexpr std::uint64_t first_round = 3;  // frames: registers, status, power

/// 09:00 of a working day in China: no day closes in a run of up to seven minutes.
constexpr Instant business_start{1'790'038'800'000'000};

class CampusTime final : public headend::Clock {
public:
    explicit CampusTime(CampusClock clock) : clock_(clock) {}
    [[nodiscard]] engine::Now now() const override {
        const Instant wall = sim::fleet::unix_wall_now();
        return {sim::fleet::business_time(clock_, wall), wall, clock_.speed};
    }

private:
    CampusClock clock_;
};

/// From the head-end into the writer, as app wires it.
class Sink final : public headend::EventSink {
public:
    explicit Sink(writer::WriterThread& writer) : writer_(writer) {}
    bool submit(ProjectId of, engine::Event&& event) override {
        return writer_.submit({of, event, {}, {}});
    }

private:
    writer::WriterThread& writer_;
};

/// Every meter is due again as soon as it has answered. A line that is behind is asked for what is
/// billed and nothing else, so it is a reading a question after the first round.
headend::HeadendSettings settings() {
    headend::HeadendSettings out;
    out.poll.period = Duration::milliseconds(100);  // business: under a wall millisecond
    out.poll.spread = {};
    out.poll.fresh = {};
    out.clock.set_clocks = false;
    out.clock.check_every = Duration::days(365);
    return out;
}

struct Setting {
    std::vector<engine::Event> events;
    headend::ProjectMeters meters;
};

Setting setting_of(const Campus& campus) {
    const auto field = [&](std::int32_t id) -> const sim::fleet::CampusMeter& {
        return campus.meters[static_cast<std::size_t>(id) - 1];
    };
    ProjectShape shape;
    shape.meters = static_cast<std::int32_t>(campus.meters.size());
    shape.start = business_start;
    shape.registers = [&](std::int32_t id) {
        rules::metering::Registers first;
        // The registers show hundredths; what the meter holds below them counts from there.
        first.value[0] = Quantity{field(id).initial_total.units / 100 * 100};
        first.count = 1;
        return first;
    };
    shape.link = [&](std::int32_t id) {
        engine::MeterLink link;
        link.profile = "imei";
        link.address = field(id).address;
        link.imei = field(id).imei;
        return link;
    };
    Setting out;
    out.events = set_up(shape);
    for (const engine::Event& event : out.events) {
        if (const auto* installed = std::get_if<engine::MeterInstalled>(&event)) {
            out.meters.meters.push_back(installed->meter);
        }
    }
    return out;
}

Campus campus_of(std::int32_t meters) {
    Campus out = sim::fleet::make_swarm(meters, "127.0.0.1:1", {});
    for (sim::fleet::CampusMeter& meter : out.meters) {
        meter.load = {sim::meter::LoadKind::flat, 3'000};
    }
    return out;
}

/// What has been used and done up to a moment.
struct Mark {
    std::chrono::steady_clock::time_point at;
    std::int64_t readings = 0;
    std::uint64_t answers = 0;
    CpuUse server;
    std::int64_t meters_us = 0;
    std::int64_t process_us = 0;
    std::map<pid_t, std::int64_t> database;
};

std::int64_t grown(const std::map<pid_t, std::int64_t>& from,
                   const std::map<pid_t, std::int64_t>& to) {
    std::int64_t out = 0;
    for (const auto& [pid, us] : to) {
        const auto before = from.find(pid);
        out += us - (before == from.end() ? 0 : before->second);
    }
    return out;
}

std::string per(std::int64_t numerator, std::int64_t denominator) {
    return denominator == 0 ? "0.00" : format_decimal(numerator * 100 / denominator, 2);
}

void compare(const Mark& a, const Mark& b, WireResult& out) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(b.at - a.at).count();
    out.seconds = format_decimal(us / 1000, 3);
    out.readings = b.readings - a.readings;
    out.readings_per_s = out.readings * 1'000'000 / us;
    out.answers_per_s = static_cast<std::int64_t>(b.answers - a.answers) * 1'000'000 / us;
    out.ratio_ingest = per(out.readings_per_s, out.ingest_per_s);

    WireShares spent;  // in microseconds first
    spent.meters = b.meters_us - a.meters_us;
    spent.sockets = b.server.reactor.kernel_us - a.server.reactor.kernel_us;
    spent.framing = b.server.reactor.user_us - a.server.reactor.user_us;
    spent.store = b.server.store_us - a.server.store_us;
    spent.engine = b.server.writer_us - a.server.writer_us - spent.store;
    spent.database = grown(a.database, b.database);
    spent.other =
        std::max<std::int64_t>(0, b.process_us - a.process_us - spent.meters - spent.sockets -
                                      spent.framing - spent.engine - spent.store);
    const std::int64_t ours =
        spent.sockets + spent.framing + spent.engine + spent.store + spent.database + spent.other;
    const std::int64_t all = std::max<std::int64_t>(1, ours + spent.meters);
    out.cpu_us_per_reading = per(ours, out.readings);
    const auto percent = [&](std::int64_t part) { return (part * 100 + all / 2) / all; };
    out.shares = {percent(spent.meters), percent(spent.sockets), percent(spent.framing),
                  percent(spent.engine), percent(spent.store),   percent(spent.database),
                  percent(spent.other)};
}

/// Server and meters, from the first link to the last durable reading.
class Field {
public:
    static Result<std::unique_ptr<Field>> make(Place& place, std::int32_t meters) {
        std::unique_ptr<Field> out(new Field(place));
        TRY_VOID(out->open(meters));
        return out;
    }
    ~Field() {
        meters_.stop();
        fleet_.reset();
        if (server_) {
            server_->stop();
        }
        if (headend_) {
            headend_->stop();
        }
    }

    Result<void> run(const WireOptions& options, WireResult& result) {
        server_->start();
        fleet_->begin();
        meters_.start();
        TRY_VOID(wait_for_all(options.meters));
        const Mark begin = mark();
        std::this_thread::sleep_for(std::chrono::seconds(options.seconds));
        compare(begin, mark(), result);
        meters_.stop();
        server_->stop();
        const headend::HeadendCounters counted = headend_->board().counters();
        result.timeouts = static_cast<std::int64_t>(counted.links.timeouts);
        result.dropped = static_cast<std::int64_t>(counted.readings_dropped);
        result.acknowledged = server_->durable_readings();
        if (server_->failed()) {
            return fail("bench.store_broke", ErrorKind::unavailable);
        }
        return {};
    }

private:
    explicit Field(Place& place) : place_(place) {}

    Result<void> open(std::int32_t meters) {
        Campus campus = campus_of(meters);
        Setting setting = setting_of(campus);
        server_ = TRY(ServerThreads::make(place_, std::move(setting.events), business_start));
        campus.clock = {business_start.us, sim::fleet::unix_wall_now().us, speed};
        clock_ = std::make_unique<CampusTime>(campus.clock);
        server_->set_clock([this] { return clock_->now(); });
        sink_ = std::make_unique<Sink>(server_->writer());
        headend_ = std::make_unique<headend::Headend>(
            server_->reactor(), settings(), headend::LinkProfiles::built_in(), *clock_, *sink_);
        const std::uint16_t port = TRY(headend_->listen({{}, "imei"}));
        headend_->configure(bench_project, setting.meters);
        campus.head_end = fmt::format("127.0.0.1:{}", port);
        sim::fleet::FleetOptions fleet;
        fleet.campus = std::move(campus);
        fleet_ = TRY(sim::fleet::Fleet::open(meters_.reactor(), std::move(fleet)));
        return {};
    }

    /// Until each meter has been read once: links, first rounds and their events are not measured.
    Result<void> wait_for_all(std::int64_t meters) {
        const auto until = std::chrono::steady_clock::now() + first_answers_max;
        for (;;) {
            const std::int64_t silent = meters - server_->reactor_thread().on([this] {
                const auto links = headend_->board().link_list(0, SIZE_MAX);
                return std::ranges::count_if(links, [](const headend::LinkView& link) {
                    return link.counters.frames >= first_round;
                });
            });
            if (silent <= 0) {
                return {};
            }
            if (std::chrono::steady_clock::now() > until || server_->failed()) {
                return fail(error("bench.meters_silent", ErrorKind::unavailable)
                                .with("silent", std::to_string(silent)));
            }
            std::this_thread::sleep_for(100ms);
        }
    }

    Mark mark() {
        Mark out;
        const std::vector<pid_t> processes = place_.server_processes();
        out.database = processes_cpu_us(processes, "postgres");
        out.server = server_->cpu();
        out.answers = server_->reactor_thread().on(
            [this] { return headend_->board().counters().links.frames; });
        out.meters_us = meters_.on([] { return this_thread_cpu_us(); });
        out.process_us = process_cpu_us();
        out.readings = server_->durable_readings();
        out.at = std::chrono::steady_clock::now();
        return out;
    }

    Place& place_;
    std::unique_ptr<ServerThreads> server_;
    std::unique_ptr<CampusTime> clock_;
    std::unique_ptr<Sink> sink_;
    std::unique_ptr<headend::Headend> headend_;
    ReactorThread meters_;
    std::unique_ptr<sim::fleet::Fleet> fleet_;
};

/// What the day rows hold, read back by the API's own reader.
void count_stored(store::Database& database, std::int32_t meters, WireResult& out) {
    using rules::metering::Outcome;
    const store::Reader reader(database);
    const CivilDate first = reader.day_of(bench_project, business_start).on;
    for (std::int32_t id = 1; id <= meters; ++id) {
        for (int day = 0; day <= 1; ++day) {
            for (const auto& reading : reader.day(bench_project, MeterId{id}, first + day)) {
                if (reading.at == business_start) {
                    continue;  // of the installation
                }
                ++out.stored;
                out.charged += reading.outcome == Outcome::charged ? 1 : 0;
                out.held += reading.outcome == Outcome::held ? 1 : 0;
                out.excluded += reading.outcome == Outcome::excluded ? 1 : 0;
            }
        }
    }
}

Result<void> enough_descriptors(std::int32_t meters) {
    const std::size_t needed =
        static_cast<std::size_t>(meters) * descriptors_per_meter + descriptors_besides;
    const std::size_t limit = net::raise_descriptor_limit();
    if (limit < needed) {
        return fail(error("bench.descriptor_limit")
                        .with("needed", std::to_string(needed))
                        .with("limit", std::to_string(limit)));
    }
    return {};
}

Result<std::int64_t> without_sockets(const WireOptions& options) {
    const auto place = TRY(Place::make(
        options.store, options.folder.empty() ? options.folder : options.folder / "ingest"));
    StreamShape shape;
    shape.meters = options.meters;
    shape.slots = static_cast<std::int32_t>(
        std::max<std::int64_t>(1, options.ingest_readings / options.meters));
    shape.start = business_start;
    shape.interval = Duration::seconds(12);  // of business: a tenth of a second on the wire
    return ingest_per_s(shape, *place);
}

Result<WireResult> measure(const WireOptions& options, Verify verify) {
    TRY_VOID(enough_descriptors(options.meters));
    WireResult out;
    out.meters = options.meters;
    out.ingest_per_s = TRY(without_sockets(options));
    const auto place = TRY(Place::make(
        options.store, options.folder.empty() ? options.folder : options.folder / "wire"));
    {
        const auto field = TRY(Field::make(*place, options.meters));
        TRY_VOID(field->run(options, out));
    }
    const auto database = place->reading();
    count_stored(*database, options.meters, out);
    out.verify_findings = verify == nullptr ? 0 : verify(*database);
    return out;
}

void print(const WireResult& r, std::ostream& out) {
    out << fmt::format(
        "wire             {:>9} readings of {} meters in {} s = {} durable a second\n", r.readings,
        r.meters, r.seconds, r.readings_per_s);
    out << fmt::format("answers          {:>9}/s, {} timeouts, {} dropped\n", r.answers_per_s,
                       r.timeouts, r.dropped);
    out << fmt::format("without sockets  {:>9}/s   ratio_ingest = {}\n", r.ingest_per_s,
                       r.ratio_ingest);
    out << fmt::format(
        "cpu              meters {}% | sockets {}%, framing and codec {}%, engine {}%, store {}%, "
        "database {}%, other {}%\n",
        r.shares.meters, r.shares.sockets, r.shares.framing, r.shares.engine, r.shares.store,
        r.shares.database, r.shares.other);
    out << fmt::format("cpu per reading  {} us, the meters' own apart\n", r.cpu_us_per_reading);
    out << fmt::format("stored           {} of {}: {} charged, {} held, {} excluded\n", r.stored,
                       r.acknowledged, r.charged, r.held, r.excluded);
    out << "verify           " << r.verify_findings << " findings\n";
}

}  // namespace

int run_wire(const WireOptions& options, Verify verify, std::ostream& out, std::ostream& err) {
    const auto result = measure(options, verify);
    return show(result, options.json, print, out, err) && result->stored == result->acknowledged &&
                   result->verify_findings == 0
               ? 0
               : 1;
}

}  // namespace mb::bench
