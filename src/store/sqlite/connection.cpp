#include "store/sqlite/connection.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <utility>

#include "base/check.hpp"
#include "base/log.hpp"
#include "store/sqlite/errors.hpp"
#include "writer/store.hpp"

namespace mb::store::sqlite {

namespace {

// 32 MiB of write-ahead log: long enough that a page written many times moves once.
constexpr int checkpoint_after_pages = 8192;
constexpr std::int64_t wal_size_kept = 64LL * 1024 * 1024;

}  // namespace

std::string with_sqlite_placeholders(std::string_view sql) {
    std::string out;
    out.reserve(sql.size());
    char quote = 0;
    for (std::size_t i = 0; i < sql.size(); ++i) {
        char c = sql[i];
        if (quote != 0) {
            quote = c == quote ? '\0' : quote;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == '$' && i + 1 < sql.size() && sql[i + 1] >= '0' && sql[i + 1] <= '9') {
            c = '?';
        }
        out += c;
    }
    return out;
}

class Connection::Prepared final : public Statement {
public:
    Prepared(sqlite3* db, const Sql& sql) : db_(db) {
        const std::string text = with_sqlite_placeholders(sql.text);
        const int code = sqlite3_prepare_v3(db_, text.data(), static_cast<int>(text.size()),
                                            SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
        if (code != SQLITE_OK) {
            throw_error(db_, code, text);
        }
        CHECK_MSG(handle_ != nullptr, text);
    }
    Prepared(const Prepared&) = delete;
    Prepared& operator=(const Prepared&) = delete;
    ~Prepared() override { sqlite3_finalize(handle_); }

    void bind_integer(int index, std::int64_t value) override {
        check(sqlite3_bind_int64(handle_, index, value));
    }
    void bind_text(int index, std::string_view value) override {
        // An empty view may have no address; NULL would be bound then.
        const char* at = value.data() == nullptr ? "" : value.data();
        check(sqlite3_bind_text64(handle_, index, at, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
    }
    void bind_blob(int index, ByteView value) override {
        if (value.empty()) {
            check(sqlite3_bind_zeroblob(handle_, index, 0));
        } else {
            check(sqlite3_bind_blob64(handle_, index, value.data(), value.size(), SQLITE_STATIC));
        }
    }
    void bind_null(int index) override { check(sqlite3_bind_null(handle_, index)); }

    std::int64_t run() override {
        while (step()) {
        }
        return sqlite3_changes64(db_);
    }
    void queue() override { run(); }
    bool next() override { return step(); }

    [[nodiscard]] Type type(int column) const override {
        switch (sqlite3_column_type(handle_, column)) {
            case SQLITE_NULL: return Type::null;
            case SQLITE_INTEGER: return Type::integer;
            case SQLITE_BLOB: return Type::blob;
            default: return Type::text;
        }
    }
    [[nodiscard]] int columns() const override { return sqlite3_column_count(handle_); }
    [[nodiscard]] std::int64_t integer(int column) const override {
        return sqlite3_column_int64(handle_, column);
    }
    [[nodiscard]] std::string_view text(int column) const override {
        const auto* at = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
        return {at == nullptr ? "" : at, size(column)};
    }
    [[nodiscard]] ByteView blob(int column) const override {
        const auto* at = static_cast<const std::uint8_t*>(sqlite3_column_blob(handle_, column));
        return {at, at == nullptr ? 0 : size(column)};
    }

    void reset() noexcept {
        // The code repeats the error of the last step, which was thrown then.
        sqlite3_reset(handle_);
        sqlite3_clear_bindings(handle_);
    }
    [[nodiscard]] bool busy() const { return sqlite3_stmt_busy(handle_) != 0; }

private:
    [[nodiscard]] std::size_t size(int column) const {
        return static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
    }
    void check(int code) const {
        if (code != SQLITE_OK) {
            throw_error(db_, code, sqlite3_sql(handle_));
        }
    }
    bool step() {
        const int code = sqlite3_step(handle_);
        if (code == SQLITE_ROW) {
            return true;
        }
        if (code != SQLITE_DONE) {
            throw_error(db_, sqlite3_extended_errcode(db_), sqlite3_sql(handle_));
        }
        sqlite3_reset(handle_);
        return false;
    }

    sqlite3* db_;
    sqlite3_stmt* handle_ = nullptr;
};

Connection::Connection(const ConnectionOptions& options) : options_(options) {
    const int flags =
        SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
        (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    const char* vfs = options.vfs.empty() ? nullptr : options.vfs.c_str();
    const int code = sqlite3_open_v2(options.path.c_str(), &db_, flags, vfs);
    try {
        if (code != SQLITE_OK) {
            throw_error(db_, code, "open " + options.path);
        }
        configure();
    } catch (...) {
        sqlite3_close_v2(db_);
        throw;
    }
}

Connection::~Connection() {
    statements_.clear();
    rollback();
    sqlite3_close_v2(db_);
}

void Connection::configure() {
    sqlite3_busy_timeout(db_, options_.busy_timeout_ms);
    if (options_.exclusive && !options_.read_only) {
        // Before anything that reads the schema: that opens the log, and asks for shared memory.
        execute("PRAGMA locking_mode = EXCLUSIVE");
    }
    execute("PRAGMA foreign_keys = ON");
    execute("PRAGMA trusted_schema = OFF");
    execute("PRAGMA cell_size_check = ON");
    execute("PRAGMA temp_store = MEMORY");
    execute(fmt::format("PRAGMA cache_size = -{}", options_.cache_kib).c_str());
    if (options_.read_only) {
        execute("PRAGMA query_only = ON");
        return;
    }
    execute("PRAGMA journal_mode = WAL");
    execute("PRAGMA synchronous = FULL");
    execute(fmt::format("PRAGMA journal_size_limit = {}", wal_size_kept).c_str());
    if (options_.max_pages > 0) {
        execute(fmt::format("PRAGMA max_page_count = {}", options_.max_pages).c_str());
    }
    // Our own checkpoint_if_due() instead of the built-in one, which hides a failed fsync.
    sqlite3_wal_hook(
        db_,
        [](void* self, sqlite3*, const char*, int pages) {
            static_cast<Connection*>(self)->wal_pages_ = pages;
            return SQLITE_OK;
        },
        this);
}

void Connection::execute(const char* text) {
    if (sqlite3_exec(db_, text, nullptr, nullptr, nullptr) != SQLITE_OK) {
        throw_error(db_, sqlite3_extended_errcode(db_), text);
    }
}

Statement& Connection::statement(const Sql& sql) {
    const auto known = statements_.find(&sql);
    if (known != statements_.end()) {
        known->second->reset();
        return *known->second;
    }
    auto prepared = std::make_unique<Prepared>(db_, sql);
    return *statements_.emplace(&sql, std::move(prepared)).first->second;
}

void Connection::script(std::string_view text) { execute(std::string(text).c_str()); }

void Connection::begin(Durability durability) {
    if (options_.read_only) {
        execute("BEGIN");
        return;
    }
    set_durability(durability);
    execute("BEGIN IMMEDIATE");
}

void Connection::set_durability(Durability durability) {
    if (durability != durability_) {
        // The write-ahead log is one sequence: the next commit's fsync takes what lies before
        // along.
        execute(durability == Durability::later ? "PRAGMA synchronous = NORMAL"
                                                : "PRAGMA synchronous = FULL");
        durability_ = durability;
    }
}

void Connection::commit() {
    execute("COMMIT");
    checkpoint_if_due();
}

void Connection::rollback() noexcept {
    if (db_ == nullptr || sqlite3_get_autocommit(db_) != 0) {
        return;  // some errors have rolled back already
    }
    for (auto& [sql, statement] : statements_) {
        statement->reset();
    }
    if (sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr) != SQLITE_OK &&
        sqlite3_get_autocommit(db_) == 0) {
        broken_ = true;
    }
}

std::vector<std::string> Connection::self_check() {
    static constexpr Sql integrity{"PRAGMA integrity_check(100)"};
    std::vector<std::string> out;
    Statement& row = statement(integrity);
    while (row.next()) {
        if (row.text(0) != "ok") {
            out.emplace_back(row.text(0));
        }
    }
    return out;
}

void Connection::tidy() noexcept {
    for (auto& [sql, statement] : statements_) {
        if (statement->busy()) {
            statement->reset();
        }
    }
    rollback();
    try {
        set_durability(Durability::now);  // single statements outside a transaction, too
    } catch (...) {
        broken_ = true;
    }
}

void Connection::checkpoint_if_due() {
    if (wal_pages_ < checkpoint_after_pages) {
        return;
    }
    wal_pages_ = 0;
    const int code =
        sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED) {
        return;
    }
    try {
        throw_error(db_, sqlite3_extended_errcode(db_), "checkpoint");
    } catch (const writer::StoreUnavailable& error) {
        // The data stays in the log and the next checkpoint tries again; but after a failed fsync
        // nobody knows what the disk holds.
        if (error.must_stop) {
            throw;
        }
        log::warn("{}", error.what());
    }
}

}  // namespace mb::store::sqlite
