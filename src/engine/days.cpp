// The close of a business day: use is posted, days of readings become final, the day's proof is
// written.
#include "engine/context.hpp"

#include <algorithm>

namespace mb::engine {

namespace {

using rules::ledger::Kind;
using rules::metering::Outcome;

void close_meter_days(Context& c, MeterState& meter, CivilDate before) {
    for (OpenDay& day : meter.days) {
        if (day.on >= before) {
            continue;
        }
        DayRow row;
        row.meter = meter.config.id;
        row.on = day.on;
        row.closed = true;
        row.charged = static_cast<std::int32_t>(day.block.count(Outcome::charged));
        row.held = static_cast<std::int32_t>(day.block.count(Outcome::held));
        row.excluded = static_cast<std::int32_t>(day.block.count(Outcome::excluded));
        row.packed.assign(day.block.bytes().begin(), day.block.bytes().end());
        c.derived.ready_days.push_back(std::move(row));
    }
    std::erase_if(meter.days, [&](const OpenDay& day) { return day.on < before; });
    meter.closed_to = before;
}

void forget_old(Context& c) {
    // Clients retry within minutes; keys of the database are the last line (payments, postings).
    const Instant requests_before = c.now.business - c.wall_span(Duration::days(1));
    std::erase_if(c.state.requests,
                  [&](const auto& entry) { return entry.second.at < requests_before; });
    const Instant payments_before = c.now.business - Duration::days(35);
    std::erase_if(c.state.payments,
                  [&](const auto& entry) { return entry.second < payments_before; });
}

}  // namespace

void post_agreement(Context& c, AgreementId id, AgreementState& agreement, CivilDate on,
                    const std::string& suffix) {
    const std::vector<rules::billing::PostingLine> lines = rules::billing::post(agreement.accrual);
    AccountState& account = c.state.accounts.at(agreement.config.account);
    for (const auto& posted : lines) {
        account.pending -= posted.amount;
        c.transfer(
            rules::ledger::cash_of(agreement.config.account), {Kind::revenue, 0}, posted.amount,
            rules::ledger::Cause::usage, id.value,
            "use:" + id.text() + ":" + std::to_string(posted.line_id) + ":" + on.text() + suffix);
        DailyProofRow& proof = c.state.proofs[on];
        proof.on = on;
        proof.posted += posted.amount;
    }
    if (!lines.empty()) {
        ++c.state.service_points.at(agreement.config.service_point).basis;
    }
    for (const auto& line : agreement.accrual.lines) {
        const bool moved = std::any_of(lines.begin(), lines.end(), [&](const auto& posted) {
            return posted.line_id == line.id;
        });
        // Use below half a fen moves no money, and its cycle may close today: the row must hold it.
        if (moved || line.quantity != line.posted_quantity) {
            c.out.emit(BillLineRow{id, line});
        }
    }
}

void schedule_day_close(Context& c) {
    const CivilDate next = c.state.closed_to + 1;
    c.set_timer({TimerKind::day_close, 0, ""},
                c.derived.zone.instant(next, c.state.config.day_close_min));
}

void close_days(Context& c) {
    // The day that closes is the one whose close time has passed last; missed ones close with it.
    const Instant shifted = c.now.business - Duration::minutes(c.state.config.day_close_min);
    const CivilDate before = c.derived.zone.date(shifted);
    const CivilDate on = before + -1;
    auto& proofs = c.state.proofs;
    proofs[on].on = on;
    c.state.agreements.each([&](AgreementId id, AgreementState& agreement) {
        post_agreement(c, id, agreement, on, "");
        rules::billing::close_cycles(agreement.accrual, on);
    });
    c.state.meters.each([&](MeterId id, MeterState& meter) {
        close_meter_days(c, meter, before);
        c.mark_dirty(id);
    });
    for (auto it = proofs.begin(); it != proofs.end() && it->first < before;) {
        it->second.closed_on = before;
        c.out.emit(it->second);
        it = proofs.erase(it);
    }
    c.state.closed_to = before;
    want_nightly_rerates(c, before);
    forget_old(c);
    schedule_day_close(c);
}

}  // namespace mb::engine
