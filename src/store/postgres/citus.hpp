// The step that spreads the schema over the nodes of Citus: nothing but DDL behind the migrations,
// since every table of projects begins with project_id (the lint proves it; scale.md §6).
#pragma once

#include <span>
#include <string>

#include "store/migrations.hpp"

namespace mb::store::postgres {

/// SQL for a database that holds the migrated schema and the extension: tables whose first column
/// is project_id are distributed by it, all in one colocation group and in the order of their
/// foreign keys; tables of the whole installation become reference tables.
std::string citus_distribution(std::span<const MigrationFile> files = migration_files());

}  // namespace mb::store::postgres
