// What the files of the writer share: writer.cpp (batches), writer_failures.cpp,
// writer_checkpoints.cpp. Internal to the room.
#pragma once

#include "writer/replay.hpp"
#include "writer/writer.hpp"

namespace mb::writer {

constexpr std::size_t no_submission = static_cast<std::size_t>(-1);

inline engine::EventOutcome refusal(const std::string& code, ErrorKind kind, bool retryable) {
    engine::EventOutcome out;
    out.refused = true;
    out.error = error(code, kind);
    out.error.retryable = retryable;
    return out;
}

struct Writer::Project {
    engine::Engine engine;
    std::int64_t seq = 0;
    Hash log_hash{};
    engine::Now now;                  // of the last batch
    Instant checkpoint_wall;          // of the last checkpoint
    std::int64_t readings_since = 0;  // a checkpoint
    std::int64_t checkpoint_seq = 0;
    bool upgraded = false;  // read from an older version's checkpoint, and none of our own yet

    explicit Project(Loaded loaded)
        : engine(std::move(loaded.engine)),
          seq(loaded.seq),
          log_hash(loaded.log_hash),
          now(loaded.now),
          upgraded(loaded.upgraded) {}
};

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
    std::vector<std::size_t> twins;  // name a fact that another submission of the batch names
    bool retried = false;            // after a failure; it happens once

    /// As it was taken: what was learnt of facts is asked again.
    void give_events_back() {
        for (auto& [id, share] : shares) {
            for (std::size_t i = 0; i < share.from.size(); ++i) {
                if (share.from[i] != no_submission) {
                    submissions[share.from[i]].event = std::move(share.events[i]);
                }
            }
        }
        shares.clear();
        inbox.clear();
        twins.clear();
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

}  // namespace mb::writer
