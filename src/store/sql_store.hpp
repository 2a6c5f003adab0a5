// writer::Store over the Database seam: what the writer commits, flushes and reads back (design
// §1.1, §6).
#pragma once

#include "store/database.hpp"
#include "store/meter_lists.hpp"
#include "writer/store.hpp"

namespace mb::store {

/// Log rows older than the older checkpoint stay this much longer, in business time: by then the
/// days their readings belong to are closed, and the day rows are the truth.
constexpr Duration log_kept_behind = Duration::hours(48);

class SqlStore final : public writer::Store {
public:
    /// The schema is up to date (store/migrations.hpp). Over a read-only database only the reading
    /// methods may be called.
    explicit SqlStore(Database& database) : database_(database) {}

    void commit(const std::vector<writer::ProjectBatch>& batches,
                const std::vector<writer::InboxRow>& inbox,
                const std::vector<writer::ParkedEvent>& parked) override;
    bool inbox_known(ProjectId project, const std::string& source,
                     const std::string& dedup_key) override;
    /// Survives a crash of the process at once, a power cut with the next commit: replay brings it
    /// back.
    void flush(const writer::Flush& flush) override;

    /// As flush().
    void write_checkpoint_slice(ProjectId project, std::int64_t seq, std::int32_t slice,
                                ByteView bytes) override;
    /// Throws StoreCorrupt when the slices are not the whole image.
    void finish_checkpoint(const writer::CheckpointInfo& info) override;

    std::vector<ProjectId> projects() override;
    std::vector<writer::CheckpointInfo> checkpoints(ProjectId project) override;
    /// Checked against size and hash.
    Bytes checkpoint_image(const writer::CheckpointInfo& info) override;
    /// Checked: each row's hash, and the chain from row to row.
    std::vector<writer::LogRow> log_after(ProjectId project, std::int64_t after,
                                          std::int32_t limit) override;
    std::int64_t last_seq(ProjectId project) override;
    std::vector<engine::OutboxRow> outbox(ProjectId project) override;

    /// Kept by what commit() and flush() of this store write.
    [[nodiscard]] MeterLists& lists() { return lists_; }

private:
    Database& database_;
    MeterLists lists_;
};

}  // namespace mb::store
