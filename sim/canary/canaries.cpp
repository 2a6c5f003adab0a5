#include "sim/canary/canaries.hpp"

#include <map>
#include <memory>

namespace mb::sim::canary {

namespace {

using checker::Invariant;
using engine::Row;
using rules::ledger::Cause;
using rules::ledger::Transfer;
using world::PassingStore;
using world::Seams;
using Rows = std::vector<Row>;

/// What becomes of one row on its way to the store: nothing, itself, others.
using Alter = std::function<void(const Row& row, Rows& out)>;

class AlteringStore final : public PassingStore {
public:
    AlteringStore(writer::Store& below, Alter alter)
        : PassingStore(below), alter_(std::move(alter)) {}

    void commit(const std::vector<writer::ProjectBatch>& batches,
                const std::vector<writer::InboxRow>& inbox,
                const std::vector<writer::ParkedEvent>& parked) override {
        std::vector<engine::Effects> altered(batches.size());
        std::vector<writer::ProjectBatch> out = batches;
        for (std::size_t i = 0; i < batches.size(); ++i) {
            Rows rows;
            for (const Row& row : batches[i].effects->rows()) {
                alter_(row, rows);
            }
            for (Row& row : rows) {
                altered[i].emit(std::move(row));
            }
            altered[i].outcomes = batches[i].effects->outcomes;
            out[i].effects = &altered[i];
        }
        below_.commit(out, inbox, parked);
    }

private:
    Alter alter_;
};

Seams rows(const Alter& alter) {
    Seams out;
    out.store = [alter](writer::Store& below) -> std::unique_ptr<writer::Store> {
        return std::make_unique<AlteringStore>(below, alter);
    };
    return out;
}

/// Changes every n-th row of a kind that `wanted` takes.
template <class T, class Change>
Alter every(int n, Change change) {
    return [n, change, count = std::make_shared<int>(0)](const Row& row, Rows& out) {
        const T* match = std::get_if<T>(&row);
        if (match == nullptr) {
            out.push_back(row);
            return;
        }
        T copy = *match;
        if (change.wants(copy) && ++*count % n == 0) {
            change.put(copy, out);
        } else {
            out.push_back(row);
        }
    };
}

template <class Wants, class Put>
struct Change {
    Wants wants;
    Put put;
};
template <class Wants, class Put>
Change(Wants, Put) -> Change<Wants, Put>;

bool anything(const auto& /*row*/) { return true; }

// ---- money
// ---------------------------------------------------------------------------------------

Seams one_sided() {
    return rows(
        every<Transfer>(5, Change{[](const Transfer& t) { return t.cause == Cause::payment; },
                                  [](Transfer& t, Rows& out) {
                                      t.debit = t.credit;
                                      out.emplace_back(t);
                                  }}));
}

Seams double_posting() {
    return rows(
        every<Transfer>(20, Change{[](const Transfer& t) { return t.cause == Cause::usage; },
                                   [](Transfer& t, Rows& out) {
                                       out.emplace_back(t);
                                       t.id.value += 1'000'000'000;
                                       t.idempotency += ":again";
                                       out.emplace_back(t);
                                   }}));
}

Seams payment_again() {
    Seams out;
    out.event = [](engine::Event& event, std::vector<engine::Event>& more) {
        if (const auto* paid = std::get_if<engine::PaymentReceived>(&event)) {
            engine::PaymentReceived again = *paid;
            again.transaction += "X";
            more.emplace_back(again);
        }
    };
    return out;
}

Seams usage_twice() {
    return rows(every<engine::BillLineRow>(10, Change{[](const auto& row) { return anything(row); },
                                                      [](engine::BillLineRow& row, Rows& out) {
                                                          row.line.quantity.units +=
                                                              row.line.quantity.units + 1;
                                                          out.emplace_back(row);
                                                      }}));
}

Seams line_short() {
    return rows(every<engine::BillLineRow>(10, Change{[](const auto& row) { return anything(row); },
                                                      [](engine::BillLineRow& row, Rows& out) {
                                                          row.line.posted.fen -= 1;
                                                          out.emplace_back(row);
                                                      }}));
}

// ---- readings and tariffs
// ------------------------------------------------------------------------

/// The total in a registers answer grows by 1 kWh, with a good checksum.
Seams register_shifted() {
    Seams out;
    out.answer = [count = std::make_shared<int>(0)](Bytes& frame) {
        std::size_t at = 0;
        while (at < frame.size() && frame[at] == 0xFE) {
            ++at;
        }
        // 68 A0…A5 68 91 L, identifier 0001FF00 low byte first +33h, then the total the same way.
        const bool energy = frame.size() > at + 20 && frame[at + 8] == 0x91 &&
                            frame[at + 12] == 0x34 && frame[at + 13] == 0x33;
        if (!energy || ++*count % 500 != 0) {
            return;
        }
        std::uint8_t& kwh = frame[at + 15];  // two digits, behind the hundredths
        if ((kwh - 0x33) % 16 < 9) {
            kwh = static_cast<std::uint8_t>(kwh + 1);
            frame[frame.size() - 2] = static_cast<std::uint8_t>(frame[frame.size() - 2] + 1);
        }
    };
    return out;
}

Seams tier_off_by_one() {
    Seams out;
    out.set_up = [](engine::Event& event) {
        auto* published = std::get_if<engine::TariffPublished>(&event);
        if (published != nullptr && !published->document.tier_limits.empty()) {
            published->document.tier_limits.front().units += 1;
        }
    };
    return out;
}

Seams version_a_day_early() {
    Seams out;
    out.set_up = [](engine::Event& event) {
        auto* published = std::get_if<engine::TariffPublished>(&event);
        if (published != nullptr && published->document.version == 2) {
            published->document.effective_from = published->document.effective_from + -1;
        }
    };
    return out;
}

// ---- relays and people
// ---------------------------------------------------------------------------

Seams notice_dropped() {
    return rows(every<engine::NoticeRow>(
        1, Change{[](const engine::NoticeRow& n) { return n.kind == engine::NoticeKind::pretrip; },
                  [](engine::NoticeRow& /*n*/, Rows& /*out*/) {}}));
}

Seams trips_at_night() {
    Seams out;
    out.set_up = [](engine::Event& event) {
        if (auto* configured = std::get_if<engine::ProjectConfigured>(&event)) {
            configured->config.credit.allowed_from_min = 0;
            configured->config.credit.allowed_to_min = 1440;
            configured->config.credit.working_days_only = false;
        }
    };
    return out;
}

/// The meter's "accepted" is taken for a read-back.
Seams ack_is_verified() {
    Seams out;
    auto wanted = std::make_shared<std::map<CommandId, engine::CommandRow>>();
    out.store = rows([wanted](const Row& row, Rows& kept) {
                    kept.push_back(row);
                    if (const auto* command = std::get_if<engine::CommandRow>(&row)) {
                        (*wanted)[command->id] = *command;
                    }
                }).store;
    out.event = [wanted](engine::Event& event, std::vector<engine::Event>&) {
        const auto* report = std::get_if<engine::CommandReported>(&event);
        if (report == nullptr || report->phase != engine::CommandPhase::acked) {
            return;
        }
        const auto found = wanted->find(report->command);
        if (found == wanted->end() || found->second.kind == engine::CommandKind::read) {
            return;
        }
        engine::StatusRead forged;
        forged.meter = found->second.meter;
        forged.at = found->second.sent.at ? found->second.sent.at : found->second.created.at;
        forged.relay_open = found->second.kind == engine::CommandKind::trip;
        forged.command = report->command;
        event = forged;
    };
    return out;
}

Seams command_never_ends() {
    return rows(every<engine::CommandRow>(
        3, Change{[](const engine::CommandRow& c) { return engine::is_final(c.state); },
                  [](engine::CommandRow& /*c*/, Rows& /*out*/) {}}));
}

Seams notice_flood() {
    return rows(every<engine::NoticeRow>(10, Change{[](const auto& row) { return anything(row); },
                                                    [](engine::NoticeRow& n, Rows& out) {
                                                        for (int i = 0; i < 13; ++i) {
                                                            out.emplace_back(n);
                                                            n.id.value += 1'000'000'000;
                                                        }
                                                    }}));
}

// ---- store
// ---------------------------------------------------------------------------------------

/// Answers success and has done nothing.
class LyingStore final : public PassingStore {
public:
    using PassingStore::PassingStore;
    void commit(const std::vector<writer::ProjectBatch>& batches,
                const std::vector<writer::InboxRow>& inbox,
                const std::vector<writer::ParkedEvent>& parked) override {
        if (++calls_ < 200) {
            below_.commit(batches, inbox, parked);
        }
    }

private:
    int calls_ = 0;
};

Seams commit_lies() {
    Seams out;
    out.store = [](writer::Store& below) -> std::unique_ptr<writer::Store> {
        return std::make_unique<LyingStore>(below);
    };
    return out;
}

Seams outbox_row_lost() {
    return rows(
        every<engine::OutboxRow>(10, Change{[](const auto& row) { return anything(row); },
                                            [](engine::OutboxRow& /*r*/, Rows& /*out*/) {}}));
}

/// Not the outbox row, but its end is lost: it is sent again for ever.
Seams outbox_never_done() {
    return rows(
        every<engine::OutboxDone>(10, Change{[](const auto& row) { return anything(row); },
                                             [](engine::OutboxDone& /*r*/, Rows& /*out*/) {}}));
}

/// Every third confirmed order is forgotten on its way to the table.
Seams order_forgotten() {
    auto dropped = std::make_shared<std::map<std::string, bool>>();
    return rows([dropped, count = std::make_shared<int>(0)](const Row& row, Rows& out) {
        const auto* order = std::get_if<engine::OrderRow>(&row);
        if (order != nullptr) {
            const auto [entry, fresh] = dropped->try_emplace(order->no, false);
            if (fresh) {
                entry->second = ++*count % 3 == 0;
            }
            if (entry->second) {
                return;
            }
        }
        out.push_back(row);
    });
}

}  // namespace

const std::vector<Canary>& canaries() {
    static const std::vector<Canary> all{
        {"one_sided", Invariant::i1_debits_credits, "a payment is posted from the payer to himself",
         one_sided},
        {"double_posting", Invariant::i2_balance_postings, "a use is posted twice", double_posting},
        {"payment_again", Invariant::i3_payment_once,
         "a payment comes again under another transaction id", payment_again},
        {"usage_twice", Invariant::i4_billed_once, "a bill line holds its quantity twice",
         usage_twice},
        {"line_short", Invariant::i5_lines_total, "a line says one fen less than was posted",
         line_short},
        {"register_shifted", Invariant::i6_register_difference,
         "a frame shows a kilowatt-hour more than the meter", register_shifted},
        {"notice_dropped", Invariant::i7_trip_allowed, "pre-trip notices are never served",
         notice_dropped},
        {"trips_at_night", Invariant::i7_trip_allowed, "the policy handed in allows every hour",
         trips_at_night},
        {"commit_lies", Invariant::i8_acknowledged_survives, "a commit answers and does nothing",
         commit_lies},
        {"order_forgotten", Invariant::i8_acknowledged_survives,
         "an acknowledged order is not in its table", order_forgotten},
        {"outbox_row_lost", Invariant::i9_repeat_changes_nothing, "an outbox row is not kept",
         outbox_row_lost},
        {"outbox_never_done", Invariant::i9_repeat_changes_nothing,
         "a done outbox row stays and would be sent again", outbox_never_done},
        {"tier_off_by_one", Invariant::i10_tariff_version, "the first tier is a step longer",
         tier_off_by_one},
        {"version_a_day_early", Invariant::i10_tariff_version,
         "a tariff version takes effect a day early", version_a_day_early},
        {"ack_is_verified", Invariant::i14_commands_end, "an acceptance is taken for a read-back",
         ack_is_verified},
        {"command_never_ends", Invariant::i14_commands_end, "a command's end is not kept",
         command_never_ends},
        {"notice_flood", Invariant::i15_notice_cap, "a notice is sent thirteen times",
         notice_flood},
    };
    return all;
}

}  // namespace mb::sim::canary
