// The engine's second door: what one batch of events does to the world. Rows are in emission order;
// the canonical bytes are what the batch's hash covers. Nothing here is done yet: the writer
// commits it.
#pragma once

#include "engine/rows.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace mb::engine {

/// Rows that money, relays or configuration touched: committed with the batch.
using Row =
    std::variant<rules::ledger::Transfer, BillLineRow, OrderRow, CommandRow, RelayRow, NoticeRow,
                 TimelineRow, AlarmRow, OutboxRow, OutboxDone, DailyProofRow, ProjectRow, TariffRow,
                 ServicePoint, Account, Agreement, Meter, AmendmentRow, AdjustmentRow>;

/// The answer to one event, in the batch's order.
struct EventOutcome {
    bool refused = false;
    bool duplicate = false;  // same key seen before: `ref` is the first result
    Error error;             // when refused
    std::string ref;         // id of what was created: command id, order number
};

class Effects {
public:
    void emit(Row row);
    /// A reading's outcome: compact, no row of its own.
    void reading(MeterId meter, Instant at, rules::metering::Outcome outcome,
                 rules::metering::OutcomeReason reason, std::int64_t quantity,
                 std::int64_t pending_change_fen);
    void clear();

    [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }
    [[nodiscard]] const Bytes& canonical() const { return canonical_; }
    std::vector<EventOutcome> outcomes;  // one per event of the batch

private:
    std::vector<Row> rows_;
    Bytes canonical_;
};

}  // namespace mb::engine
