#include "writer/writer.hpp"

#include "base/log.hpp"
#include "engine/version.hpp"
#include "writer/log_hash.hpp"
#include "writer/writer_parts.hpp"

#include <set>

namespace mb::writer {

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
    for (const ProjectId id : projects()) {
        if (find(id)->upgraded) {
            settle_upgrade(id);
        }
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

void Writer::answer_duplicate(Batch& batch, std::size_t i) {
    ++counters_.inbox_duplicates;
    engine::EventOutcome outcome;
    outcome.duplicate = true;
    batch.answer(i, outcome);
}

/// A fact whose dedup key is known, in the store or in this batch, is a duplicate: success, no
/// event. One of this batch is answered with it, when the fact is durable.
void Writer::drop_known_facts(Batch& batch) {
    std::set<std::pair<std::string, std::string>> seen;
    for (std::size_t i = 0; i < batch.submissions.size(); ++i) {
        if (batch.answered[i]) {
            continue;
        }
        Submission& s = batch.submissions[i];
        const bool configures = std::holds_alternative<engine::ProjectConfigured>(s.event);
        if (find(s.project) == nullptr && !configures &&
            batch.shares.find(s.project) == batch.shares.end()) {
            batch.answer(i, refusal("project.unknown", ErrorKind::not_found, false));
            continue;
        }
        if (s.inbox) {
            const auto key =
                std::pair(s.project.text() + "/" + s.inbox->source, s.inbox->dedup_key);
            if (seen.find(key) != seen.end()) {
                batch.twins.push_back(i);
                continue;
            }
            if (store_.inbox_known(s.project, s.inbox->source, s.inbox->dedup_key)) {
                answer_duplicate(batch, i);
                continue;
            }
            seen.insert(key);
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
    for (const std::size_t twin : batch.twins) {
        answer_duplicate(batch, twin);
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
        batch.give_events_back();
        environment_broke(batch, now, why);
        recycle(std::move(batch));
        return true;
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

}  // namespace mb::writer
