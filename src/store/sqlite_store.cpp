#include "store/sqlite_store.hpp"

#include "base/check.hpp"
#include "store/migrations.hpp"
#include "store/writer_lease.hpp"

namespace mb::store {

namespace {

sqlite::DatabaseOptions database_options(const SqliteStoreOptions& options) {
    sqlite::DatabaseOptions out;
    out.path = sqlite_path(options.folder);
    out.vfs = options.vfs;
    out.exclusive = options.exclusive;
    out.max_pages = options.max_pages;
    return out;
}

/// Every opening raises the epoch, so that rows tell under which one they were written.
std::int64_t take_lease(Session& session, const SqliteStoreOptions& options) {
    const auto seen = read_lease(session);
    WriterLease mine;
    mine.holder = options.holder;
    mine = following(seen, std::move(mine), options.wall_now);
    CHECK(change_lease(session, seen, mine));  // the file lock keeps others out
    return mine.epoch;
}

}  // namespace

std::string sqlite_path(const std::string& folder) { return folder + "/meterbook.db"; }

SqliteStore::SqliteStore(std::unique_ptr<FolderLock> lock, const SqliteStoreOptions& options)
    : lock_(std::move(lock)), database_(database_options(options)), store_(database_) {}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const SqliteStoreOptions& options) {
    std::unique_ptr<FolderLock> lock;
    if (options.lock) {
        lock = std::make_unique<FolderLock>(TRY(FolderLock::take(options.folder)));
    }
    std::unique_ptr<SqliteStore> out(new SqliteStore(std::move(lock), options));
    int ran = 0;
    {
        const Lease session = out->database_.write();
        ran = TRY(migrate(*session, out->database_.dialect(), options.wall_now));
        out->epoch_ = take_lease(*session, options);
    }
    if (ran > 0) {
        out->database_.fix_plan_statistics();
    }
    return out;
}

}  // namespace mb::store
