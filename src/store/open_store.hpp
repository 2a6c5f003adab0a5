// A store opened for writing, whichever engine is behind it; and the choice between them as the
// command line gives it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "store/database.hpp"
#include "store/meter_lists.hpp"
#include "writer/store.hpp"

namespace mb::store {

class OpenStore {
public:
    virtual ~OpenStore() = default;

    /// What the writer writes through. Calls from one thread.
    [[nodiscard]] virtual writer::Store& writer_store() = 0;
    /// For reads (store/read.hpp), logins (store/logins.hpp) and verify. Thread-safe.
    [[nodiscard]] virtual Database& database() = 0;
    /// For pages of meters (store/read.hpp). Thread-safe.
    [[nodiscard]] virtual MeterLists& lists() = 0;
    /// Counts up with every opening.
    [[nodiscard]] virtual std::int64_t epoch() const = 0;
};

/// The engine named on the command line: "sqlite" is `folder`/meterbook.db, anything else says
/// where PostgreSQL is ("host=… dbname=…" or postgresql://…), with an `answer_timeout_s` if wanted
/// (store/postgres/store_text.hpp).
struct StoreChoice {
    std::string store = "sqlite";
    std::string folder;  // the data folder; exists

    [[nodiscard]] bool is_sqlite() const { return store == "sqlite"; }
};

/// "host, process 123 (doing)".
std::string holder_name(const std::string& doing);

/// `holder` is shown to whoever is refused. Errors: store.in_use {folder or epoch, holder},
/// store.newer_schema {version}, store.migration_changed {name}. Throws StoreUnavailable,
/// StoreCorrupt. On PostgreSQL it waits up to 5 s for a server that may be dead.
Result<std::unique_ptr<OpenStore>> open_store(const StoreChoice& choice, const std::string& holder,
                                              Instant wall_now);

/// For reading beside a running server. Errors: store.missing {path}. Throws as open_store().
Result<std::unique_ptr<Database>> open_read_only(const StoreChoice& choice);

}  // namespace mb::store
