// Rating a point anew: who asks for it, and what is done with what the job found (design §1: facts
// are kept, conclusions derived; posted entries never change).
#include "base/json.hpp"
#include "engine/context.hpp"
#include "rules/billing/adjustment.hpp"
#include "rules/billing/settle.hpp"

#include <algorithm>

namespace mb::engine {

namespace {

using rules::billing::AdjustedLine;
using rules::billing::AgreementAccrual;
using rules::billing::BillLine;
using rules::ledger::Kind;

/// What is posted of each line: of closed months the job knows it, of those still open the state.
/// The job leaves out no month of the state's (drop_unchanged()): what it does not have is no more.
std::vector<BillLine> kept_lines(const AgreementAccrual& rated, const AgreementAccrual& present) {
    std::map<rules::billing::LineKey, BillLine> by_key;
    for (const auto* lines : {&rated.lines, &present.lines}) {
        for (const BillLine& line : *lines) {
            by_key[line.key] = line;
        }
    }
    std::vector<BillLine> out;
    for (const auto& entry : by_key) {
        out.push_back(entry.second);
    }
    return out;
}

void adjust(Context& c, const PointRerated& e, AgreementState& agreement,
            const AgreementAccrual& rated) {
    const AgreementId id = agreement.config.id;
    AccountState& account = c.state.accounts.at(agreement.config.account);
    AdjustmentRow row;
    row.id = AdjustmentId{c.state.counters.adjustment + 1};
    // What was used is posted as use; what then differs is the adjustment. Under the job's number:
    // that of an adjustment comes again when nothing differs.
    post_agreement(c, id, agreement, c.today, ":" + e.task.text());
    AgreementAccrual next = rated;
    std::vector<BillLine> kept = kept_lines(rated, agreement.accrual);
    for (BillLine& line : next.lines) {
        line.posted = {};
        line.posted_quantity = {};
    }
    const std::int32_t next_id = std::max(rated.next_line_id, agreement.accrual.next_line_id);
    rules::billing::take_over(next, kept, next_id);
    const std::vector<AdjustedLine> lines = rules::billing::post_adjustment(next);
    for (const AdjustedLine& line : lines) {
        const Money change = line.amount - line.amount_before;
        c.transfer(
            rules::ledger::cash_of(agreement.config.account), {Kind::revenue, 0}, change,
            rules::ledger::Cause::adjustment, id.value,
            "adjust:" + id.text() + ":" + std::to_string(line.line_id) + ":" + row.id.text());
        row.amount += change;
        if (line.key.item == rules::billing::LineItem::energy ||
            line.key.item == rules::billing::LineItem::free) {
            row.quantity += line.quantity - line.quantity_before;
        }
        const auto changed = std::find_if(next.lines.begin(), next.lines.end(),
                                          [&](const auto& l) { return l.id == line.line_id; });
        c.out.emit(BillLineRow{id, *changed});
    }
    account.spent += row.amount;
    agreement.accrual = std::move(next);
    rules::billing::close_cycles(agreement.accrual, c.state.closed_to + -1);
    if (lines.empty()) {
        return;
    }
    ++c.state.counters.adjustment;
    row.agreement = id;
    row.account = agreement.config.account;
    row.service_point = agreement.config.service_point;
    row.basis = e.basis;
    row.amendments_to = AmendmentId{c.state.counters.amendment};
    row.lines = to_json(lines);
    row.made = c.step();
    c.timeline(row.service_point, "bill.adjusted",
               {{"amount", row.amount.text()}, {"quantity", row.quantity.text()}});
    c.out.emit(std::move(row));
    c.mark_account_dirty(account);
    evaluate_account(c, agreement.config.account, row.amount.fen < 0);
}

void take_bases(Context& c, const PointRerated& e) {
    for (const rules::billing::MeterBase& base : e.bases) {
        MeterState& meter = c.state.meters.at(base.meter);
        const bool moved = meter.last_at != base.at;
        meter.last = base.registers;
        meter.last_at = base.at;
        meter.last_estimated = base.estimated;
        if (moved && meter.held) {
            meter.held = false;
            c.clear_alarm(meter.config.service_point, "reading.held");
        }
        ++meter.version;
        c.mark_dirty(base.meter);
    }
}

bool is_known(const Context& c, const PointRerated& e, const ServicePointState& sp) {
    const auto in = [](const auto& list, auto id) {
        return std::find(list.begin(), list.end(), id) != list.end();
    };
    return std::all_of(e.bases.begin(), e.bases.end(),
                       [&](const auto& base) { return in(sp.meters, base.meter); }) &&
           std::all_of(e.agreements.begin(), e.agreements.end(), [&](const auto& rated) {
               return in(sp.agreements, rated.agreement) &&
                      c.state.agreements.find(rated.agreement)->accrual.tariff_code_index ==
                          rated.accrual.tariff_code_index;
           });
}

void end_task(Context& c, ServicePointState& sp) {
    c.out.emit(OutboxDone{sp.rerate});
    sp.rerate = {};
}

}  // namespace

void want_rerate(Context& c, ServicePointState& sp) {
    sp.rerate_tonight = false;
    if (sp.rerate) {
        return;  // the task that waits will see this too
    }
    OutboxRow task;
    task.id = OutboxId{++c.state.counters.outbox};
    task.subject = "rerate:" + sp.config.id.text();
    task.kind = TaskKind::rerate;
    sp.rerate = task.id;
    c.out.emit(std::move(task));
}

void want_nightly_rerates(Context& c, CivilDate before) {
    const rules::billing::CycleId done =
        rules::billing::cycle_of(rules::billing::cycle_from(rules::billing::cycle_of(before)) + -1);
    c.state.agreements.each([&](AgreementId, AgreementState& agreement) {
        const bool due =
            !agreement.config.to && agreement.settle_to < done &&
            agreement.terms.in_service_from < rules::billing::cycle_to(done) &&
            rules::billing::has_fees(c.state.tariffs, agreement.accrual.tariff_code_index);
        if (due) {
            agreement.settle_to = done;
            auto& sp = c.state.service_points.at(agreement.config.service_point);
            ++sp.basis;
            sp.rerate_tonight = true;
        }
    });
    c.state.service_points.each([&](ServicePointId, ServicePointState& sp) {
        if (sp.rerate_tonight) {
            want_rerate(c, sp);
        }
    });
}

std::vector<ServicePointId> points_rated_behind(const Context& c, std::int32_t code_index,
                                                CivilDate from) {
    const Instant begin = c.derived.zone.instant(from);
    std::vector<ServicePointId> out;
    c.state.service_points.each([&](ServicePointId id, const ServicePointState& sp) {
        const bool rated =
            std::any_of(sp.agreements.begin(), sp.agreements.end(), [&](AgreementId agreement_id) {
                const AgreementState& agreement = *c.state.agreements.find(agreement_id);
                return agreement.accrual.tariff_code_index == code_index &&
                       (!agreement.config.to || agreement.config.to > begin);
            });
        const MeterState* meter = sp.meter ? c.state.meters.find(sp.meter) : nullptr;
        if (rated && meter != nullptr && meter->last_at > begin) {
            out.push_back(id);
        }
    });
    return out;
}

Answer on_point_rerated(Context& c, const PointRerated& e) {
    ServicePointState* sp = c.state.service_points.find(e.service_point);
    if (sp == nullptr || !sp->rerate || sp->rerate != e.task || !is_known(c, e, *sp)) {
        return fail("rerate.unknown", ErrorKind::conflict);
    }
    if (sp->basis != e.basis) {
        Error moved = error("rerate.basis_moved", ErrorKind::conflict);
        moved.retryable = true;
        return fail(std::move(moved));
    }
    ++sp->basis;
    end_task(c, *sp);
    take_bases(c, e);
    c.clear_alarm(e.service_point, "billing.rerate_failed");
    for (const RatedAgreement& rated : e.agreements) {
        adjust(c, e, c.state.agreements.at(rated.agreement), rated.accrual);
    }
    return std::string("ok");
}

Answer on_rerate_failed(Context& c, const RerateFailed& e) {
    ServicePointState* sp = c.state.service_points.find(e.service_point);
    if (sp == nullptr || !sp->rerate || sp->rerate != e.task) {
        return fail("rerate.unknown", ErrorKind::conflict);
    }
    end_task(c, *sp);
    sp->rerate_tonight = true;
    c.raise_alarm(e.service_point, "billing.rerate_failed",
                  {{"code", e.code}, {"detail", e.detail}});
    return std::string("ok");
}

}  // namespace mb::engine
