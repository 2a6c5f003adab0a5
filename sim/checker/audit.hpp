// The full check, at each simulated midnight and at the end: what the store holds by plain SQL
// against the engine's state and the checker's own books, a replay of the log, the outbox.
#pragma once

#include "engine/engine.hpp"
#include "sim/checker/checker.hpp"
#include "store/database.hpp"
#include "writer/store.hpp"

#include <set>
#include <string>
#include <vector>

namespace mb::sim::checker {

/// What a client was told: it must be there.
struct Journal {
    std::set<std::string> orders;    // numbers of orders that were acknowledged
    std::set<std::string> payments;  // channel:transaction of callbacks answered 200
    std::int64_t last_seq = 0;       // of the newest batch the writer acknowledged
};

struct Audited {
    store::Database& database;
    writer::Store& store;  // the real one
    const engine::Engine& engine;
    ProjectId project;
    std::vector<OutboxId> carried;  // what the dispatcher holds
    Instant now;
};

/// Acknowledged = there (I8). After each restart, and in every audit.
void audit_journal(Tally& tally, store::Database& database, writer::Store& store, ProjectId project,
                   const Journal& journal);

/// Everything else. Throws InvariantBroken.
void audit(Checker& checker, const Audited& what, const Journal& journal);

/// A digest of the store's content in a canonical order, and of the state image.
std::string content_hash(store::Database& database, const engine::Engine& engine);

}  // namespace mb::sim::checker
