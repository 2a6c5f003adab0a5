// The lowest decorator of the store, over the real one: it kills the process at a store call, and
// keeps for the checker what really came to the store, also when the answer to a commit was lost.
#pragma once

#include "sim/disk/disk.hpp"
#include "sim/world/core.hpp"
#include "sim/world/seams.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace mb::sim::world {

/// One committed batch of the project.
struct Committed {
    writer::LogRow log;
    std::vector<engine::Row> rows;
    std::vector<engine::EventOutcome> outcomes;
};

using OnCommitted = std::function<void(const writer::LogRow&, const std::vector<engine::Row>&,
                                       const std::vector<engine::EventOutcome>&)>;

/// Lives longer than the process.
class Recorder {
public:
    Recorder(disk::Disk& disk, OnCommitted committed)
        : disk_(disk), committed_(std::move(committed)) {}

    /// The n-th store call from now on dies, before or after it was done.
    void kill_at(std::int64_t call, bool after) {
        kill_in_ = call;
        kill_after_ = after;
    }
    [[nodiscard]] bool kill_planned() const { return kill_in_ > 0; }
    void calm() { kill_in_ = 0; }
    /// The store was opened again: was the commit without an answer done?
    void opened(writer::Store& store, ProjectId project);
    [[nodiscard]] std::int64_t last_seq() const { return last_seq_; }

private:
    friend class RecordingStore;
    void before_call();
    void after_call();
    void resolve(std::int64_t last_seq);
    void done(const writer::LogRow& log, const std::vector<engine::Row>& rows,
              const std::vector<engine::EventOutcome>& outcomes);

    disk::Disk& disk_;
    OnCommitted committed_;
    std::int64_t kill_in_ = 0;
    bool kill_after_ = false;
    std::int64_t last_seq_ = 0;
    std::optional<Committed> unknown_;  // its commit threw
};

class RecordingStore final : public PassingStore {
public:
    RecordingStore(writer::Store& below, Recorder& recorder)
        : PassingStore(below), recorder_(recorder) {}

    void commit(const std::vector<writer::ProjectBatch>& batches,
                const std::vector<writer::InboxRow>& inbox,
                const std::vector<writer::ParkedEvent>& parked) override;
    bool inbox_known(ProjectId project, const std::string& source, const std::string& key) override;
    void flush(const writer::Flush& flush) override;
    void write_checkpoint_slice(ProjectId project, std::int64_t seq, std::int32_t slice,
                                ByteView bytes) override;
    void finish_checkpoint(const writer::CheckpointInfo& info) override;
    std::int64_t last_seq(ProjectId project) override;

private:
    template <class Call>
    auto guarded(Call call);

    Recorder& recorder_;
};

}  // namespace mb::sim::world
