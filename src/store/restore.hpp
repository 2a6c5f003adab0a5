// Makes a store of a backup again, in an empty place.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "store/backup_files.hpp"
#include "store/open_store.hpp"
#include "store/verify.hpp"

namespace mb::store {

struct RestoreOptions {
    std::string from;  // a backup's folder
    StoreChoice to;    // the data folder is made when missing
    Instant wall_now;
    std::vector<VerifyStep> steps = {};  // of verify, besides the store's own part
};

struct Restored {
    BackupManifest manifest;
    std::int64_t migrations = 0;  // that ran: the backup was older than this program
    VerifyReport report;
};

/// Before anything is written the whole backup is read against its digests. What is restored has
/// an epoch above that of any server that ran on the books before, so that none of them can write
/// here, and no session: everybody signs in again. When verify is not clean, SQLite's data folder
/// stays as it was; a PostgreSQL database then holds what the report complains of.
/// Errors: backup.not_one, backup.damaged {file}, backup.newer_format, backup.other_engine
/// {backup, store}, backup.newer_schema {backup, program}, backup.other_program {engine_version,
/// this} (no other version of the engine can replay a log), store.not_empty {path or relations},
/// store.in_use, backup.no_space, backup.no_program, backup.program_failed,
/// store.migration_changed. Throws StoreUnavailable, StoreCorrupt.
Result<Restored> restore(const RestoreOptions& options);

}  // namespace mb::store
