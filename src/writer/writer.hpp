// The writer: takes a batch of events, lets the engine apply them, commits their effects in one
// store transaction, and only then acknowledges (design §1.1). This class is driven from one thread
// and reads no clock, so the simulator drives the very same code; writer_thread.hpp gives it a
// thread.
#pragma once

#include "engine/engine.hpp"
#include "writer/store.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mb::writer {

struct WriterOptions {
    std::size_t batch_events_max = 8192;
    std::size_t queue_max = 65'536;               // submissions; above it submit() refuses
    Duration flush_every = Duration::seconds(1);  // wall
    std::size_t flush_rows_max = 1000;
    Duration checkpoint_every = Duration::minutes(5);  // wall
    std::int64_t checkpoint_readings = 2'000'000;
    std::size_t checkpoint_slice_bytes = 256 * 1024;
};

using Done = std::function<void(const engine::EventOutcome&)>;

struct Submission {
    ProjectId project;
    engine::Event event;
    std::unique_ptr<InboxRow> inbox;  // an outside fact this event names; nullptr: none
    Done done;                        // called once, after the commit or the refusal; may be empty
};

/// First in, first out; mostly a batch takes all there is.
class SubmissionQueue {
public:
    void push(Submission&& submission) { items_.push_back(std::move(submission)); }
    [[nodiscard]] std::size_t size() const { return items_.size() - taken_; }
    [[nodiscard]] bool empty() const { return size() == 0; }
    /// Moves the first ones to the end of `to`, until that holds `most` or nothing is left.
    void take(std::vector<Submission>& to, std::size_t most);

private:
    std::vector<Submission> items_;
    std::size_t taken_ = 0;  // of items_, from its start
};

/// What one committed batch did to one project; for outbox workers and event streams.
using CommitListener = std::function<void(ProjectId, const engine::Now&, const engine::Effects&)>;

struct WriterCounters {
    std::int64_t batches = 0;
    std::int64_t events = 0;
    std::int64_t readings = 0;
    std::int64_t refused = 0;
    std::int64_t inbox_duplicates = 0;
    std::int64_t queue_full = 0;
    std::int64_t commit_failures = 0;
    std::int64_t retried = 0;  // batches that were applied and written once more after a failure
    std::int64_t parked = 0;
    std::int64_t checkpoints = 0;
    std::int64_t flushed_rows = 0;
    bool disk_full = false;
    bool down = false;  // the store is gone; a reload is tried before each batch
};

class Writer {
public:
    Writer(Store& store, WriterOptions options, CommitListener listener);
    ~Writer();

    /// Loads every project: checkpoint + replay. One that an older engine version left gets a
    /// checkpoint of this one at once. Throws ReplayRefused, StoreCorrupt, StoreUnavailable.
    void load();

    /// False when the queue is full: nothing was moved out of it, `done` is not called.
    bool submit(Submission&& submission);
    [[nodiscard]] std::size_t queued() const { return urgent_.size() + readings_.size(); }
    [[nodiscard]] bool urgent_queued() const { return !urgent_.empty(); }

    /// One batch with what is queued and due; false when there was nothing to do. A batch that
    /// could not be committed is tried once more, unless the disk is full; then its submissions are
    /// answered `store.unavailable` or `store.disk_full` (retryable). Throws StoreUnavailable with
    /// must_stop when the process has to end.
    bool run_batch(const engine::Now& now);
    /// Earliest timer over all projects; 0: none.
    [[nodiscard]] Instant next_due() const;

    /// At most flush_rows_max coalesced rows; false when nothing was dirty.
    bool flush_slice();
    void flush_all();
    /// One piece of a checkpoint that is due by wall time or by readings: the image in memory, a
    /// slice of it, or its end, which waits until what was dirty at the image is flushed. False:
    /// nothing to do now.
    bool checkpoint_slice(Instant wall);
    /// All of it at once.
    void checkpoint(ProjectId project, Instant wall);
    /// Flush and checkpoint of everything: the clean stop.
    void stop(Instant wall);

    [[nodiscard]] const engine::Engine* engine(ProjectId project) const;
    [[nodiscard]] std::vector<ProjectId> projects() const;
    /// Business time of the last batch, over all projects.
    [[nodiscard]] Instant last_business() const { return last_business_; }
    [[nodiscard]] const WriterCounters& counters() const { return counters_; }

private:
    struct Project;
    struct Batch;
    struct Recycled;
    struct Checkpoint;

    Project* find(ProjectId id);
    Batch take();
    void recycle(Batch&& batch);
    void drop_known_facts(Batch& batch);
    void answer_duplicate(Batch& batch, std::size_t i);
    void add_due_ticks(Batch& batch, const engine::Now& now);
    void apply(Batch& batch, const engine::Now& now);
    void write(Batch& batch);
    void commit(Batch& batch, const engine::Now& now);
    void committed(Batch& batch, const engine::Now& now);
    void refuse(Batch& batch, const std::string& code);
    bool was_committed(const Batch& batch);
    void tell_failure(const StoreUnavailable& why);
    void retry(Batch& batch, const engine::Now& now);
    void environment_broke(Batch& batch, const engine::Now& now, const StoreUnavailable& why);
    void refused_by_constraint(Batch& batch, const engine::Now& now);
    void commit_single(Batch& single, const engine::Now& now);
    void store_gone(Batch& batch, const engine::Now& now, const StoreUnavailable& why);
    void park(Batch& single, const engine::Now& now, const std::string& why);
    void drop_all();
    bool reload();
    void reload(ProjectId id);
    void settle_upgrade(ProjectId id);
    void recover_dirty(ProjectId id);
    [[nodiscard]] ProjectId checkpoint_due(Instant wall) const;
    void begin_checkpoint(ProjectId id, Instant wall);
    void write_slice();
    void finish_checkpoint();

    Store& store_;
    WriterOptions options_;
    CommitListener listener_;
    std::map<ProjectId, std::unique_ptr<Project>> projects_;
    SubmissionQueue urgent_;
    SubmissionQueue readings_;
    std::unique_ptr<Recycled> recycled_;
    std::unique_ptr<Checkpoint> checkpoint_;  // the one being written
    Instant last_business_;
    WriterCounters counters_;
    std::int64_t failures_in_a_row_ = 0;
};

}  // namespace mb::writer
