#include "app/rerate_measured.hpp"

#include "app/rerate_lines.hpp"
#include "bench/cpu.hpp"
#include "bench/memory.hpp"
#include "store/sql_store.hpp"

#include <chrono>

namespace mb::app {

namespace {

std::int64_t us_since(std::chrono::steady_clock::time_point from) {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                                 from)
        .count();
}

}  // namespace

bench::Rerated rerate_measured(store::Database& database, ProjectId project, CivilDate from,
                               CivilDate to, int threads) {
    bench::Rerated out;
    const auto begun = std::chrono::steady_clock::now();
    store::SqlStore store(database);
    writer::Loaded now = writer::load_newest(store, project);
    const StoredReadings readings(database, project, now);
    const engine::State& state = now.engine.state();
    out.load_us = us_since(begun);
    const auto loaded = std::chrono::steady_clock::now();
    const std::int64_t cpu_loaded_us = bench::process_cpu_us();
    const std::vector<RatedAgreement> rated =
        rerate_all({now.engine,
                    state.tariffs,
                    readings,
                    {rules::billing::cycle_of(from), rules::billing::cycle_of(to)}},
                   points_to_rate(state, {}), threads, [](std::size_t) {});
    out.sha256 =
        each_line(state, state.tariffs, rated, [&](const auto&, const auto&) { ++out.lines; });
    out.rate_us = us_since(loaded);
    out.rate_cpu_us = bench::process_cpu_us() - cpu_loaded_us;
    out.own_bytes = bench::own_bytes();
    for (const RatedAgreement& one : rated) {
        ++out.agreements;
        out.refused += one.refused ? 1 : 0;
        for (const AmountLine& line : one.lines) {
            out.energy += line.line.quantity;
        }
    }
    return out;
}

}  // namespace mb::app
