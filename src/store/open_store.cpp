#include "store/open_store.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "store/postgres_store.hpp"
#include "store/sqlite_store.hpp"

namespace mb::store {

std::string holder_name(const std::string& doing) {
    char host[256] = {};
    if (gethostname(host, sizeof host - 1) != 0) {
        host[0] = '?';
    }
    return fmt::format("{}, process {} ({})", host, getpid(), doing);
}

Result<std::unique_ptr<OpenStore>> open_store(const StoreChoice& choice, const std::string& holder,
                                              Instant wall_now) {
    if (choice.is_sqlite()) {
        SqliteStoreOptions options;
        options.folder = choice.folder;
        options.holder = holder;
        options.wall_now = wall_now;
        return std::unique_ptr<OpenStore>(TRY(SqliteStore::open(options)));
    }
    PostgresStoreOptions options;
    options.conninfo = choice.store;
    options.folder = choice.folder;
    options.holder = holder;
    options.wall_now = wall_now;
    return std::unique_ptr<OpenStore>(TRY(PostgresStore::open(options)));
}

Result<std::unique_ptr<Database>> open_read_only(const StoreChoice& choice) {
    if (choice.is_sqlite()) {
        sqlite::DatabaseOptions options;
        options.path = sqlite_path(choice.folder);
        options.read_only = true;
        if (!std::filesystem::exists(options.path)) {
            return fail(error("store.missing", ErrorKind::not_found).with("path", options.path));
        }
        return std::unique_ptr<Database>(std::make_unique<sqlite::SqliteDatabase>(options));
    }
    postgres::DatabaseOptions options;
    options.conninfo = choice.store;
    options.read_only = true;
    options.patient = true;  // verify reads whole tables
    return std::unique_ptr<Database>(std::make_unique<postgres::PostgresDatabase>(options));
}

}  // namespace mb::store
