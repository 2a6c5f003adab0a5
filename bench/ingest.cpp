#include "bench/ingest.hpp"

#include "bench/baseline.hpp"
#include "bench/place.hpp"
#include "bench/project.hpp"
#include "bench/show.hpp"
#include "writer/writer.hpp"

#include <fmt/format.h>
#include <chrono>
#include <ostream>

namespace mb::bench {

namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::int64_t batch = 8'192;

std::int64_t us_since(SteadyClock::time_point start) {
    return std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - start)
        .count();
}

std::string hundredths(std::int64_t numerator, std::int64_t denominator) {
    return denominator == 0 ? "0.00" : format_decimal(numerator * 100 / denominator, 2);
}

struct Times {
    std::int64_t batches = 0;
    std::int64_t flush = 0;
    std::int64_t checkpoint = 0;
    [[nodiscard]] std::int64_t all() const { return batches + flush + checkpoint; }
};

class Run {
public:
    Run(const Stream& stream, writer::Writer& writer) : stream_(stream), writer_(writer) {}

    void prepare() {
        ProjectShape shape;
        shape.meters = stream_.shape().meters;
        shape.start = stream_.shape().start;
        shape.registers = [this](std::int32_t id) { return stream_.first(id); };
        load(writer_, set_up(shape), shape.start);
    }

    Times go() {
        Times out;
        const std::int64_t size = stream_.size();
        for (std::int64_t i = 0; i < size;) {
            const std::int64_t end = std::min(size, i + batch);
            const auto start = SteadyClock::now();
            const Instant now = stream_.time_of(end - 1);
            for (; i < end; ++i) {
                submit(stream_.at(i));
            }
            run_all(now);
            out.batches += us_since(start);
            background(out);
        }
        const auto start = SteadyClock::now();
        writer_.stop(wall());
        out.checkpoint += us_since(start);
        return out;
    }

private:
    static Instant wall() {
        return {std::chrono::duration_cast<std::chrono::microseconds>(
                    SteadyClock::now().time_since_epoch())
                    .count()};
    }
    void submit(engine::Event event) {
        CHECK(writer_.submit({bench_project, std::move(event), {}, {}}));
    }
    void run_all(Instant business) {
        do {
            CHECK(writer_.run_batch({business, wall(), 1}));
        } while (writer_.queued() > 0);
    }
    /// As WriterThread does between batches: the dirty set at most a second behind, checkpoints
    /// when due.
    void background(Times& out) {
        const auto start = SteadyClock::now();
        if (us_since(last_flush_) >= 1'000'000 || flushing_) {
            flushing_ = writer_.flush_slice();
            if (!flushing_) {
                last_flush_ = SteadyClock::now();
            }
        }
        out.flush += us_since(start);
        const auto checkpoint = SteadyClock::now();
        writer_.checkpoint_slice(wall());
        out.checkpoint += us_since(checkpoint);
    }

    const Stream& stream_;
    writer::Writer& writer_;
    SteadyClock::time_point last_flush_ = SteadyClock::now();
    bool flushing_ = false;
};

void measure_baselines(const IngestOptions& options, const Stream& stream, Place& place,
                       IngestResult& out) {
    const auto rate = [&](Baseline kind, std::int64_t rows) {
        const auto database = place.bare();
        return run_baseline(kind, stream, std::min(rows, stream.size()), *database);
    };
    out.row_per_s = rate(Baseline::row, options.baseline_rows);
    out.row_and_state_per_s = rate(Baseline::row_and_state, options.baseline_rows);
    out.commit_each_per_s = rate(Baseline::commit_each, options.commit_each_rows);
    out.ratio_row = hundredths(out.readings_per_s, out.row_per_s);
    out.ratio_row_and_state = hundredths(out.readings_per_s, out.row_and_state_per_s);
    out.ratio_commit_each = hundredths(out.readings_per_s, out.commit_each_per_s);
}

Result<IngestResult> measure(const IngestOptions& options, Place& place) {
    const Stream stream(options.shape);
    IngestResult out;
    {
        const auto store = TRY(place.open(stream.shape().start));
        writer::Writer writer(store->writer_store(), {}, {});
        Run run(stream, writer);
        run.prepare();
        const Times times = run.go();
        out.readings = stream.size();
        out.seconds = format_decimal(times.all() / 1000, 3);
        out.readings_per_s = stream.size() * 1'000'000 / std::max<std::int64_t>(1, times.all());
        out.where =
            fmt::format("batches {}%, flush {}% ({} rows), checkpoints {}%",
                        times.batches * 100 / times.all(), times.flush * 100 / times.all(),
                        writer.counters().flushed_rows, times.checkpoint * 100 / times.all());
    }
    if (options.baselines) {
        measure_baselines(options, stream, place, out);
    }
    return out;
}

void print(const IngestResult& r, std::ostream& out) {
    out << fmt::format("ingest           {:>12} readings in {} s = {} readings/s\n", r.readings,
                       r.seconds, r.readings_per_s);
    out << "where            " << r.where << "\n";
    out << fmt::format("row              {:>12}/s   ratio_row = {}\n", r.row_per_s, r.ratio_row);
    out << fmt::format("row and state    {:>12}/s   ratio_row_and_state = {}\n",
                       r.row_and_state_per_s, r.ratio_row_and_state);
    out << fmt::format("commit each      {:>12}/s   ratio_commit_each = {}\n", r.commit_each_per_s,
                       r.ratio_commit_each);
    out << "verify           " << r.verify_findings << " findings\n";
}

}  // namespace

Result<std::int64_t> ingest_per_s(const StreamShape& shape, Place& place) {
    IngestOptions options;
    options.shape = shape;
    options.baselines = false;
    return TRY(measure(options, place)).readings_per_s;
}

int run_ingest(const IngestOptions& options, Verify verify, std::ostream& out, std::ostream& err) {
    const auto run = [&]() -> Result<IngestResult> {
        const auto place = TRY(Place::make(options.store, options.folder));
        IngestResult result = TRY(measure(options, *place));
        const auto database = place->reading();
        result.verify_findings = verify == nullptr ? 0 : verify(*database);
        return result;
    };
    const auto result = run();
    return show(result, options.json, print, out, err) && result->verify_findings == 0 ? 0 : 1;
}

}  // namespace mb::bench
