// Coalesced rows and checkpoints, written between batches (design §1.1).
#include "base/log.hpp"
#include "crypto/digest.hpp"
#include "engine/version.hpp"
#include "writer/writer_parts.hpp"

#include <algorithm>

namespace mb::writer {

bool Writer::flush_slice() {
    for (auto& [id, project] : projects_) {
        if (!project->engine.dirty()) {
            continue;
        }
        Flush flush;
        flush.project = id;
        project->engine.take_dirty(options_.flush_rows_max, flush.meters, flush.days);
        counters_.flushed_rows +=
            static_cast<std::int64_t>(flush.meters.size() + flush.days.size());
        try {
            store_.flush(flush);
        } catch (const StoreUnavailable&) {
            recover_dirty(id);  // what was taken out of the dirty set comes back by replay
            throw;
        }
        return true;
    }
    return false;
}

void Writer::recover_dirty(ProjectId id) {
    try {
        reload(id);
    } catch (const StoreUnavailable& why) {
        tell_failure(why);
        counters_.down = true;
        drop_all();
    }
}

void Writer::flush_all() {
    while (flush_slice()) {
    }
}

ProjectId Writer::checkpoint_due(Instant wall) const {
    for (const auto& [id, project] : projects_) {
        const bool due = project->readings_since >= options_.checkpoint_readings ||
                         wall - project->checkpoint_wall >= options_.checkpoint_every;
        if (due && project->seq != project->checkpoint_seq) {
            return id;
        }
    }
    return {};
}

void Writer::begin_checkpoint(ProjectId id, Instant wall) {
    const Project& project = *projects_.at(id);
    checkpoint_ = std::make_unique<Checkpoint>();
    checkpoint_->image = project.engine.image();
    checkpoint_->flush_mark = project.engine.flush_mark();
    checkpoint_->readings = project.readings_since;
    checkpoint_->wall = wall;
    CheckpointInfo& info = checkpoint_->info;
    info.project = id;
    info.seq = project.seq;
    info.engine_version = engine::engine_version;
    info.now = project.now;
    info.size = static_cast<std::int64_t>(checkpoint_->image.size());
    info.log_hash = project.log_hash;
    info.hash = crypto::sha256(checkpoint_->image);
}

void Writer::write_slice() {
    Checkpoint& taking = *checkpoint_;
    const ByteView rest = ByteView(taking.image).subspan(taking.written);
    const ByteView slice = rest.first(std::min(options_.checkpoint_slice_bytes, rest.size()));
    store_.write_checkpoint_slice(taking.info.project, taking.info.seq, taking.slices, slice);
    ++taking.slices;
    taking.written += slice.size();
}

void Writer::finish_checkpoint() {
    store_.finish_checkpoint(checkpoint_->info);
    Project& project = *projects_.at(checkpoint_->info.project);
    project.checkpoint_wall = checkpoint_->wall;
    project.checkpoint_seq = checkpoint_->info.seq;
    project.readings_since -= checkpoint_->readings;
    checkpoint_.reset();
    ++counters_.checkpoints;
}

bool Writer::checkpoint_slice(Instant wall) {
    if (!checkpoint_) {
        const ProjectId due = checkpoint_due(wall);
        if (due) {
            begin_checkpoint(due, wall);
        }
        return static_cast<bool>(due);
    }
    if (checkpoint_->written < checkpoint_->image.size()) {
        write_slice();
        return true;
    }
    // Rows behind the checkpoint's seq must not be lost with the log.
    const bool flushed =
        projects_.at(checkpoint_->info.project)->engine.flushed_to(checkpoint_->flush_mark);
    if (flushed) {
        finish_checkpoint();
    }
    return flushed;
}

void Writer::checkpoint(ProjectId id, Instant wall) {
    flush_all();
    begin_checkpoint(id, wall);
    while (checkpoint_->written < checkpoint_->image.size()) {
        write_slice();
    }
    finish_checkpoint();
}

/// Before anything else happens: a version that comes later reads this one's checkpoint, but no log
/// behind another's. A row of ours stands first, so that it does not replace the one it came from.
/// Nobody listens yet.
void Writer::settle_upgrade(ProjectId id) {
    const engine::Now now = find(id)->now;
    Batch batch;
    auto& share = batch.shares[id];
    share.events.emplace_back(engine::Tick{});
    share.from.push_back(no_submission);
    apply(batch, now);
    write(batch);
    Project& project = *find(id);
    project.seq = share.log.seq;
    project.log_hash = share.log.hash;
    checkpoint(id, now.wall);
    log::info("project {}: taken over from an older engine version, checkpoint {}", id.text(),
              find(id)->checkpoint_seq);
    find(id)->upgraded = false;
}

void Writer::stop(Instant wall) {
    flush_all();
    for (const ProjectId id : projects()) {
        if (projects_.at(id)->seq != projects_.at(id)->checkpoint_seq) {
            checkpoint(id, wall);
        }
    }
}

}  // namespace mb::writer
