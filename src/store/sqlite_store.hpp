// A data folder opened as the store of a server: the lock, the database, the schema, the lease row.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "store/folder_lock.hpp"
#include "store/open_store.hpp"
#include "store/sql_store.hpp"
#include "store/sqlite/database.hpp"

namespace mb::store {

struct SqliteStoreOptions {
    std::string folder = {};     // exists; the database is `folder`/meterbook.db
    Instant wall_now = {};       // kept with migrations and the lease
    std::string holder = {};     // shown to whoever is refused: "host, process"
    std::string vfs = {};        // the simulator's faulty disk
    bool exclusive = false;      // for a VFS without shared memory
    bool lock = true;            // off where the folder is not a real one
    std::int64_t max_pages = 0;  // tests: a small disk
};

class SqliteStore final : public OpenStore {
public:
    /// Errors: store.in_use {folder, holder}, store.newer_schema {version}, store.migration_changed
    /// {name}. Throws StoreUnavailable, StoreCorrupt.
    static Result<std::unique_ptr<SqliteStore>> open(const SqliteStoreOptions& options);

    [[nodiscard]] writer::Store& writer_store() override { return store_; }
    [[nodiscard]] Database& database() override { return database_; }
    [[nodiscard]] MeterLists& lists() override { return store_.lists(); }
    [[nodiscard]] std::int64_t epoch() const override { return epoch_; }

private:
    SqliteStore(std::unique_ptr<FolderLock> lock, const SqliteStoreOptions& options);

    std::unique_ptr<FolderLock> lock_;
    sqlite::SqliteDatabase database_;
    SqlStore store_;
    std::int64_t epoch_ = 0;
};

/// File name of the database inside a data folder.
std::string sqlite_path(const std::string& folder);

}  // namespace mb::store
