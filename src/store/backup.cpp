#include "store/backup.hpp"

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "store/folder_lock.hpp"
#include "store/migrations.hpp"
#include "store/postgres/dump.hpp"
#include "store/postgres/scratch_database.hpp"
#include "store/sqlite/copy.hpp"
#include "store/sqlite_store.hpp"
#include "writer/store.hpp"

namespace mb::store {

namespace {

namespace fs = std::filesystem;

constexpr const char* lock_name = "meterbook.lock";
// Of the data folder. Everything else there is the folder's own (lock, id, socket) or belongs to
// the demo's meters and channel, which live on outside the books.
constexpr const char* clock_name = "clock.json";

/// The folder in which a backup grows, gone again unless it is finished.
class Growing {
public:
    static Result<std::unique_ptr<Growing>> begin(const fs::path& to) {
        const fs::path parent = fs::absolute(to).parent_path();
        if (fs::exists(fs::symlink_status(to))) {
            return fail(error("backup.exists", ErrorKind::conflict).with("path", to.string()));
        }
        if (!fs::is_directory(parent)) {
            return fail(
                error("backup.no_folder", ErrorKind::not_found).with("path", parent.string()));
        }
        const fs::path path = to.string() + ".partial";
        fs::create_directory(path);
        fs::permissions(path, fs::perms::owner_all);
        auto lock = FolderLock::take(path.string());
        if (!lock) {
            return fail(
                error("backup.in_progress", ErrorKind::conflict).with("path", path.string()));
        }
        std::unique_ptr<Growing> out(new Growing(path, to, std::move(*lock)));
        out->empty();  // an earlier backup was killed
        return out;
    }
    Growing(const Growing&) = delete;
    Growing& operator=(const Growing&) = delete;
    ~Growing() {
        std::error_code none;
        if (!finished_) {
            fs::remove_all(path_, none);
        }
    }

    [[nodiscard]] const fs::path& path() const { return path_; }
    void finish() {
        fs::remove(path_ / lock_name);
        make_durable(path_);
        fs::rename(path_, to_);
        finished_ = true;
        make_durable(fs::absolute(to_).parent_path());
    }

private:
    Growing(fs::path path, fs::path to, FolderLock lock)
        : path_(std::move(path)), to_(std::move(to)), lock_(std::move(lock)) {}
    void empty() {
        for (const auto& entry : fs::directory_iterator(path_)) {
            if (entry.path().filename() != lock_name) {
                fs::remove_all(entry.path());
            }
        }
    }

    fs::path path_;
    fs::path to_;
    FolderLock lock_;
    bool finished_ = false;
};

Error unclean(const std::string& count, const std::string& first) {
    return error("backup.unclean", ErrorKind::unprocessable)
        .with("findings", count)
        .with("first", first);
}

Result<void> check_end(Session& session, const BackupManifest& manifest) {
    if (!same_end(read_moment(session).projects, manifest.projects)) {
        return fail(unclean("1", "the log ends elsewhere"));
    }
    return {};
}

Result<void> check_rows(Database& copy, const std::vector<VerifyStep>& steps) {
    const VerifyReport report = verify(copy, steps);
    if (report.clean()) {
        return {};
    }
    const VerifyFinding& first = report.findings.front();
    return fail(
        unclean(std::to_string(static_cast<std::int64_t>(report.findings.size()) + report.left_out),
                first.code + " " + first.table + " " + first.key));
}

Result<void> check_pages(Session& session) {
    const auto lines = session.self_check();
    if (!lines.empty()) {
        return fail(unclean(std::to_string(lines.size()), lines.front()));
    }
    return {};
}

/// By restoring it beside the database it came from.
Result<void> check_dump(const BackupOptions& options, const std::string& dump,
                        const BackupManifest& manifest) {
    if (!options.verify) {
        return postgres::read_dump(dump);
    }
    const auto scratch = TRY(postgres::ScratchDatabase::make(options.from.store));
    TRY_VOID(postgres::restore_dump(scratch->conninfo(), dump));
    const auto copy = TRY(open_read_only({scratch->conninfo(), ""}));
    TRY_VOID(check_end(*copy->read(), manifest));
    return check_rows(*copy, *options.verify);
}

Result<void> check_copy(const BackupOptions& options, const fs::path& folder,
                        const BackupManifest& manifest) {
    if (!options.from.is_sqlite()) {
        return check_dump(options, (folder / backup_data_name(manifest.engine)).string(), manifest);
    }
    const auto copy = TRY(open_read_only({"sqlite", folder.string()}));
    TRY_VOID(check_end(*copy->read(), manifest));
    return options.verify ? check_rows(*copy, *options.verify) : check_pages(*copy->read());
}

/// The books, in their moment; the manifest without its files.
Result<BackupManifest> copy_books(const BackupOptions& options, const fs::path& folder) {
    BackupManifest out;
    out.engine = options.from.is_sqlite() ? "sqlite" : "postgres";
    out.made_at = options.wall_now;
    CopyHooks hooks;
    hooks.progress = options.progress;
    hooks.look = [&](Session& session) {
        StoreMoment moment = read_moment(session);
        out.schema_version = moment.schema_version;
        out.writer_epoch = moment.epoch;
        out.projects = std::move(moment.projects);
    };
    hooks.room = [&](std::int64_t bytes) { return check_space(folder, bytes); };
    const std::string path = (folder / backup_data_name(out.engine)).string();
    if (options.from.is_sqlite()) {
        TRY_VOID(sqlite::copy_database(sqlite_path(options.from.folder), path, hooks));
    } else {
        TRY_VOID(postgres::dump_database(options.from.store, path, hooks));
    }
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    make_durable(path);
    return out;
}

}  // namespace

Result<BackupManifest> backup(const BackupOptions& options) {
    if (options.from.is_sqlite() && !fs::exists(sqlite_path(options.from.folder))) {
        return fail(error("store.missing", ErrorKind::not_found)
                        .with("path", sqlite_path(options.from.folder)));
    }
    const auto growing = TRY(Growing::begin(options.to));
    BackupManifest manifest = TRY(copy_books(options, growing->path()));
    TRY_VOID(check_copy(options, growing->path(), manifest));
    manifest.files.push_back(describe_file(growing->path(), backup_data_name(manifest.engine)));
    const fs::path clock = fs::path(options.from.folder) / clock_name;
    if (fs::exists(clock)) {
        copy_durably(clock, growing->path() / clock_name);
        manifest.files.push_back(describe_file(growing->path(), clock_name));
    }
    write_manifest(growing->path(), manifest);
    growing->finish();
    return manifest;
}

}  // namespace mb::store
