// Watches what is committed and says when an invariant breaks. It computes with its own simple
// means: own register differences, own rating, own ledger, own calendar. Lives outside the
// simulated process.
#pragma once

#include "engine/effects.hpp"
#include "engine/events.hpp"
#include "sim/checker/invariant.hpp"
#include "sim/checker/rating.hpp"
#include "sim/world/field.hpp"
#include "sim/world/plant.hpp"
#include "sim/world/till.hpp"
#include "writer/store.hpp"

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace mb::sim::checker {

struct Counts {
    std::int64_t batches = 0;
    std::int64_t events = 0;
    std::int64_t readings = 0;
    std::int64_t postings = 0;
    std::int64_t trips = 0;     // verified
    std::int64_t restores = 0;  // verified closes and permits
    std::int64_t payments = 0;
    std::int64_t suspended = 0;
    std::int64_t notices = 0;
    std::int64_t commands = 0;
    std::int64_t rollovers = 0;
    std::int64_t charged = 0;  // readings of closed days, by their daily proofs
    std::int64_t held = 0;
    std::int64_t excluded = 0;
};

/// What the checker knows of one room.
struct OwnRoom {
    // metering
    Instant read_at;
    std::int64_t total = 0;  // register value as shown
    std::int64_t billed = 0;
    std::map<Instant, std::int64_t> good;  // readings that were billed when they came
    std::map<Instant, std::int64_t> late;  // that came behind a later one
    std::set<Instant> seen;
    OwnBill bill;
    // money
    std::int64_t cash = 0;    // fen
    std::int64_t posted = 0;  // usage postings, fen
    // credit
    bool emergency = false;
    Instant alarm2_at;  // of this episode
    Instant pretrip_at;
    std::int32_t episode = 0;
    bool clock_known = false;
    std::int64_t clock_ahead_s = 0;
    // relay
    bool keep_power = false;
    bool no_disconnect = false;
    bool position_known = false;
    bool position_open = false;
    bool read_open = false;  // before or in the present batch
    bool read_closed = false;
    std::map<std::int32_t, int> notices;  // by local day
    std::int64_t command_hour = 0;        // hours since 1970
    int command_rows = 0;                 // written in that hour

    /// The balance a tenant sees: ledger − accrued, not yet posted.
    [[nodiscard]] std::int64_t balance() const { return cash - (bill.fen() - posted); }
};

class Checker {
public:
    Checker(const world::Plant& plant, const world::Field& field, const world::Till& till);

    /// One committed batch, in order.
    void committed(const writer::LogRow& log, const std::vector<engine::Row>& rows,
                   const std::vector<engine::EventOutcome>& outcomes);

    [[nodiscard]] const Counts& counts() const { return counts_; }
    [[nodiscard]] Tally& tally() { return tally_; }
    [[nodiscard]] const Tally& tally() const { return tally_; }
    [[nodiscard]] const std::vector<OwnRoom>& rooms() const { return rooms_; }
    [[nodiscard]] const world::Plant& plant() const { return plant_; }
    [[nodiscard]] const world::Field& field() const { return field_; }
    [[nodiscard]] const std::set<std::string>& payments() const { return payments_; }

private:
    void see(const engine::Event& event, const engine::EventOutcome& outcome, Instant now);
    void reading(const engine::ReadingTaken& e, Instant now);
    void rerate(std::int64_t id);
    void status(const engine::StatusRead& e);
    void transfer(const rules::ledger::Transfer& row);
    void payment(const rules::ledger::Transfer& row);
    void notice(const engine::NoticeRow& row);
    void relay(const engine::RelayRow& row);
    void command(const engine::CommandRow& row, const engine::Now& now);
    void arrears_trip(const engine::CommandRow& row, const OwnRoom& before);
    OwnRoom& room(std::int64_t id) { return rooms_.at(static_cast<std::size_t>(id - 1)); }

    const world::Plant& plant_;
    const world::Field& field_;
    const world::Till& till_;
    std::vector<OwnRoom> rooms_;
    OwnTariffs tariffs_;
    std::set<std::string> payments_;  // channel:transaction that were posted
    std::map<std::int64_t, engine::CommandState> commands_;
    std::set<OutboxId> outbox_;                            // rows the store holds
    std::map<rules::ledger::Kind, std::int64_t> by_kind_;  // credits − debits
    Counts counts_;
    Tally tally_;
};

}  // namespace mb::sim::checker
