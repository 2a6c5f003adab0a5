// A PostgreSQL database opened as the store of a server: the schema, the writer lease with its
// heartbeat, and the data folder's lock where there is a folder.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "store/folder_lock.hpp"
#include "store/open_store.hpp"
#include "store/postgres/database.hpp"
#include "store/postgres/heartbeat.hpp"
#include "store/sql_store.hpp"
#include "store/writer_lease.hpp"

namespace mb::store {

struct PostgresStoreOptions {
    std::string conninfo = {};  // of libpq; the database exists and keeps its text in UTF-8
    std::string schema = {};    // made when missing; "" = the role's own search path
    std::string folder = {};    // data folder to lock; "" = none
    Instant wall_now = {};      // kept with migrations
    std::string holder = {};    // shown to whoever is refused: "host, process"
    std::chrono::milliseconds heartbeat_every{1000};
    std::chrono::milliseconds patience{5000};  // so long a heartbeat must stand still
};

class PostgresStore final : public OpenStore {
public:
    /// Takes the lease: at once when nobody holds it or its holder had locked this very folder;
    /// else after watching its heartbeat stand still for `patience`. Errors: store.in_use {holder,
    /// epoch} or {folder, holder}, store.newer_schema {version}, store.migration_changed {name}.
    /// Throws StoreUnavailable, StoreCorrupt.
    static Result<std::unique_ptr<PostgresStore>> open(const PostgresStoreOptions& options);
    /// Gives the lease back.
    ~PostgresStore() override;

    [[nodiscard]] writer::Store& writer_store() override { return store_; }
    [[nodiscard]] Database& database() override { return database_; }
    [[nodiscard]] MeterLists& lists() override { return store_.lists(); }
    [[nodiscard]] std::int64_t epoch() const override { return lease_ ? lease_->epoch() : 0; }

private:
    PostgresStore(std::unique_ptr<FolderLock> lock, const PostgresStoreOptions& options);
    Result<void> take_lease(const PostgresStoreOptions& options);

    std::unique_ptr<FolderLock> lock_;
    std::unique_ptr<postgres::HeldLease> lease_;
    postgres::PostgresDatabase database_;
    SqlStore store_;
    std::unique_ptr<postgres::Heartbeat> heartbeat_;
};

}  // namespace mb::store
