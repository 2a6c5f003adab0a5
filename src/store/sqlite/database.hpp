// SQLite behind the seam: one connection that writes, guarded by a mutex, and a pool that reads.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "store/database.hpp"
#include "store/sqlite/connection.hpp"

namespace mb::store::sqlite {

struct DatabaseOptions {
    std::string path = {};
    std::string vfs = {};    // "" = the platform's own; the simulator passes its faulty disk
    bool read_only = false;  // write() is refused: for verify beside a running server
    bool exclusive = false;  // one connection for everything; see ConnectionOptions
    int readers_max = 8;
    std::int64_t max_pages = 0;
};

class SqliteDatabase final : public Database {
public:
    /// Creates the file when missing (not read-only). Throws StoreUnavailable, StoreCorrupt.
    explicit SqliteDatabase(DatabaseOptions options);
    ~SqliteDatabase() override;

    Lease read() override;
    Lease write() override;
    [[nodiscard]] const Dialect& dialect() const override;

    /// After the schema changed; see Connection.
    void fix_plan_statistics();

private:
    class Writer;
    class Readers;

    DatabaseOptions options_;
    std::unique_ptr<Writer> writer_;
    std::unique_ptr<Readers> readers_;
};

}  // namespace mb::store::sqlite
