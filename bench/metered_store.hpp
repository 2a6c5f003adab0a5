// A store that counts the CPU time spent in it, and otherwise passes everything on.
#pragma once

#include <atomic>

#include "bench/cpu.hpp"
#include "sim/world/passing_store.hpp"

namespace mb::bench {

class MeteredStore final : public sim::world::PassingStore {
public:
    using PassingStore::PassingStore;

    /// Of the calling threads, within calls. Any thread may ask.
    [[nodiscard]] std::int64_t cpu_us() const { return cpu_us_; }

    void commit(const std::vector<writer::ProjectBatch>& batches,
                const std::vector<writer::InboxRow>& inbox,
                const std::vector<writer::ParkedEvent>& parked) override {
        const Stretch stretch(*this);
        PassingStore::commit(batches, inbox, parked);
    }
    bool inbox_known(ProjectId project, const std::string& source,
                     const std::string& dedup_key) override {
        const Stretch stretch(*this);
        return PassingStore::inbox_known(project, source, dedup_key);
    }
    void flush(const writer::Flush& flush) override {
        const Stretch stretch(*this);
        PassingStore::flush(flush);
    }
    void write_checkpoint_slice(ProjectId project, std::int64_t seq, std::int32_t slice,
                                ByteView bytes) override {
        const Stretch stretch(*this);
        PassingStore::write_checkpoint_slice(project, seq, slice, bytes);
    }
    void finish_checkpoint(const writer::CheckpointInfo& info) override {
        const Stretch stretch(*this);
        PassingStore::finish_checkpoint(info);
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

    std::atomic<std::int64_t> cpu_us_{0};
};

}  // namespace mb::bench
