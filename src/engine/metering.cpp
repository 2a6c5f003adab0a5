// Readings → outcomes and charges. Every reading ends in exactly one of charged, held, excluded.
#include "engine/context.hpp"

namespace mb::engine {

namespace {

using rules::metering::Difference;
using rules::metering::Outcome;
using rules::metering::OutcomeReason;
using rules::metering::ReadingVerdict;

struct Judged {
    Outcome outcome = Outcome::charged;
    OutcomeReason reason = OutcomeReason::none;
    Quantity quantity;
    Money pending_change;
};

rules::metering::DayBlock* open_block(MeterState& meter, CivilDate on) {
    for (OpenDay& day : meter.days) {
        if (day.on == on) {
            return &day.block;
        }
    }
    return nullptr;
}

/// An older reading than the base: a repeat of one we have, another value for a time we have, or
/// late: its energy lies in the interval charged meanwhile, tonight it helps to divide that.
Judged judge_late(Context& c, MeterState& meter, CivilDate on, const ReadingTaken& e) {
    auto& sp = c.state.service_points.at(meter.config.service_point);
    if (on < meter.closed_to) {
        sp.rerate_tonight = true;
        return {Outcome::excluded, OutcomeReason::day_closed, {}, {}};
    }
    using Match = rules::metering::DayBlock::Match;
    const auto* block = open_block(meter, on);
    const auto there = block == nullptr ? std::nullopt : block->find(e.at);
    const bool estimate = there && there->reason == OutcomeReason::estimated;
    const Match match =
        block == nullptr || estimate ? Match::none : block->match(e.at, e.registers);
    switch (match) {
        case Match::same: return {Outcome::excluded, OutcomeReason::duplicate, {}, {}};
        case Match::other: return {Outcome::held, OutcomeReason::conflict, {}, {}};
        case Match::none: break;
    }
    sp.rerate_tonight = true;
    return {Outcome::excluded, OutcomeReason::late, {}, {}};
}

OutcomeReason held_reason(ReadingVerdict verdict) {
    switch (verdict) {
        case ReadingVerdict::conflict: return OutcomeReason::conflict;
        case ReadingVerdict::backward: return OutcomeReason::backward;
        case ReadingVerdict::implausible: return OutcomeReason::implausible;
        case ReadingVerdict::future: return OutcomeReason::future;
        default: return OutcomeReason::malformed;
    }
}

/// One ratio, and one agreement or none, from the last reading on?
bool is_plain(const Context& c, const MeterState& meter, const ServicePointState& sp) {
    if (!meter.ratios.empty() && meter.ratios.back().from > meter.last_at) {
        return false;
    }
    if (sp.agreements.empty()) {
        return true;
    }
    const Agreement& last = c.state.agreements.find(sp.agreements.back())->config;
    return last.from <= meter.last_at && (!last.to || last.to <= meter.last_at);
}

/// Charges a good step to the agreement in force; a missing price holds it, never bills nothing.
Judged charge(Context& c, MeterState& meter, Instant at, const Difference& step) {
    Judged out;
    out.reason =
        step.verdict == ReadingVerdict::rollover ? OutcomeReason::rollover : OutcomeReason::none;
    auto& sp = c.state.service_points.at(meter.config.service_point);
    if (step.total.units > 0 && !is_plain(c, meter, sp)) {
        want_rerate(c, sp);
        return {Outcome::charged, OutcomeReason::rerated, step.total, {}};
    }
    if (!sp.agreement) {
        return {Outcome::excluded, OutcomeReason::no_agreement, {}, {}};
    }
    out.quantity = step.total;
    if (step.total.units == 0) {
        return out;
    }
    AgreementState& agreement = c.state.agreements.at(sp.agreement);
    rules::billing::Interval interval;
    interval.from = meter.last_at;
    interval.to = at;
    interval.total = step.total;
    interval.by_register = step.by_register;
    interval.register_count = step.register_count;
    interval.registers_match_table = meter.config.registers_match_table;
    const rules::billing::RatingFacts facts{c.state.tariffs, c.state.config.calendar,
                                            c.derived.zone, agreement.terms};
    const auto result = rules::billing::accrue(agreement.accrual, facts, interval);
    if (!result) {
        const std::string& code = result.error().code;
        const OutcomeReason why = code == "tariff.none_in_force" ? OutcomeReason::no_tariff
                                  : code == "tariff.no_price" || code == "tariff.no_calendar"
                                      ? OutcomeReason::no_price
                                      : OutcomeReason::implausible;
        return {Outcome::held, why, {}, {}};
    }
    out.pending_change = result->pending_change;
    return out;
}

Difference step_to(const Context& c, const MeterState& meter, Instant at,
                   const rules::metering::Registers& registers) {
    const rules::metering::MeterSpec spec{meter.config.modulus, meter.config.ratio,
                                          meter.config.max_power_w};
    return rules::metering::register_difference(spec, meter.last_at, meter.last, at, registers,
                                                c.now.business);
}

Judged judge(Context& c, MeterState& meter, CivilDate on, const ReadingTaken& e) {
    if (meter.config.to && e.at > meter.config.to) {
        return {Outcome::excluded, OutcomeReason::removed_meter, {}, {}};
    }
    const Difference step = step_to(c, meter, e.at, e.registers);
    if (step.verdict == ReadingVerdict::late) {
        return judge_late(c, meter, on, e);
    }
    if (step.verdict == ReadingVerdict::duplicate) {
        return {Outcome::excluded, OutcomeReason::duplicate, {}, {}};
    }
    if (step.verdict == ReadingVerdict::conflict && meter.last_estimated) {
        return judge_late(c, meter, on, e);
    }
    if (!rules::metering::is_charged(step.verdict)) {
        if (meter.last_estimated) {  // the estimate may have been too high, or too low
            want_rerate(c, c.state.service_points.at(meter.config.service_point));
        }
        return {Outcome::held, held_reason(step.verdict), {}, {}};
    }
    const Judged out = charge(c, meter, e.at, step);
    if (out.outcome != Outcome::held) {
        meter.last = e.registers;  // only a good reading becomes the base (a momentary zero never)
        meter.last_at = e.at;
        meter.last_estimated = false;
    }
    return out;
}

/// A future reading belongs to the day it came in: its own may be years away.
CivilDate day_of(Context& c, const ReadingTaken& e) {
    const bool future = e.at > c.now.business + rules::metering::future_tolerance;
    return future ? c.today : c.date_of(e.at);
}

void keep(Context& c, MeterState& meter, CivilDate on, const ReadingTaken& e,
          const Judged& judged) {
    if (on < meter.closed_to) {
        DayRow row;
        row.meter = meter.config.id;
        row.on = on;
        row.part = ++meter.late_parts;
        row.closed = true;
        rules::metering::DayBlock block;
        block.append(e.at, e.registers, judged.outcome, judged.reason);
        row.charged = judged.outcome == Outcome::charged ? 1 : 0;
        row.held = judged.outcome == Outcome::held ? 1 : 0;
        row.excluded = judged.outcome == Outcome::excluded ? 1 : 0;
        row.packed.assign(block.bytes().begin(), block.bytes().end());
        c.derived.ready_days.push_back(std::move(row));
    } else {
        auto* block = open_block(meter, on);
        if (block == nullptr) {
            meter.days.push_back({on, {}, 0});
            block = &meter.days.back().block;
        }
        block->append(e.at, e.registers, judged.outcome, judged.reason);
    }
    DailyProofRow& proof = c.state.proofs[on];
    proof.on = on;
    ++proof.received;
    proof.charged += judged.outcome == Outcome::charged ? 1 : 0;
    proof.held += judged.outcome == Outcome::held ? 1 : 0;
    proof.excluded += judged.outcome == Outcome::excluded ? 1 : 0;
    proof.energy += judged.quantity;
}

void tell_held(Context& c, MeterState& meter, const Judged& judged) {
    if (judged.outcome == Outcome::held) {
        meter.held = true;
        c.raise_alarm(meter.config.service_point, "reading.held",
                      {{"reason", std::string(enum_text(judged.reason))}});
    } else if (meter.held && judged.outcome == Outcome::charged) {
        meter.held = false;
        c.clear_alarm(meter.config.service_point, "reading.held");
    }
}

void count_energy(Context& c, MeterState& meter, Quantity quantity) {
    if (meter.energy_on != c.today) {
        meter.energy_on = c.today;
        meter.energy_today = {};
    }
    meter.energy_today += quantity;
}

/// Keeps a judged reading and says so.
void take_in(Context& c, MeterState& meter, CivilDate on, const ReadingTaken& e,
             const Judged& judged) {
    keep(c, meter, on, e, judged);
    c.out.reading(e.meter, e.at, judged.outcome, judged.reason, judged.quantity.units,
                  judged.pending_change.fen);
    ++c.state.service_points.at(meter.config.service_point).basis;
    ++meter.version;
    c.mark_dirty(e.meter);
}

void tell_account(Context& c, const MeterState& meter, Instant at, const Judged& judged) {
    const auto& sp = c.state.service_points.at(meter.config.service_point);
    if (judged.outcome == Outcome::charged && sp.agreement) {
        const AccountId id = c.state.agreements.at(sp.agreement).config.account;
        after_use(c, id, c.state.accounts.at(id), judged.pending_change, at);
    }
}

Error entered_error(const Context& c, const MeterState& meter, std::string_view what) {
    return error("reading." + std::string(what), ErrorKind::unprocessable)
        .with("last", meter.last.total().text())
        .with("last_at", c.derived.zone.text(meter.last_at));
}

/// What can be told of a person's reading without knowing its neighbours.
Result<void> judge_entered(const Context& c, const MeterState& meter, Instant at,
                           const rules::metering::Registers& registers) {
    bool formed = registers.count >= 1 && registers.count <= rules::metering::max_registers;
    for (std::size_t i = 0; formed && i < registers.count; ++i) {
        formed = registers.value[i].units >= 0 && registers.value[i].units < meter.config.modulus;
    }
    if (!formed) {
        return fail("reading.malformed", ErrorKind::unprocessable);
    }
    if (at > c.now.business + rules::metering::future_tolerance) {
        return fail("reading.future", ErrorKind::unprocessable);
    }
    if (at < meter.config.from || (meter.config.to && at > meter.config.to)) {
        return fail(error("reading.outside_installation", ErrorKind::unprocessable)
                        .with("from", c.derived.zone.text(meter.config.from))
                        .with("to", meter.config.to ? c.derived.zone.text(meter.config.to) : ""));
    }
    return {};
}

void contact(Context& c, MeterState& meter) {
    if (meter.config.to) {
        return;
    }
    meter.last_contact_at = c.now.business;
    auto& sp = c.state.service_points.at(meter.config.service_point);
    if (sp.wait_contact) {
        sp.wait_contact = false;
        reconcile(c, sp, "reconcile", "", {});
    }
}

}  // namespace

void keep_first_reading(Context& c, MeterState& meter) {
    // The base of the installation stands among the readings: bills are re-rated from the day rows
    // alone.
    const ReadingTaken first{meter.config.id, meter.last_at, meter.last, ReadingSource::command};
    const Judged base{
        rules::metering::Outcome::charged, rules::metering::OutcomeReason::first, {}, {}};
    keep(c, meter, c.date_of(first.at), first, base);
    c.out.reading(first.meter, first.at, base.outcome, base.reason, 0, 0);
}

Answer on_reading(Context& c, const ReadingTaken& e) {
    MeterState* meter = c.state.meters.find(e.meter);
    if (meter == nullptr) {
        return fail(error("meter.unknown", ErrorKind::not_found).with("meter", e.meter.text()));
    }
    if (e.registers.count < 1 || e.registers.count > rules::metering::max_registers) {
        return fail("reading.malformed");
    }
    const CivilDate on = day_of(c, e);
    const Judged judged = judge(c, *meter, on, e);
    count_energy(c, *meter, judged.quantity);
    take_in(c, *meter, on, e, judged);
    tell_held(c, *meter, judged);
    contact(c, *meter);
    tell_account(c, *meter, e.at, judged);
    return std::string();
}

Result<void> enter_reading(Context& c, MeterState& meter, Instant at,
                           const rules::metering::Registers& registers, bool estimated) {
    TRY_VOID(judge_entered(c, meter, at, registers));
    const OutcomeReason how = estimated ? OutcomeReason::estimated : OutcomeReason::manual;
    Judged judged{Outcome::charged, how, {}, {}};
    if (at > meter.last_at) {
        const Difference step = step_to(c, meter, at, registers);
        if (!rules::metering::is_charged(step.verdict)) {
            return fail(entered_error(c, meter, enum_text(step.verdict)));
        }
        const Judged charged = charge(c, meter, at, step);
        if (charged.outcome == Outcome::held) {
            return fail(entered_error(c, meter, enum_text(charged.reason)));
        }
        judged.quantity = charged.quantity;
        judged.pending_change = charged.pending_change;
        meter.last = registers;
        meter.last_at = at;
        meter.last_estimated = estimated;
        count_energy(c, meter, judged.quantity);
    } else {
        want_rerate(c, c.state.service_points.at(meter.config.service_point));
    }
    take_in(c, meter, c.date_of(at), {meter.config.id, at, registers, ReadingSource::command},
            judged);
    tell_held(c, meter, judged);
    tell_account(c, meter, at, judged);
    return {};
}

Answer on_sample(Context& c, const SampleTaken& e) {
    MeterState* meter = c.state.meters.find(e.meter);
    if (meter == nullptr) {
        return fail(error("meter.unknown", ErrorKind::not_found).with("meter", e.meter.text()));
    }
    auto& sp = c.state.service_points.at(meter->config.service_point);
    if (e.power_dw) {
        meter->power_dw = e.power_dw;
        meter->power_at = e.at;
        if (*e.power_dw > 0 && !sp.orders.empty()) {
            orders_load_seen(c, sp);
        }
    }
    if (e.clock_ahead_s) {
        meter->clock_ahead_s = e.clock_ahead_s;
        meter->clock_at = e.at;
        const std::int64_t ahead = *e.clock_ahead_s < 0 ? -*e.clock_ahead_s : *e.clock_ahead_s;
        if (ahead > c.policy().clock_tolerance_s) {
            c.raise_alarm(meter->config.service_point, "meter.clock",
                          {{"ahead_s", std::to_string(*e.clock_ahead_s)}});
        } else {
            c.clear_alarm(meter->config.service_point, "meter.clock");
        }
    }
    ++meter->version;
    c.mark_dirty(e.meter);
    contact(c, *meter);
    return std::string();
}

Answer on_contact(Context& c, const ContactChanged& e) {
    for (const MeterId id : e.meters) {
        MeterState* meter = c.state.meters.find(id);
        if (meter == nullptr || meter->online == e.online) {
            continue;
        }
        meter->online = e.online;
        ++meter->version;
        c.mark_dirty(id);
        if (e.online) {
            contact(c, *meter);
        }
    }
    return std::string();
}

}  // namespace mb::engine
