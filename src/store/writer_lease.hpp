// The row that says who may write: one server at a time, and a higher epoch for each that follows.
// Under it a file lock keeps others out of an SQLite folder; on PostgreSQL every batch looks at the
// epoch (store/postgres/connection.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/describe.hpp"
#include "base/time.hpp"
#include "store/database.hpp"

namespace mb::store {

/// Table writer_lease.
struct WriterLease {
    std::string name = "writer";
    std::string holder;  // "" = given back
    std::int64_t epoch = 0;
    Instant heartbeat_at;  // wall time of the holder; rises with every beat
    /// Id of the data folder the holder has locked; "" = none, nothing in rows older than 0008.
    std::optional<std::string> folder = std::string();
};
MB_DESCRIBE(WriterLease, (name, holder, epoch, heartbeat_at, folder))

/// What the row says; nothing in a new store. Throws StoreCorrupt when it is damaged.
std::optional<WriterLease> read_lease(Session& session);

/// Puts `mine` in the place of exactly `seen`, in a transaction of its own. False: another was
/// faster.
bool change_lease(Session& session, const std::optional<WriterLease>& seen,
                  const WriterLease& mine);

/// `mine` with the epoch and the heartbeat that follow `seen`.
WriterLease following(const std::optional<WriterLease>& seen, WriterLease mine, Instant wall_now);

/// The random id of a data folder, made at the first call: two folders of the same name on two
/// machines are not the same. The caller holds the folder's lock. Throws StoreUnavailable.
std::string folder_id(const std::string& folder);

}  // namespace mb::store
