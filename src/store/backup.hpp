// Backs a store up beside the server that writes it: a folder with the books of one moment and a
// manifest. What it holds and what not: docs/operations.md.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "store/backup_files.hpp"
#include "store/open_store.hpp"
#include "store/verify.hpp"

namespace mb::store {

struct BackupOptions {
    StoreChoice from;
    std::string to;  // does not exist; made next to it as "<to>.partial"
    Instant wall_now;
    /// Bytes; a total of 0 is not known.
    std::function<void(std::int64_t done, std::int64_t total)> progress = {};
    /// The copy goes through the whole of verify with these steps, a dump when it is restored into
    /// a database that is made for it on the same server; without: through the engine's check of
    /// its pages, or of a dump's every block.
    std::optional<std::vector<VerifyStep>> verify = {};
};

/// All or nothing: `to` is there when it is whole, checked and durable. Errors: store.missing,
/// backup.exists {path}, backup.no_folder {path}, backup.in_progress {path}, backup.no_space,
/// backup.no_program, backup.program_failed, backup.unclean {findings, first},
/// those of postgres::ScratchDatabase::make. Throws StoreUnavailable, StoreCorrupt.
Result<BackupManifest> backup(const BackupOptions& options);

}  // namespace mb::store
