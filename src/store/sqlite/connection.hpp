// One SQLite connection as a Session of the seam.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/copy_hooks.hpp"
#include "store/database.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace mb::store::sqlite {

struct ConnectionOptions {
    std::string path;
    std::string vfs;  // "" = the platform's own
    bool read_only = false;
    bool exclusive =
        false;  // wal-index in memory: for a VFS without shared memory; one connection only
    int busy_timeout_ms = 5000;
    int cache_kib = 8192;
    std::int64_t max_pages = 0;  // 0 = no limit; tests fill a small disk with it
};

/// `$n` outside quotes becomes `?n`: SQLite takes $n for a name, numbered by first appearance.
std::string with_sqlite_placeholders(std::string_view sql);

class Connection final : public Session {
public:
    /// Throws StoreUnavailable, StoreCorrupt.
    explicit Connection(const ConnectionOptions& options);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() override;

    Statement& statement(const Sql& sql) override;
    void script(std::string_view text) override;
    void begin(Durability durability) override;
    void commit() override;
    void rollback() noexcept override;
    std::vector<std::string> self_check() override;

    /// Ends what a borrower left open: rows unread, a transaction.
    void tidy() noexcept;
    /// Not usable any more: a rollback failed.
    [[nodiscard]] bool broken() const { return broken_; }
    /// Tells the planner what every project's tables look like, so that plans do not depend on
    /// which rows there are: the first column, the project, keeps nearly all rows; the whole of a
    /// unique key, one.
    void fix_plan_statistics();

    /// Copies the moment of the present transaction into a new database; see sqlite/copy.hpp.
    void copy_to(const std::string& path, const CopyHooks& hooks);

    /// Moves the write-ahead log into the database once it is long enough.
    void checkpoint_if_due();

private:
    class Prepared;

    void configure();
    void set_durability(Durability durability);
    void execute(const char* text);

    ConnectionOptions options_;
    sqlite3* db_ = nullptr;
    std::unordered_map<const Sql*, std::unique_ptr<Prepared>> statements_;
    int wal_pages_ = 0;
    Durability durability_ = Durability::now;  // what the pragma is set to
    bool broken_ = false;
};

}  // namespace mb::store::sqlite
