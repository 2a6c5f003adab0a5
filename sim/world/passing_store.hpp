// A store that is another one: the base of those that change or measure what passes.
#pragma once

#include "writer/store.hpp"

#include <string>
#include <vector>

namespace mb::sim::world {

/// Passes everything on; what is overridden is what changes.
class PassingStore : public writer::Store {
public:
    explicit PassingStore(writer::Store& below) : below_(below) {}

    void commit(const std::vector<writer::ProjectBatch>& batches,
                const std::vector<writer::InboxRow>& inbox,
                const std::vector<writer::ParkedEvent>& parked) override {
        below_.commit(batches, inbox, parked);
    }
    bool inbox_known(ProjectId project, const std::string& source,
                     const std::string& key) override {
        return below_.inbox_known(project, source, key);
    }
    void flush(const writer::Flush& flush) override { below_.flush(flush); }
    void write_checkpoint_slice(ProjectId project, std::int64_t seq, std::int32_t slice,
                                ByteView bytes) override {
        below_.write_checkpoint_slice(project, seq, slice, bytes);
    }
    void finish_checkpoint(const writer::CheckpointInfo& info) override {
        below_.finish_checkpoint(info);
    }
    std::vector<ProjectId> projects() override { return below_.projects(); }
    std::vector<writer::CheckpointInfo> checkpoints(ProjectId project) override {
        return below_.checkpoints(project);
    }
    Bytes checkpoint_image(const writer::CheckpointInfo& info) override {
        return below_.checkpoint_image(info);
    }
    std::vector<writer::LogRow> log_after(ProjectId project, std::int64_t after,
                                          std::int32_t limit) override {
        return below_.log_after(project, after, limit);
    }
    std::int64_t last_seq(ProjectId project) override { return below_.last_seq(project); }
    std::vector<engine::OutboxRow> outbox(ProjectId project) override {
        return below_.outbox(project);
    }

protected:
    writer::Store& below_;
};

}  // namespace mb::sim::world
