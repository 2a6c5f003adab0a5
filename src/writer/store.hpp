// What the writer needs of a store. Room store implements it on SQLite and PostgreSQL; the
// simulator's and the tests' fakes too. Calls come from one thread.
#pragma once

#include "engine/effects.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace mb::writer {

using Hash = std::array<std::uint8_t, 32>;

/// The environment broke (disk full, I/O error, connection gone). The outcome of a commit that
/// threw is unknown: the writer drops its state, reloads and learns from the last seq.
struct StoreUnavailable : std::runtime_error {
    StoreUnavailable(const std::string& what, bool full, bool fatal)
        : std::runtime_error(what), disk_full(full), must_stop(fatal) {}
    bool disk_full;
    bool must_stop;  // an fsync failed: the process stops
};

/// A key, foreign key or check refused the rows: our own mistake or a forged fact; never retried.
struct StoreConstraint : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What was read back is damaged.
struct StoreCorrupt : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Table event_log: one row per project and batch. `seq` starts at 1.
struct LogRow {
    ProjectId project;
    std::int64_t seq = 0;
    std::int32_t engine_version = 0;
    engine::Now now;
    std::int32_t event_count = 0;
    Bytes events;     // each: write_binary(Event), one after another
    Hash previous{};  // hash of the row before: sha256(previous ‖ seq ‖ version ‖ now ‖ events ‖
                      // effects)
    Hash effects{};   // sha256 of the effects' canonical bytes
    Hash hash{};      // of this row
};

/// Table inbox: an outside fact whose signature verified, raw.
struct InboxRow {
    ProjectId project;
    InboxId id;
    std::string source;     // channel name
    std::string dedup_key;  // unique with the source: the channel's event id
    Instant received_wall_at;
    std::string headers;  // JSON
    std::string body;     // as received
};

/// One project's share of a batch.
struct ProjectBatch {
    LogRow log;
    const engine::Effects* effects = nullptr;
};

/// Coalesced rows of one project.
struct Flush {
    ProjectId project;
    std::vector<engine::MeterViewRow> meters;
    std::vector<engine::DayRow> days;
};

/// An event that a constraint refused, set aside with an alarm.
struct ParkedEvent {
    ProjectId project;
    Bytes event;
    engine::Now now;
    std::string why;
};

struct CheckpointInfo {
    ProjectId project;
    std::int64_t seq = 0;  // log rows up to this one are in it
    std::int32_t engine_version = 0;
    engine::Now now;
    std::int64_t size = 0;
    Hash log_hash{};  // of log row `seq`
    Hash hash{};      // sha256 of the whole image
};

class Store {
public:
    virtual ~Store() = default;

    /// One durable transaction: inbox rows first (ON CONFLICT DO NOTHING), log rows, every effect
    /// row. An inbox row that conflicts is skipped; the writer asks `inbox_known` before it applies
    /// events.
    virtual void commit(const std::vector<ProjectBatch>& batches,
                        const std::vector<InboxRow>& inbox,
                        const std::vector<ParkedEvent>& parked) = 0;
    virtual bool inbox_known(ProjectId project, const std::string& source,
                             const std::string& dedup_key) = 0;
    /// One transaction of coalesced rows; at most 1 000 rows a call.
    virtual void flush(const Flush& flush) = 0;

    /// Slices of a checkpoint image, in order; `finish_checkpoint` makes it valid (its last row),
    /// keeps the newest two and deletes older checkpoints and the log before the older one.
    virtual void write_checkpoint_slice(ProjectId project, std::int64_t seq, std::int32_t slice,
                                        ByteView bytes) = 0;
    virtual void finish_checkpoint(const CheckpointInfo& info) = 0;

    virtual std::vector<ProjectId> projects() = 0;
    /// Newest first, valid ones only.
    virtual std::vector<CheckpointInfo> checkpoints(ProjectId project) = 0;
    virtual Bytes checkpoint_image(const CheckpointInfo& info) = 0;
    /// Log rows with seq > after, in order, at most `limit`.
    virtual std::vector<LogRow> log_after(ProjectId project, std::int64_t after,
                                          std::int32_t limit) = 0;
    virtual std::int64_t last_seq(ProjectId project) = 0;
    /// Rows not done yet, by id; read at a start.
    virtual std::vector<engine::OutboxRow> outbox(ProjectId project) = 0;
};

}  // namespace mb::writer
