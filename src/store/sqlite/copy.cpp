#include "store/sqlite/copy.hpp"

#include <sqlite3.h>

#include <memory>

#include "store/sqlite/connection.hpp"
#include "store/sqlite/errors.hpp"
#include "writer/store.hpp"

namespace mb::store::sqlite {

namespace {

constexpr int pages_per_step = 4096;  // 16 MiB
constexpr int busy_tries = 200;
constexpr int busy_wait_ms = 50;

struct CloseDatabase {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
using DatabasePtr = std::unique_ptr<sqlite3, CloseDatabase>;

struct FinishBackup {
    void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
};

DatabasePtr create(const std::string& path) {
    sqlite3* made = nullptr;
    const int code = sqlite3_open_v2(
        path.c_str(), &made,
        SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
        nullptr);
    DatabasePtr out(made);
    if (code != SQLITE_OK) {
        throw_error(made, code, "open " + path);
    }
    return out;
}

void copy_pages(sqlite3* to, sqlite3* from, const CopyHooks& hooks) {
    const std::unique_ptr<sqlite3_backup, FinishBackup> backup(
        sqlite3_backup_init(to, "main", from, "main"));
    if (!backup) {
        throw_error(to, sqlite3_extended_errcode(to), "backup");
    }
    int tries = 0;
    for (;;) {
        const int code = sqlite3_backup_step(backup.get(), pages_per_step);
        const std::int64_t total = sqlite3_backup_pagecount(backup.get());
        if (hooks.progress) {
            hooks.progress(total - sqlite3_backup_remaining(backup.get()), total);
        }
        if (code == SQLITE_DONE) {
            return;
        }
        const bool busy = (code & 0xFF) == SQLITE_BUSY || (code & 0xFF) == SQLITE_LOCKED;
        if (busy && ++tries <= busy_tries) {
            sqlite3_sleep(busy_wait_ms);
        } else if (code != SQLITE_OK) {
            throw_error(to, code, "backup");
        }
    }
}

}  // namespace

/// Of the moment the present transaction reads.
void Connection::copy_to(const std::string& path, const CopyHooks& hooks) {
    const DatabasePtr copy = create(path);
    copy_pages(copy.get(), db_, hooks);
    if (sqlite3_exec(copy.get(), "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr) !=
        SQLITE_OK) {
        throw_error(copy.get(), sqlite3_extended_errcode(copy.get()), "journal_mode");
    }
}

Result<void> copy_database(const std::string& from, const std::string& to, const CopyHooks& hooks) {
    static constexpr Sql page_count{"PRAGMA page_count"};
    static constexpr Sql page_size{"PRAGMA page_size"};
    ConnectionOptions options;
    options.path = from;
    options.read_only = true;
    Connection source(options);
    source.begin(Durability::now);
    hooks.look(source);
    const auto number = [&](const Sql& sql) {
        Statement& row = source.statement(sql);
        return row.next() ? row.integer(0) : 0;
    };
    TRY_VOID(hooks.room(number(page_count) * number(page_size)));
    source.copy_to(to, hooks);
    return {};
}

}  // namespace mb::store::sqlite
