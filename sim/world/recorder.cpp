#include "sim/world/recorder.hpp"

#include <type_traits>

namespace mb::sim::world {

void Recorder::before_call() {
    if (disk_.death() != disk::Death::none) {
        throw ProcessDied{};
    }
    if (kill_in_ > 0 && !kill_after_ && --kill_in_ == 0) {
        disk_.die(disk::Death::killed);
        throw ProcessDied{};
    }
}

void Recorder::after_call() {
    if (kill_in_ > 0 && kill_after_ && --kill_in_ == 0) {
        disk_.die(disk::Death::killed);
    }
    if (disk_.death() != disk::Death::none) {
        throw ProcessDied{};
    }
}

void Recorder::done(const writer::LogRow& log, const std::vector<engine::Row>& rows,
                    const std::vector<engine::EventOutcome>& outcomes) {
    unknown_.reset();
    last_seq_ = log.seq;
    committed_(log, rows, outcomes);
}

void Recorder::resolve(std::int64_t last_seq) {
    if (!unknown_) {
        return;
    }
    const Committed batch = std::move(*unknown_);
    unknown_.reset();
    if (last_seq >= batch.log.seq) {
        done(batch.log, batch.rows, batch.outcomes);
    }
}

void Recorder::opened(writer::Store& store, ProjectId project) {
    kill_in_ = 0;
    resolve(store.last_seq(project));
}

template <class Call>
auto RecordingStore::guarded(Call call) {
    recorder_.before_call();
    try {
        if constexpr (std::is_void_v<decltype(call())>) {
            call();
            recorder_.after_call();
        } else {
            auto out = call();
            recorder_.after_call();
            return out;
        }
    } catch (const std::runtime_error&) {
        if (recorder_.disk_.death() != disk::Death::none) {
            throw ProcessDied{};  // nobody is left to see the error
        }
        throw;
    }
}

void RecordingStore::commit(const std::vector<writer::ProjectBatch>& batches,
                            const std::vector<writer::InboxRow>& inbox,
                            const std::vector<writer::ParkedEvent>& parked) {
    const bool with_log = !batches.empty() && batches.front().effects != nullptr;
    if (with_log && recorder_.unknown_) {
        last_seq(batches.front().log.project);  // the writer reloaded without asking
    }
    try {
        guarded([&] { below_.commit(batches, inbox, parked); });
    } catch (const writer::StoreConstraint&) {
        throw;  // certainly not done
    } catch (...) {
        if (with_log) {
            const auto& batch = batches.front();
            recorder_.unknown_ =
                Committed{batch.log, batch.effects->rows(), batch.effects->outcomes};
        }
        throw;
    }
    if (with_log) {
        const auto& batch = batches.front();
        recorder_.done(batch.log, batch.effects->rows(), batch.effects->outcomes);
    }
}

bool RecordingStore::inbox_known(ProjectId project, const std::string& source,
                                 const std::string& key) {
    return guarded([&] { return below_.inbox_known(project, source, key); });
}

void RecordingStore::flush(const writer::Flush& flush) {
    guarded([&] { below_.flush(flush); });
}

void RecordingStore::write_checkpoint_slice(ProjectId project, std::int64_t seq, std::int32_t slice,
                                            ByteView bytes) {
    guarded([&] { below_.write_checkpoint_slice(project, seq, slice, bytes); });
}

void RecordingStore::finish_checkpoint(const writer::CheckpointInfo& info) {
    guarded([&] { below_.finish_checkpoint(info); });
}

std::int64_t RecordingStore::last_seq(ProjectId project) {
    const std::int64_t seq = below_.last_seq(project);
    recorder_.resolve(seq);
    return seq;
}

}  // namespace mb::sim::world
