// When a commit fails: the state never runs ahead of the store, and no event is lost or done twice
// (design §1.1).
#include "base/log.hpp"
#include "writer/writer_parts.hpp"

namespace mb::writer {

namespace {

constexpr std::int64_t failures_per_line = 300;  // a full disk must not fill the log as well

}  // namespace

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
        log::error("store: {}{} (failure {} in a row)", why.what(),
                   why.disk_full ? "; its disk is full: free space, then it goes on by itself" : "",
                   failures_in_a_row_);
    }
}

/// Once more, from what was submitted: a fact may have become known, ids come from the state as it
/// is now.
void Writer::retry(Batch& batch, const engine::Now& now) {
    batch.retried = true;
    ++counters_.retried;
    batch.give_events_back();
    try {
        drop_known_facts(batch);
    } catch (const StoreUnavailable& why) {
        batch.give_events_back();
        environment_broke(batch, now, why);
        return;
    }
    add_due_ticks(batch, now);
    if (!batch.shares.empty()) {
        apply(batch, now);
        commit(batch, now);
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
        batch.retried = true;
    }
    if (!batch.retried && !why.disk_full) {
        retry(batch, now);
        return;
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
        single.retried = batch.retried;
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
    batch.retried = true;  // there is no state to try it on
    counters_.down = true;
    drop_all();
    environment_broke(batch, now, why);
}

void Writer::park(Batch& single, const engine::Now& now, const std::string& why) {
    const Submission& submission = single.submissions.front();
    ++counters_.parked;
    log::error("event parked: {}", why);
    const ParkedEvent parked{submission.project, to_binary(submission.event), now, why};
    std::vector<InboxRow> inbox;
    if (submission.inbox) {
        inbox.push_back(*submission.inbox);
    }
    try {
        store_.commit({}, inbox, {parked});
    } catch (const StoreConstraint& again) {
        // The raw fact itself is what the store cannot keep: what was read out of it is kept.
        log::error("parked without its inbox row: {}", again.what());
        store_.commit({}, {}, {parked});
    }
    single.answer(0, refusal("event.parked", ErrorKind::internal, false));
}

}  // namespace mb::writer
