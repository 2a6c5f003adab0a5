// A PostgreSQL database into a file and back, by PostgreSQL's own programs pg_dump and pg_restore.
#pragma once

#include <string>

#include "base/result.hpp"
#include "store/copy_hooks.hpp"

namespace mb::store::postgres {

/// Dumps the moment that hooks.look sees, in the custom format, without owners, and without the
/// writer's lease: over what is restored no earlier server can write. The server that writes goes
/// on. Errors: backup.no_program {program, package}, backup.program_failed {program, why}, those of
/// hooks.room. Throws StoreUnavailable.
Result<void> dump_database(const std::string& conninfo, const std::string& path,
                           const CopyHooks& hooks);

/// Reads all of a dump and throws it away. Errors as dump_database().
Result<void> read_dump(const std::string& path);

/// In one transaction: all of it or nothing. Errors as dump_database().
Result<void> restore_dump(const std::string& conninfo, const std::string& path);

/// Tables, views and sequences that are there. Throws StoreUnavailable.
std::int64_t relations(const std::string& conninfo);

}  // namespace mb::store::postgres
