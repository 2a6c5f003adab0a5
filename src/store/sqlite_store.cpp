#include "store/sqlite_store.hpp"

#include "store/columns.hpp"
#include "store/migrations.hpp"
#include "store/statements/people.hpp"

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
    Transaction transaction(session);
    std::int64_t epoch = 1;
    Statement& row = session.statement(sql::writer_lease_all);
    while (row.next()) {
        epoch = row.integer(2) + 1;
    }
    RowBinder(session.statement(sql::writer_lease_put))
        .add("writer")
        .add(options.holder)
        .add(epoch)
        .add(options.wall_now)
        .run();
    transaction.commit();
    return epoch;
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
