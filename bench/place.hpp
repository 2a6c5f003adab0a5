// Where a run of the bench keeps its store and its baselines, on either engine; it leaves nothing
// behind but a folder that was asked for.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

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
};

}  // namespace mb::bench
