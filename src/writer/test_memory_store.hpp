// A store in memory for the writer's tests: keeps what was committed, fails when told.
#pragma once

#include "crypto/digest.hpp"
#include "writer/store.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace mb::writer::testing {

class MemoryStore final : public Store {
public:
    /// Called with each batch before it is kept; throws what the store would.
    std::function<void(const std::vector<ProjectBatch>&)> before_commit;
    /// The same, after it was kept: the answer of the commit gets lost.
    std::function<void()> after_commit;
    std::function<void()> before_flush;
    std::function<void()> before_known;
    std::function<void(const InboxRow&)> before_inbox;

    std::map<ProjectId, std::vector<LogRow>> log;
    std::set<std::string> facts;  // source/dedup key
    std::vector<ParkedEvent> parked;
    std::map<MeterId, engine::MeterViewRow> views;
    std::int64_t day_rows = 0;

    void commit(const std::vector<ProjectBatch>& batches, const std::vector<InboxRow>& inbox,
                const std::vector<ParkedEvent>& set_aside) override {
        if (before_commit) {
            before_commit(batches);
        }
        for (const InboxRow& row : inbox) {
            if (before_inbox) {
                before_inbox(row);
            }
        }
        for (const ProjectBatch& batch : batches) {
            log[batch.log.project].push_back(batch.log);
        }
        for (const InboxRow& row : inbox) {
            facts.insert(row.source + "/" + row.dedup_key);
        }
        parked.insert(parked.end(), set_aside.begin(), set_aside.end());
        if (after_commit) {
            after_commit();
        }
    }
    bool inbox_known(ProjectId, const std::string& source, const std::string& dedup_key) override {
        if (before_known) {
            before_known();
        }
        return facts.count(source + "/" + dedup_key) != 0;
    }
    void flush(const Flush& flush) override {
        if (before_flush) {
            before_flush();
        }
        for (const engine::MeterViewRow& row : flush.meters) {
            views[row.meter] = row;
        }
        day_rows += static_cast<std::int64_t>(flush.days.size());
    }
    void write_checkpoint_slice(ProjectId, std::int64_t, std::int32_t slice,
                                ByteView bytes) override {
        if (slice == 0) {
            image_.clear();
        }
        image_.insert(image_.end(), bytes.begin(), bytes.end());
    }
    void finish_checkpoint(const CheckpointInfo& info) override {
        checkpoints_[info.project].insert(checkpoints_[info.project].begin(), {info, image_});
    }
    std::vector<ProjectId> projects() override {
        std::vector<ProjectId> out;
        for (const auto& [id, rows] : log) {
            out.push_back(id);
        }
        return out;
    }
    std::vector<CheckpointInfo> checkpoints(ProjectId project) override {
        std::vector<CheckpointInfo> out;
        for (const auto& [info, image] : checkpoints_[project]) {
            out.push_back(info);
        }
        return out;
    }
    Bytes checkpoint_image(const CheckpointInfo& wanted) override {
        for (const auto& [info, image] : checkpoints_[wanted.project]) {
            if (info.seq == wanted.seq) {
                return image;
            }
        }
        throw StoreCorrupt("no such checkpoint");
    }
    std::vector<LogRow> log_after(ProjectId project, std::int64_t after,
                                  std::int32_t limit) override {
        std::vector<LogRow> out;
        for (const LogRow& row : log[project]) {
            if (row.seq > after && out.size() < static_cast<std::size_t>(limit)) {
                out.push_back(row);
            }
        }
        return out;
    }
    std::int64_t last_seq(ProjectId project) override {
        return log[project].empty() ? 0 : log[project].back().seq;
    }
    std::vector<engine::OutboxRow> outbox(ProjectId) override { return {}; }

private:
    Bytes image_;
    std::map<ProjectId, std::vector<std::pair<CheckpointInfo, Bytes>>> checkpoints_;
};

}  // namespace mb::writer::testing
