// `meterbook migrate --data DIR [--store …]`: brings the schema up to this program and leaves a
// checkpoint of it behind, as before an upgrade. Every start of the server does the former too.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>

namespace mb::app {

struct MigrateOptions {
    std::filesystem::path data = "var/meterbook";
    std::string store = "sqlite";  // or where PostgreSQL is, see store/open_store.hpp
    bool citus = false;            // print the distribution step for Citus instead; opens nothing
};

/// Exit code: 0 done, 1 refused (the store is in use, newer, or its log was written by another
/// version of the engine).
int run_migrate(const MigrateOptions& options, std::ostream& out, std::ostream& err);

}  // namespace mb::app
