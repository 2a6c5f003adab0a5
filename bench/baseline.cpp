#include "bench/baseline.hpp"

#include <fmt/format.h>
#include <chrono>

namespace mb::bench {

namespace {

constexpr std::int64_t batch = 8'192;

// Not in the store's catalogue: these tables exist in the bench's own file or schema only.
std::string schema(const store::Dialect& dialect) {
    const std::string columns =
        fmt::format("project_id {0}, meter {0}, read_at {0}, total {0}, t1 {0}", dialect.i64);
    return fmt::format(
        "CREATE TABLE bench_row ({0}){1};"
        "CREATE TABLE bench_state ({0}, PRIMARY KEY (project_id, meter)){2};",
        columns, dialect.heap, dialect.clustered);
}

constexpr store::Sql insert_row{
    "INSERT INTO bench_row (project_id, meter, read_at, total, t1) VALUES ($1, $2, $3, $4, $5)"};
constexpr store::Sql upsert_state{
    "INSERT INTO bench_state (project_id, meter, read_at, total, t1) VALUES ($1, $2, $3, $4, $5) "
    "ON CONFLICT (project_id, meter) DO UPDATE SET "
    "read_at = excluded.read_at, total = excluded.total, t1 = excluded.t1"};

void put(store::Session& session, const store::Sql& sql, const engine::ReadingTaken& reading) {
    store::Statement& statement = session.statement(sql);
    statement.bind_integer(1, 1);
    statement.bind_integer(2, reading.meter.value);
    statement.bind_integer(3, reading.at.us);
    statement.bind_integer(4, reading.registers.value[0].units);
    statement.bind_integer(5, reading.registers.value[1].units);
    statement.queue();
}

}  // namespace

std::int64_t run_baseline(Baseline kind, const Stream& stream, std::int64_t rows,
                          store::Database& database) {
    store::Lease session = database.write();
    session->script(schema(database.dialect()));
    const auto start = std::chrono::steady_clock::now();
    const std::int64_t per_commit = kind == Baseline::commit_each ? 1 : batch;
    for (std::int64_t i = 0; i < rows;) {
        store::Transaction transaction(*session);
        const std::int64_t end = std::min(rows, i + per_commit);
        for (; i < end; ++i) {
            const engine::ReadingTaken reading = stream.at(i);
            put(*session, insert_row, reading);
            if (kind == Baseline::row_and_state) {
                put(*session, upsert_state, reading);
            }
        }
        transaction.commit();
    }
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(
                        std::chrono::steady_clock::now() - start)
                        .count();
    return us > 0 ? rows * 1'000'000 / us : 0;
}

}  // namespace mb::bench
