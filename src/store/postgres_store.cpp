#include "store/postgres_store.hpp"

#include <algorithm>
#include <thread>

#include "base/log.hpp"
#include "store/migrations.hpp"
#include "store/postgres/opening_lock.hpp"

namespace mb::store {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds look_every_most{200};

postgres::DatabaseOptions database_options(const PostgresStoreOptions& options) {
    postgres::DatabaseOptions out;
    out.conninfo = options.conninfo;
    out.schema = options.schema;
    return out;
}

bool is_free(const std::optional<WriterLease>& seen, const std::optional<std::string>& folder) {
    return !seen || seen->holder.empty() || (folder != "" && seen->folder == folder);
}

Error in_use(const WriterLease& by) {
    return error("store.in_use", ErrorKind::conflict)
        .with("holder", by.holder)
        .with("epoch", std::to_string(by.epoch));
}

/// Watches the row until its heartbeat has stood still for `patience` by this process's clock.
Result<void> wait_for_death(Session& session, const WriterLease& seen,
                            std::chrono::milliseconds patience) {
    log::warn("the writer lease is held by {}; watching its heartbeat for {} ms", seen.holder,
              patience.count());
    const Clock::time_point since = Clock::now();
    while (Clock::now() - since < patience) {
        std::this_thread::sleep_for(std::min(look_every_most, patience / 4));
        const auto row = read_lease(session);
        if (!row || row->epoch != seen.epoch || row->heartbeat_at != seen.heartbeat_at) {
            return fail(in_use(row ? *row : seen));
        }
    }
    return {};
}

}  // namespace

PostgresStore::PostgresStore(std::unique_ptr<FolderLock> lock, const PostgresStoreOptions& options)
    : lock_(std::move(lock)), database_(database_options(options)), store_(database_) {}

PostgresStore::~PostgresStore() {
    heartbeat_.reset();
    if (!lease_) {
        return;
    }
    try {
        lease_->give_back(*database_.write());
    } catch (const std::exception& why) {
        log::warn("the writer lease stays with this process's name: {}", why.what());
    }
}

Result<void> PostgresStore::take_lease(const PostgresStoreOptions& options) {
    WriterLease mine;
    mine.holder = options.holder.empty() ? "unnamed" : options.holder;
    if (lock_) {
        mine.folder = folder_id(options.folder);
    }
    const Lease session = database_.write();
    const auto seen = read_lease(*session);
    if (!is_free(seen, mine.folder)) {
        TRY_VOID(wait_for_death(*session, *seen, options.patience));
        log::warn("taking the writer lease over from {}", seen->holder);
    }
    mine = following(seen, std::move(mine), options.wall_now);
    if (!change_lease(*session, seen, mine)) {
        return fail(in_use(read_lease(*session).value_or(mine)));
    }
    lease_ = std::make_unique<postgres::HeldLease>(mine);
    return {};
}

Result<std::unique_ptr<PostgresStore>> PostgresStore::open(const PostgresStoreOptions& options) {
    std::unique_ptr<FolderLock> lock;
    if (!options.folder.empty()) {
        lock = std::make_unique<FolderLock>(TRY(FolderLock::take(options.folder)));
    }
    const postgres::OpeningLock opening({options.conninfo, options.schema, false});
    std::unique_ptr<PostgresStore> out(new PostgresStore(std::move(lock), options));
    const auto bring_up = [&] {
        const Lease session = out->database_.write();
        return migrate(*session, out->database_.dialect(), options.wall_now);
    };
    if (opening.is_new()) {
        TRY(bring_up());
    }
    TRY_VOID(out->take_lease(options));
    out->database_.hold(out->lease_.get());
    out->heartbeat_ = std::make_unique<postgres::Heartbeat>(
        postgres::ConnectionOptions{options.conninfo, options.schema, false}, *out->lease_,
        options.heartbeat_every);
    TRY(bring_up());
    return out;
}

}  // namespace mb::store
