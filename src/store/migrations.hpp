// The schema, forward only. Files of migrations/ are part of the program; what ran is in
// schema_migration with the checksum of its text.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "store/database.hpp"

namespace mb::store {

/// `name` starts with its number: "0002_money". Types are tokens of the dialect: {i64} {text}
/// {blob}, and {clustered} or {heap} behind the closing bracket of a table.
struct MigrationFile {
    std::string_view name;
    std::string_view text;
};

/// All files in order; the first creates schema_migration and runs at every start.
std::span<const MigrationFile> migration_files();

/// Tokens replaced. CHECKs that none is unknown.
std::string expand(std::string_view text, const Dialect& dialect);

/// Lower-case SHA-256 of the text, tokens and all.
std::string migration_checksum(const MigrationFile& file);

/// Brings the schema up to `files`, each in a transaction of its own; the number that ran. Errors:
/// store.newer_schema {version} (a later program wrote it), store.migration_changed {name},
/// store.open_log {project, engine_version, this, way_out} (an older program did not stop cleanly:
/// nothing is changed).
Result<int> migrate(Session& session, const Dialect& dialect, Instant wall_now,
                    std::span<const MigrationFile> files = migration_files());

}  // namespace mb::store
