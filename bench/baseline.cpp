#include "bench/baseline.hpp"

#include "store/sqlite/database.hpp"

#include <chrono>

namespace mb::bench {

namespace {

constexpr std::int64_t batch = 8'192;

// Not in the store's catalogue: these tables exist in the bench's own file only.
constexpr const char* schema =
    "CREATE TABLE bench_row (project_id INTEGER, meter INTEGER, at INTEGER, total INTEGER, t1 "
    "INTEGER);"
    "CREATE TABLE bench_state (project_id INTEGER, meter INTEGER, at INTEGER, total INTEGER, t1 "
    "INTEGER,"
    " PRIMARY KEY (project_id, meter)) WITHOUT ROWID;";
constexpr store::Sql insert_row{"INSERT INTO bench_row VALUES ($1, $2, $3, $4, $5)"};
constexpr store::Sql upsert_state{
    "INSERT INTO bench_state VALUES ($1, $2, $3, $4, $5) ON CONFLICT (project_id, meter) DO UPDATE "
    "SET "
    "at = excluded.at, total = excluded.total, t1 = excluded.t1"};

void put(store::Session& session, const store::Sql& sql, const engine::ReadingTaken& reading) {
    store::Statement& statement = session.statement(sql);
    statement.bind_integer(1, 1);
    statement.bind_integer(2, reading.meter.value);
    statement.bind_integer(3, reading.at.us);
    statement.bind_integer(4, reading.registers.value[0].units);
    statement.bind_integer(5, reading.registers.value[1].units);
    statement.run();
}

}  // namespace

std::int64_t run_baseline(Baseline kind, const Stream& stream, std::int64_t rows,
                          const std::filesystem::path& folder) {
    const std::filesystem::path path = folder / "baseline.db";
    for (const char* end : {"", "-wal", "-shm"}) {
        std::filesystem::remove(path.string() + end);
    }
    store::sqlite::DatabaseOptions options;
    options.path = path.string();
    store::sqlite::SqliteDatabase database(options);
    store::Lease session = database.write();
    session->script(schema);
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
