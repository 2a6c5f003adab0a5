// A store that counts the CPU time spent in it, and otherwise passes everything on.
#pragma once

#include <atomic>

#include "bench/cpu.hpp"
#include "writer/store.hpp"

namespace mb::bench {

class MeteredStore final : public writer::Store {
public:
    explicit MeteredStore(writer::Store& store) : store_(store) {}

    /// Of the calling threads, within calls. Any thread may ask.
    [[nodiscard]] std::int64_t cpu_us() const { return cpu_us_; }

    void commit(const std::vector<writer::ProjectBatch>& batches,
                const std::vector<writer::InboxRow>& inbox,
                const std::vector<writer::ParkedEvent>& parked) override {
        const Stretch stretch(*this);
        store_.commit(batches, inbox, parked);
    }
    bool inbox_known(ProjectId project, const std::string& source,
                     const std::string& dedup_key) override {
        const Stretch stretch(*this);
        return store_.inbox_known(project, source, dedup_key);
    }
    void flush(const writer::Flush& flush) override {
        const Stretch stretch(*this);
        store_.flush(flush);
    }
    void write_checkpoint_slice(ProjectId project, std::int64_t seq, std::int32_t slice,
                                ByteView bytes) override {
        const Stretch stretch(*this);
        store_.write_checkpoint_slice(project, seq, slice, bytes);
    }
    void finish_checkpoint(const writer::CheckpointInfo& info) override {
        const Stretch stretch(*this);
        store_.finish_checkpoint(info);
    }
    std::vector<ProjectId> projects() override { return store_.projects(); }
    std::vector<writer::CheckpointInfo> checkpoints(ProjectId project) override {
        return store_.checkpoints(project);
    }
    Bytes checkpoint_image(const writer::CheckpointInfo& info) override {
        return store_.checkpoint_image(info);
    }
    std::vector<writer::LogRow> log_after(ProjectId project, std::int64_t after,
                                          std::int32_t limit) override {
        return store_.log_after(project, after, limit);
    }
    std::int64_t last_seq(ProjectId project) override { return store_.last_seq(project); }
    std::vector<engine::OutboxRow> outbox(ProjectId project) override {
        return store_.outbox(project);
    }

private:
    class Stretch {
    public:
        explicit Stretch(MeteredStore& of) : of_(of), begun_us_(this_thread_cpu_us()) {}
        ~Stretch() { of_.cpu_us_ += this_thread_cpu_us() - begun_us_; }
        Stretch(const Stretch&) = delete;
        Stretch& operator=(const Stretch&) = delete;

    private:
        MeteredStore& of_;
        std::int64_t begun_us_;
    };

    writer::Store& store_;
    std::atomic<std::int64_t> cpu_us_{0};
};

}  // namespace mb::bench
