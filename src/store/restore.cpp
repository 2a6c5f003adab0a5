#include "store/restore.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <memory>
#include <system_error>
#include <utility>

#include "engine/version.hpp"
#include "store/folder_lock.hpp"
#include "store/migrations.hpp"
#include "store/postgres/database.hpp"
#include "store/postgres/dump.hpp"
#include "store/postgres/opening_lock.hpp"
#include "store/sqlite/database.hpp"
#include "store/sqlite_store.hpp"
#include "store/statements/people.hpp"
#include "store/writer_lease.hpp"

namespace mb::store {

namespace {

namespace fs = std::filesystem;

constexpr const char* growing_name = "restore.partial";  // inside the data folder
constexpr std::int64_t us_per_second = 1'000'000;

Result<BackupManifest> checked_manifest(const RestoreOptions& options) {
    BackupManifest manifest = TRY(read_manifest(options.from));
    const std::string engine = options.to.is_sqlite() ? "sqlite" : "postgres";
    if (manifest.engine != engine) {
        return fail(error("backup.other_engine", ErrorKind::conflict)
                        .with("backup", manifest.engine)
                        .with("store", engine));
    }
    const std::int64_t known = std::stoll(std::string(migration_files().back().name));
    if (manifest.schema_version > known) {
        return fail(error("backup.newer_schema", ErrorKind::conflict)
                        .with("backup", std::to_string(manifest.schema_version))
                        .with("program", std::to_string(known)));
    }
    for (const ProjectMark& mark : manifest.projects) {
        if (mark.engine_version != engine::engine_version) {
            return fail(error("backup.other_program", ErrorKind::conflict)
                            .with("engine_version", std::to_string(mark.engine_version))
                            .with("this", std::to_string(engine::engine_version)));
        }
    }
    TRY_VOID(check_files(options.from, manifest));
    return manifest;
}

Result<void> check_empty(const StoreChoice& to) {
    if (to.is_sqlite()) {
        for (const char* suffix : {"", "-wal", "-journal"}) {
            const std::string path = sqlite_path(to.folder) + suffix;
            if (fs::exists(path)) {
                return fail(error("store.not_empty", ErrorKind::conflict).with("path", path));
            }
        }
        return {};
    }
    const std::int64_t there = postgres::relations(to.store);
    if (there > 0) {
        return fail(
            error("store.not_empty", ErrorKind::conflict).with("relations", std::to_string(there)));
    }
    return {};
}

/// Each start raises the epoch by one, and there are fewer starts than seconds: the second of now
/// lies above every epoch that a server has had since the backup.
Result<void> shut_out_old_servers(Session& session, const BackupManifest& manifest,
                                  Instant wall_now) {
    const auto seen = read_lease(session);
    WriterLease mine = following(seen, {}, wall_now);
    mine.epoch = std::max({mine.epoch, manifest.writer_epoch + 1, wall_now.us / us_per_second});
    if (!change_lease(session, seen, mine)) {
        return fail(error("store.in_use", ErrorKind::conflict).with("holder", "another server"));
    }
    return {};
}

void end_sessions(Session& session) {
    Transaction transaction(session);
    Statement& all = session.statement(sql::session_drop_expired);
    all.bind_integer(1, std::numeric_limits<std::int64_t>::max());
    all.run();
    transaction.commit();
}

/// Up to this program's schema, then verify. The log must end where the manifest says.
Result<Restored> bring_up(Database& database, BackupManifest manifest,
                          const RestoreOptions& options) {
    Restored out;
    {
        const Lease session = database.write();
        out.migrations = TRY(migrate(*session, database.dialect(), options.wall_now));
        TRY_VOID(shut_out_old_servers(*session, manifest, options.wall_now));
        end_sessions(*session);
    }
    {
        const Lease session = database.read();
        if (!same_end(read_moment(*session).projects, manifest.projects)) {
            return fail(error("backup.damaged", ErrorKind::unprocessable)
                            .with("file", manifest.files.front().name)
                            .with("why", "the log ends elsewhere"));
        }
    }
    out.report = verify(database, options.steps);
    out.manifest = std::move(manifest);
    return out;
}

/// Files beside the books; what the folder has kept itself is newer.
void restore_others(const RestoreOptions& options, const BackupManifest& manifest) {
    for (std::size_t i = 1; i < manifest.files.size(); ++i) {
        const fs::path name = fs::path(manifest.files[i].name).filename();
        if (!fs::exists(options.to.folder / name)) {
            copy_durably(options.from / name, options.to.folder / name);
        }
    }
}

/// Removed with whatever is in it.
class GrowingFolder {
public:
    explicit GrowingFolder(fs::path path) : path_(std::move(path)) {
        fs::remove_all(path_);  // an earlier restore was killed
        fs::create_directory(path_);
        fs::permissions(path_, fs::perms::owner_all);
    }
    GrowingFolder(const GrowingFolder&) = delete;
    GrowingFolder& operator=(const GrowingFolder&) = delete;
    ~GrowingFolder() {
        std::error_code none;
        fs::remove_all(path_, none);
    }
    [[nodiscard]] std::string path() const { return path_.string(); }

private:
    fs::path path_;
};

Result<Restored> restore_sqlite(const RestoreOptions& options, BackupManifest manifest) {
    const BackupFile books = manifest.files.front();
    TRY_VOID(check_space(options.to.folder, books.size));
    const GrowingFolder growing(fs::path(options.to.folder) / growing_name);
    copy_durably(fs::path(options.from) / books.name, sqlite_path(growing.path()));
    fs::permissions(sqlite_path(growing.path()), fs::perms::owner_read | fs::perms::owner_write);
    auto database = std::make_unique<sqlite::SqliteDatabase>(
        sqlite::DatabaseOptions{.path = sqlite_path(growing.path())});
    Restored out = TRY(bring_up(*database, std::move(manifest), options));
    if (out.migrations > 0) {
        database->fix_plan_statistics();
    }
    database.reset();  // what its log holds goes into the file
    if (!out.report.clean()) {
        return out;
    }
    make_durable(sqlite_path(growing.path()));
    restore_others(options, out.manifest);
    fs::rename(sqlite_path(growing.path()), sqlite_path(options.to.folder));
    make_durable(options.to.folder);
    return out;
}

Result<Restored> restore_postgres(const RestoreOptions& options, BackupManifest manifest) {
    const postgres::OpeningLock opening({options.to.store, "", false, true});
    TRY_VOID(check_empty(options.to));
    const fs::path dump = fs::path(options.from) / manifest.files.front().name;
    TRY_VOID(postgres::restore_dump(options.to.store, dump.string()));
    postgres::PostgresDatabase database({.conninfo = options.to.store, .patient = true});
    Restored out = TRY(bring_up(database, std::move(manifest), options));
    restore_others(options, out.manifest);
    return out;
}

}  // namespace

Result<Restored> restore(const RestoreOptions& options) {
    BackupManifest manifest = TRY(checked_manifest(options));
    TRY_VOID(check_empty(options.to));
    fs::create_directories(options.to.folder);
    const FolderLock lock = TRY(FolderLock::take(options.to.folder));
    if (options.to.is_sqlite()) {
        TRY_VOID(check_empty(options.to));
        return restore_sqlite(options, std::move(manifest));
    }
    return restore_postgres(options, std::move(manifest));
}

}  // namespace mb::store
