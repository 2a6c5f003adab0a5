// Where a run of the bench keeps its store and its baselines, on either engine; it leaves nothing
// behind but a folder that was asked for.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "store/open_store.hpp"

namespace mb::bench {

/// The schema on PostgreSQL: made by a run and dropped behind it.
inline constexpr const char* postgres_schema = "meterbook_bench";

class Place {
public:
    /// `store` as on the command line, `folder` for SQLite, "" = a temporary one. Errors:
    /// bench.schema_in_use {schema} when the schema holds tables. Throws StoreUnavailable.
    static Result<std::unique_ptr<Place>> make(const std::string& store,
                                               const std::filesystem::path& folder);
    virtual ~Place() = default;

    /// Errors and exceptions as store::open_store().
    virtual Result<std::unique_ptr<store::OpenStore>> open(Instant wall_now) = 0;
    /// For the baselines, without Meterbook's tables where the engine keeps several databases.
    virtual std::unique_ptr<store::Database> bare() = 0;
    /// What open() wrote, for reading.
    virtual std::unique_ptr<store::Database> reading() = 0;
    /// What the engine does by itself within minutes of a great load (PostgreSQL: autovacuum), at
    /// once.
    virtual void settle() {}
    /// Of the engine, when it runs in processes of its own: all of its cluster that can be seen.
    [[nodiscard]] virtual std::vector<pid_t> server_processes() { return {}; }
};

}  // namespace mb::bench
