// Migrations.
#pragma once

#include "store/database.hpp"

namespace mb::store::sql {

inline constexpr Sql schema_migration_put{R"sql(
INSERT INTO schema_migration (
    version, name, checksum, applied_wall_at, row_check)
VALUES (
    $1, $2, $3, $4, $5)
)sql"};

inline constexpr Sql schema_migration_all{R"sql(
SELECT
    version, name, checksum, applied_wall_at, row_check
FROM schema_migration
ORDER BY version
)sql"};

}  // namespace mb::store::sql
