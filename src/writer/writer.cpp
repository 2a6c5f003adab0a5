#include "writer/writer.hpp"

#include "base/log.hpp"
#include "engine/version.hpp"
#include "writer/log_hash.hpp"
#include "writer/replay.hpp"

#include <algorithm>
#include <set>

namespace mb::writer {

struct Writer::Project {
    engine::Engine engine;
    std::int64_t seq = 0;
    Hash log_hash{};
    engine::Now now;                  // of the last batch
    Instant checkpoint_wall;          // of the last checkpoint
    std::int64_t readings_since = 0;  // a checkpoint
    std::int64_t checkpoint_seq = 0;

    explicit Project(Loaded loaded)
        : engine(std::move(loaded.engine)),
          seq(loaded.seq),
          log_hash(loaded.log_hash),
          now(loaded.now) {}
};

namespace {

constexpr std::size_t no_submission = static_cast<std::size_t>(-1);
constexpr std::int64_t failures_per_line = 300;  // a full disk must not fill the log as well

}  // namespace

void SubmissionQueue::take(std::vector<Submission>& to, std::size_t most) {
    if (to.empty() && taken_ == 0 && items_.size() <= most) {
        to.swap(items_);
        return;
    }
    for (; !empty() && to.size() < most; ++taken_) {
        to.push_back(std::move(items_[taken_]));
    }
    if (empty()) {
        items_.clear();
        taken_ = 0;
    }
}

/// Submissions of one batch, and by project the events they make.
struct Writer::Batch {
    struct Share {
        std::vector<engine::Event> events;
        std::vector<std::size_t> from;  // index of the submission; SIZE_MAX: a tick of ours
        engine::Effects effects;
        LogRow log;
    };
    std::vector<Submission> submissions;  // the events of those taken are in the shares
    std::vector<bool> answered;
    std::map<ProjectId, Share> shares;
    std::vector<InboxRow> inbox;

    void give_events_back() {
        for (auto& [id, share] : shares) {
            for (std::size_t i = 0; i < share.from.size(); ++i) {
                if (share.from[i] != no_submission) {
                    submissions[share.from[i]].event = std::move(share.events[i]);
                }
            }
        }
        shares.clear();
    }

    void answer(std::size_t i, const engine::EventOutcome& outcome) {
        if (!answered[i]) {
            answered[i] = true;
            if (submissions[i].done) {
                submissions[i].done(outcome);
            }
        }
    }
};

namespace {

engine::EventOutcome refusal(const std::string& code, ErrorKind kind, bool retryable) {
    engine::EventOutcome out;
    out.refused = true;
    out.error = error(code, kind);
    out.error.retryable = retryable;
    return out;
}

}  // namespace

/// Copied in memory between two batches, written in slices between later ones.
struct Writer::Checkpoint {
    CheckpointInfo info;
    Bytes image;
    std::size_t written = 0;
    std::int32_t slices = 0;
    std::int64_t flush_mark = 0;
    std::int64_t readings = 0;  // that are in it and were in no other
    Instant wall;
};

/// What a batch leaves to the next one: memory, nothing else.
struct Writer::Recycled {
    std::vector<Submission> submissions;
    Batch::Share share;
};

Writer::Writer(Store& store, WriterOptions options, CommitListener listener)
    : store_(store),
      options_(options),
      listener_(std::move(listener)),
      recycled_(std::make_unique<Recycled>()) {}

Writer::~Writer() = default;

Writer::Project* Writer::find(ProjectId id) {
    const auto found = projects_.find(id);
    return found == projects_.end() ? nullptr : found->second.get();
}

const engine::Engine* Writer::engine(ProjectId project) const {
    const auto found = projects_.find(project);
    return found == projects_.end() ? nullptr : &found->second->engine;
}

std::vector<ProjectId> Writer::projects() const {
    std::vector<ProjectId> out;
    for (const auto& [id, project] : projects_) {
        out.push_back(id);
    }
    return out;
}

void Writer::load() {
    for (const ProjectId id : store_.projects()) {
        reload(id);
    }
    counters_.down = false;
}

void Writer::drop_all() {
    projects_.clear();
    checkpoint_.reset();
}

void Writer::reload(ProjectId id) {
    projects_.erase(id);
    if (checkpoint_ && checkpoint_->info.project == id) {
        checkpoint_.reset();  // what it waits for is no longer known
    }
    Loaded loaded = load_newest(store_, id);
    if (loaded.seq == 0) {
        return;  // its first batch never committed
    }
    if (loaded.now.business > last_business_) {
        last_business_ = loaded.now.business;
    }
    projects_[id] = std::make_unique<Project>(std::move(loaded));
}

bool Writer::submit(Submission&& submission) {
    if (queued() >= options_.queue_max) {
        ++counters_.queue_full;
        return false;
    }
    const bool urgent = engine::is_urgent(submission.event);
    (urgent ? urgent_ : readings_).push(std::move(submission));
    return true;
}

Writer::Batch Writer::take() {
    Batch batch;
    batch.submissions.swap(recycled_->submissions);
    urgent_.take(batch.submissions, options_.batch_events_max);
    readings_.take(batch.submissions, options_.batch_events_max);
    batch.answered.assign(batch.submissions.size(), false);
    return batch;
}

void Writer::recycle(Batch&& batch) {
    batch.submissions.clear();
    recycled_->submissions.swap(batch.submissions);
    if (!batch.shares.empty()) {
        Batch::Share& share = batch.shares.begin()->second;
        share.events.clear();
        share.from.clear();
        share.effects.clear();
        recycled_->share = std::move(share);
    }
}

/// A fact whose dedup key is known, in the store or in this batch, is a duplicate: success, no
/// event.
void Writer::drop_known_facts(Batch& batch) {
    std::set<std::pair<std::string, std::string>> seen;
    for (std::size_t i = 0; i < batch.submissions.size(); ++i) {
        Submission& s = batch.submissions[i];
        if (s.inbox) {
            const auto key =
                std::pair(s.project.text() + "/" + s.inbox->source, s.inbox->dedup_key);
            const bool known = !seen.insert(key).second ||
                               store_.inbox_known(s.project, s.inbox->source, s.inbox->dedup_key);
            if (known) {
                ++counters_.inbox_duplicates;
                engine::EventOutcome outcome;
                outcome.duplicate = true;
                batch.answer(i, outcome);
                continue;
            }
        }
        const bool configures = std::holds_alternative<engine::ProjectConfigured>(s.event);
        if (find(s.project) == nullptr && !configures &&
            batch.shares.find(s.project) == batch.shares.end()) {
            batch.answer(i, refusal("project.unknown", ErrorKind::not_found, false));
            continue;
        }
        if (s.inbox) {
            batch.inbox.push_back(*s.inbox);
        }
        if (batch.shares.empty()) {
            batch.shares.emplace(s.project, std::move(recycled_->share));
        }
        auto& share = batch.shares[s.project];
        share.events.push_back(std::move(s.event));
        share.from.push_back(i);
    }
}

void Writer::add_due_ticks(Batch& batch, const engine::Now& now) {
    for (const auto& [id, project] : projects_) {
        const Instant due = project->engine.next_due();
        if (due && due <= now.business && batch.shares.find(id) == batch.shares.end()) {
            auto& share = batch.shares[id];
            share.events.emplace_back(engine::Tick{});
            share.from.push_back(no_submission);
        }
    }
}

void Writer::apply(Batch& batch, const engine::Now& now) {
    for (auto& [id, share] : batch.shares) {
        auto& slot = projects_[id];
        if (!slot) {
            slot = std::make_unique<Project>(Loaded{engine::Engine(id), 0, {}, {}, 0});
        }
        share.effects.clear();
        slot->engine.apply(share.events, now, share.effects);
        LogRow& row = share.log;
        row.project = id;
        row.seq = slot->seq + 1;
        row.engine_version = engine::engine_version;
        row.now = now;
        row.event_count = static_cast<std::int32_t>(share.events.size());
        row.events.clear();
        ByteWriter out(row.events);
        for (const engine::Event& event : share.events) {
            write_binary(out, event);
        }
        row.previous = slot->log_hash;
        row.effects = crypto::sha256(share.effects.canonical());
        row.hash = log_row_hash(row);
    }
}

/// In one transaction of the store.
void Writer::write(Batch& batch) {
    std::vector<ProjectBatch> rows;
    rows.reserve(batch.shares.size());
    for (auto& [id, share] : batch.shares) {
        rows.push_back({std::move(share.log), &share.effects});
    }
    const auto give_back = [&] {
        for (ProjectBatch& row : rows) {
            batch.shares.at(row.log.project).log = std::move(row.log);
        }
    };
    try {
        store_.commit(rows, batch.inbox, {});
    } catch (...) {
        give_back();
        throw;
    }
    give_back();
}

void Writer::commit(Batch& batch, const engine::Now& now) {
    try {
        write(batch);
    } catch (const StoreConstraint& why) {
        log::error("commit refused by a constraint: {}", why.what());
        refused_by_constraint(batch, now);
        return;
    } catch (const StoreUnavailable& why) {
        environment_broke(batch, now, why);
        return;
    }
    counters_.disk_full = false;
    if (failures_in_a_row_ > 0) {
        log::info("store: written again after {} failures", failures_in_a_row_);
        failures_in_a_row_ = 0;
    }
    committed(batch, now);
}

void Writer::committed(Batch& batch, const engine::Now& now) {
    ++counters_.batches;
    if (now.business > last_business_) {
        last_business_ = now.business;
    }
    for (auto& [id, share] : batch.shares) {
        Project& project = *projects_.at(id);
        project.seq = share.log.seq;
        project.log_hash = share.log.hash;
        project.now = now;
        for (std::size_t i = 0; i < share.events.size(); ++i) {
            const bool reading = std::holds_alternative<engine::ReadingTaken>(share.events[i]);
            project.readings_since += reading ? 1 : 0;
            counters_.readings += reading ? 1 : 0;
            counters_.refused += share.effects.outcomes[i].refused ? 1 : 0;
        }
        counters_.events += static_cast<std::int64_t>(share.events.size());
        if (listener_) {
            listener_(id, now, share.effects);
        }
        for (std::size_t i = 0; i < share.from.size(); ++i) {
            if (share.from[i] != no_submission) {
                batch.answer(share.from[i], share.effects.outcomes[i]);
            }
        }
    }
}

bool Writer::run_batch(const engine::Now& wanted) {
    engine::Now now = wanted;
    if (now.business < last_business_) {
        now.business = last_business_;  // never set back
    }
    if (counters_.down && !reload()) {
        Batch batch = take();
        refuse(batch, "store.unavailable");
        return false;
    }
    Batch batch = take();
    try {
        drop_known_facts(batch);
    } catch (const StoreUnavailable& why) {
        batch.shares.clear();
        environment_broke(batch, now, why);
        return false;
    }
    add_due_ticks(batch, now);
    if (batch.shares.empty()) {
        return false;
    }
    apply(batch, now);
    commit(batch, now);
    recycle(std::move(batch));
    return true;
}

Instant Writer::next_due() const {
    Instant out;
    for (const auto& [id, project] : projects_) {
        const Instant due = project->engine.next_due();
        if (due && (!out || due < out)) {
            out = due;
        }
    }
    return out;
}

// ---- when a commit fails
// -------------------------------------------------------------------------

void Writer::refuse(Batch& batch, const std::string& code) {
    for (std::size_t i = 0; i < batch.submissions.size(); ++i) {
        batch.answer(i, refusal(code, ErrorKind::unavailable, true));
    }
}

/// All shares went in one transaction: the first tells for all.
bool Writer::was_committed(const Batch& batch) {
    const auto& [id, share] = *batch.shares.begin();
    return store_.last_seq(id) >= share.log.seq;
}

void Writer::tell_failure(const StoreUnavailable& why) {
    if (failures_in_a_row_++ % failures_per_line == 0) {
        log::error("store: {} (failure {} in a row)", why.what(), failures_in_a_row_);
    }
}

/// The outcome of the commit is unknown: the store knows. State never runs ahead of it.
void Writer::environment_broke(Batch& batch, const engine::Now& now, const StoreUnavailable& why) {
    ++counters_.commit_failures;
    counters_.disk_full = why.disk_full;
    tell_failure(why);
    if (why.must_stop) {
        refuse(batch, "store.unavailable");
        throw why;
    }
    try {
        if (!batch.shares.empty() && was_committed(batch)) {
            committed(batch, now);  // the engines have applied it already
            return;
        }
        for (const auto& [id, share] : batch.shares) {
            reload(id);
        }
    } catch (const StoreUnavailable& again) {
        tell_failure(again);
        counters_.down = true;
        drop_all();
    }
    refuse(batch, why.disk_full ? "store.disk_full" : "store.unavailable");
}

bool Writer::reload() {
    try {
        drop_all();
        load();
        return true;
    } catch (const StoreUnavailable& why) {
        tell_failure(why);
        return false;
    }
}

/// Each event in a batch of its own, the guilty one is parked with an alarm, its inbox row
/// committed all the same.
void Writer::refused_by_constraint(Batch& batch, const engine::Now& now) {
    try {
        for (const auto& [id, share] : batch.shares) {
            reload(id);
        }
    } catch (const StoreUnavailable& why) {
        store_gone(batch, now, why);
        return;
    }
    batch.give_events_back();
    for (std::size_t i = 0; i < batch.submissions.size(); ++i) {
        if (batch.answered[i]) {
            continue;
        }
        if (counters_.down) {
            batch.answer(i, refusal("store.unavailable", ErrorKind::unavailable, true));
            continue;
        }
        batch.answered[i] = true;
        Batch single;
        single.submissions.push_back(std::move(batch.submissions[i]));
        single.answered.assign(1, false);
        try {
            commit_single(single, now);
        } catch (const StoreUnavailable& why) {
            store_gone(single, now, why);
        }
    }
}

void Writer::commit_single(Batch& single, const engine::Now& now) {
    drop_known_facts(single);
    if (single.shares.empty()) {
        return;
    }
    apply(single, now);
    try {
        write(single);
    } catch (const StoreConstraint& why) {
        reload(single.shares.begin()->first);
        single.give_events_back();
        park(single, now, why.what());
        return;
    } catch (const StoreUnavailable& why) {
        environment_broke(single, now, why);
        return;
    }
    committed(single, now);
}

/// It failed while the batch was half way: nothing is known of any state.
void Writer::store_gone(Batch& batch, const engine::Now& now, const StoreUnavailable& why) {
    batch.shares.clear();
    counters_.down = true;
    drop_all();
    environment_broke(batch, now, why);
}

void Writer::park(Batch& single, const engine::Now& now, const std::string& why) {
    const Submission& submission = single.submissions.front();
    ++counters_.parked;
    log::error("event parked: {}", why);
    ParkedEvent parked{submission.project, to_binary(submission.event), now, why};
    std::vector<InboxRow> inbox;
    if (submission.inbox) {
        inbox.push_back(*submission.inbox);
    }
    store_.commit({}, inbox, {std::move(parked)});
    single.answer(0, refusal("event.parked", ErrorKind::internal, false));
}

// ---- flush and checkpoint
// ------------------------------------------------------------------------

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

void Writer::stop(Instant wall) {
    flush_all();
    for (const ProjectId id : projects()) {
        if (projects_.at(id)->seq != projects_.at(id)->checkpoint_seq) {
            checkpoint(id, wall);
        }
    }
}

}  // namespace mb::writer
