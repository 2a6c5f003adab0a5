#include "bench/place.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.hpp"
#include "store/postgres_store.hpp"
#include "store/sqlite_store.hpp"

namespace mb::bench {

namespace {

class SqlitePlace final : public Place {
public:
    explicit SqlitePlace(const std::filesystem::path& folder)
        : temporary_(folder.empty()), folder_(folder) {
        if (temporary_) {
            folder_ = std::filesystem::temp_directory_path() /
                      ("meterbook-bench-" + std::to_string(::getpid()));
        }
        std::filesystem::create_directories(folder_);
    }
    ~SqlitePlace() override {
        std::error_code left;
        if (temporary_) {
            std::filesystem::remove_all(folder_, left);
        }
    }

    Result<std::unique_ptr<store::OpenStore>> open(Instant wall_now) override {
        return store::open_store({"sqlite", folder_.string()}, store::holder_name("bench"),
                                 wall_now);
    }
    /// A new file for each.
    std::unique_ptr<store::Database> bare() override {
        store::sqlite::DatabaseOptions options;
        options.path = (folder_ / "baseline.db").string();
        for (const char* end : {"", "-wal", "-shm"}) {
            std::filesystem::remove(options.path + end);
        }
        return std::make_unique<store::sqlite::SqliteDatabase>(options);
    }
    std::unique_ptr<store::Database> reading() override {
        store::sqlite::DatabaseOptions options;
        options.path = store::sqlite_path(folder_.string());
        options.read_only = true;
        return std::make_unique<store::sqlite::SqliteDatabase>(options);
    }

private:
    bool temporary_;
    std::filesystem::path folder_;
};

constexpr store::Sql tables_there{
    "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = $1"};

constexpr store::Sql processes_there{"SELECT pid FROM pg_stat_activity ORDER BY pid"};

class PostgresPlace final : public Place {
public:
    explicit PostgresPlace(std::string conninfo) : conninfo_(std::move(conninfo)) {}
    ~PostgresPlace() override {
        try {
            if (mine_) {
                script(fmt::format("DROP SCHEMA IF EXISTS {} CASCADE", postgres_schema));
            }
        } catch (const std::exception& why) {
            log::error("the schema {} is left behind: {}", postgres_schema, why.what());
        }
    }

    /// Makes the schema. Not mine, and never dropped, when something is in it.
    Result<void> take() {
        bool used = false;
        {
            const auto everything = database("", false);
            const store::Lease session = everything->write();
            store::Statement& tables = session->statement(tables_there);
            tables.bind_text(1, postgres_schema);
            used = tables.next() && tables.integer(0) > 0;
        }
        if (used) {
            return fail(
                error("bench.schema_in_use", ErrorKind::conflict).with("schema", postgres_schema));
        }
        script(fmt::format("CREATE SCHEMA IF NOT EXISTS {}", postgres_schema));
        mine_ = true;
        return {};
    }

    Result<std::unique_ptr<store::OpenStore>> open(Instant wall_now) override {
        store::PostgresStoreOptions options;
        options.conninfo = conninfo_;
        options.schema = postgres_schema;
        options.holder = store::holder_name("bench");
        options.wall_now = wall_now;
        return std::unique_ptr<store::OpenStore>(TRY(store::PostgresStore::open(options)));
    }
    std::unique_ptr<store::Database> bare() override {
        script(fmt::format("SET search_path = {}; DROP TABLE IF EXISTS bench_row, bench_state",
                           postgres_schema));
        return database(postgres_schema, false);
    }
    std::unique_ptr<store::Database> reading() override { return database(postgres_schema, true); }
    void settle() override { database(postgres_schema, false)->write()->script("VACUUM ANALYZE"); }
    std::vector<pid_t> server_processes() override {
        const auto everything = database("", true);
        const store::Lease session = everything->read();
        store::Statement& rows = session->statement(processes_there);
        std::vector<pid_t> out;
        while (rows.next()) {
            out.push_back(static_cast<pid_t>(rows.integer(0)));
        }
        return out;
    }

private:
    std::unique_ptr<store::Database> database(const std::string& schema, bool read_only) {
        store::postgres::DatabaseOptions options;
        options.conninfo = conninfo_;
        options.schema = schema;
        options.read_only = read_only;
        return std::make_unique<store::postgres::PostgresDatabase>(options);
    }
    void script(const std::string& text) { database("", false)->write()->script(text); }

    std::string conninfo_;
    bool mine_ = false;
};

}  // namespace

Result<std::unique_ptr<Place>> Place::make(const std::string& store,
                                           const std::filesystem::path& folder) {
    if (store == "sqlite") {
        return std::unique_ptr<Place>(std::make_unique<SqlitePlace>(folder));
    }
    auto place = std::make_unique<PostgresPlace>(store);
    TRY_VOID(place->take());
    return std::unique_ptr<Place>(std::move(place));
}

}  // namespace mb::bench
