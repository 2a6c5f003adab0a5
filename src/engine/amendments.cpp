// Facts about a time that may have been rated already, entered by a person. Posted entries stay;
// the point is rated anew.
#include "engine/context.hpp"
#include "rules/billing/settle.hpp"

#include <algorithm>

namespace mb::engine {

namespace {

constexpr std::int32_t max_ratio = 1'000'000;
constexpr std::int32_t max_people = 1'000;
constexpr Quantity max_area{100'000'000'000};  // ten million m² or kVA

Result<void> judge_reason(const std::string& reason) {
    if (reason.empty()) {
        return fail("amendment.reason_required", ErrorKind::unprocessable);
    }
    return {};
}

Result<MeterState*> meter_of(Context& c, MeterId id) {
    MeterState* meter = c.state.meters.find(id);
    if (meter == nullptr) {
        return fail(error("meter.unknown", ErrorKind::not_found).with("meter", id.text()));
    }
    return meter;
}

Result<AgreementState*> agreement_of(Context& c, AgreementId id) {
    AgreementState* agreement = c.state.agreements.find(id);
    if (agreement == nullptr) {
        return fail(error("agreement.unknown", ErrorKind::not_found).with("agreement", id.text()));
    }
    return agreement;
}

/// When the point was last read, 0: never.
Instant rated_to(const Context& c, const ServicePointState& sp) {
    return sp.meter ? c.state.meters.find(sp.meter)->last_at : Instant{};
}

/// A relay of which nothing is known hangs there now.
void forget_relay(Context& c, ServicePointState& sp) {
    if (sp.relay.command) {
        end_command(c, sp.relay.command, CommandState::superseded, "meter.exchanged");
    }
    sp.relay.position = rules::relay::Position::unknown;
    sp.relay.position_at = {};
    c.out.emit(sp.relay);
    reconcile(c, sp, "reconcile", "", {});
}

}  // namespace

void keep_amendment(Context& c, AmendmentRow row, const std::string& reason, const Actor& actor,
                    const std::vector<std::pair<std::string, std::string>>& params) {
    row.id = AmendmentId{++c.state.counters.amendment};
    row.reason = reason;
    row.params = Context::json(params);
    row.entered = c.step();
    row.actor = actor;
    auto shown = params;
    shown.emplace_back("reason", reason);
    c.timeline(row.service_point, "amendment." + std::string(enum_text(row.kind)), std::move(shown),
               "", {}, actor);
    c.out.emit(std::move(row));
}

Answer on_reading_entered(Context& c, const ReadingEntered& e) {
    TRY_VOID(judge_reason(e.reason));
    MeterState& meter = *TRY(meter_of(c, e.meter));
    TRY_VOID(enter_reading(c, meter, e.at, e.registers, e.estimated));
    AmendmentRow row;
    row.kind = e.estimated ? AmendmentKind::estimate : AmendmentKind::reading;
    row.service_point = meter.config.service_point;
    row.meter = e.meter;
    row.from = e.at;
    keep_amendment(c, row, e.reason, e.actor, {{"total", e.registers.total().text()}});
    return AmendmentId{c.state.counters.amendment}.text();
}

Answer on_ratio(Context& c, const RatioSet& e) {
    TRY_VOID(judge_reason(e.reason));
    MeterState& meter = *TRY(meter_of(c, e.meter));
    if (e.ratio < 1 || e.ratio > max_ratio) {
        return fail("meter.bad_ratio", ErrorKind::unprocessable);
    }
    if (e.from > c.now.business + rules::metering::future_tolerance) {
        return fail("reading.future", ErrorKind::unprocessable);
    }
    if (e.from < meter.config.from || (meter.config.to && e.from > meter.config.to)) {
        return fail(error("reading.outside_installation", ErrorKind::unprocessable)
                        .with("from", c.derived.zone.text(meter.config.from)));
    }
    auto& ratios = meter.ratios;
    if (ratios.empty()) {
        ratios.push_back({meter.config.from, meter.config.ratio});
    }
    const auto place = std::find_if(ratios.begin(), ratios.end(),
                                    [&](const auto& one) { return one.from >= e.from; });
    if (place != ratios.end() && place->from == e.from) {
        place->ratio = e.ratio;
    } else {
        ratios.insert(place, {e.from, e.ratio});
    }
    auto& sp = c.state.service_points.at(meter.config.service_point);
    ++sp.basis;
    if (e.from < meter.last_at) {
        want_rerate(c, sp);
    }
    const std::int32_t before = meter.config.ratio;
    meter.config.ratio = ratios.back().ratio;
    c.out.emit(meter.config);
    AmendmentRow row;
    row.kind = AmendmentKind::ratio;
    row.service_point = meter.config.service_point;
    row.meter = e.meter;
    row.from = e.from;
    keep_amendment(c, row, e.reason, e.actor,
                   {{"ratio", std::to_string(e.ratio)}, {"before", std::to_string(before)}});
    return AmendmentId{c.state.counters.amendment}.text();
}

Answer on_exchange(Context& c, const MeterExchanged& e) {
    TRY_VOID(judge_reason(e.reason));
    ServicePointState* sp = c.state.service_points.find(e.next.service_point);
    if (sp == nullptr) {
        return fail("meter.unknown_service_point", ErrorKind::not_found);
    }
    if (!sp->meter) {
        return fail("meter.none_there", ErrorKind::conflict);
    }
    MeterState& old = c.state.meters.at(sp->meter);
    const Instant at = e.next.from;
    const std::string address = old.config.link.protocol + ":" + old.config.link.address;
    const bool same_address = address == e.next.link.protocol + ":" + e.next.link.address;
    if (same_address) {
        c.state.addresses.erase(address);
    }
    const auto fits = judge_meter(c, e.next, e.new_first);
    const auto entered = fits ? enter_reading(c, old, at, e.old_final, false) : fits;
    if (!entered) {
        c.state.addresses.insert(address);
        return fail(entered.error());
    }
    c.state.addresses.erase(address);
    old.config.to = at;
    c.out.emit(old.config);
    c.clear_alarm(sp->config.id, "meter.clock");
    install(c, e.next, e.new_first);
    forget_relay(c, *sp);
    AmendmentRow row;
    row.kind = AmendmentKind::exchange;
    row.service_point = sp->config.id;
    row.meter = e.next.id;
    row.from = at;
    keep_amendment(c, row, e.reason, e.actor,
                   {{"old", old.config.link.address},
                    {"old_final", e.old_final.total().text()},
                    {"new", e.next.link.address},
                    {"new_first", e.new_first.total().text()}});
    return e.next.id.text();
}

Answer on_terms(Context& c, const TermsSet& e) {
    TRY_VOID(judge_reason(e.reason));
    AgreementState& agreement = *TRY(agreement_of(c, e.agreement));
    const auto in_range = [](const std::optional<Quantity>& value) {
        return !value || (value->units >= 0 && *value <= max_area);
    };
    const bool people_ok =
        !e.household || (e.household->people >= 0 && e.household->people <= max_people);
    if (!in_range(e.area) || !in_range(e.capacity) || !people_ok) {
        return fail("agreement.bad_terms", ErrorKind::unprocessable);
    }
    auto& terms = agreement.terms;
    AmendmentRow row;
    row.from = agreement.config.from;
    std::vector<std::pair<std::string, std::string>> params;
    if (e.household) {
        auto& list = terms.households;
        const auto place = std::find_if(list.begin(), list.end(), [&](const auto& one) {
            return one.from >= e.household->from;
        });
        if (place != list.end() && place->from == e.household->from) {
            place->people = e.household->people;
        } else {
            list.insert(place, *e.household);
        }
        row.from = std::max(row.from, c.derived.zone.instant(e.household->from));
        params.emplace_back("people", std::to_string(e.household->people));
    }
    if (e.area) {
        terms.area = *e.area;
        params.emplace_back("area", e.area->text());
    }
    if (e.capacity) {
        terms.capacity = *e.capacity;
        params.emplace_back("capacity", e.capacity->text());
    }
    agreement.accrual.window = {};
    auto& sp = c.state.service_points.at(agreement.config.service_point);
    ++sp.basis;
    if (row.from < rated_to(c, sp)) {
        want_rerate(c, sp);
    }
    row.kind = AmendmentKind::terms;
    row.service_point = sp.config.id;
    row.agreement = e.agreement;
    keep_amendment(c, row, e.reason, e.actor, params);
    return AmendmentId{c.state.counters.amendment}.text();
}

Answer on_agreement_ended(Context& c, const AgreementEnded& e) {
    TRY_VOID(judge_reason(e.reason));
    AgreementState& agreement = *TRY(agreement_of(c, e.agreement));
    if (agreement.config.to) {
        return fail("agreement.ended", ErrorKind::conflict);
    }
    if (e.to <= agreement.config.from ||
        e.to > c.now.business + rules::metering::future_tolerance) {
        return fail("agreement.bad_end", ErrorKind::unprocessable);
    }
    agreement.config.to = e.to;
    const CivilDate last = c.derived.zone.date({e.to.us - 1});
    agreement.terms.in_service_to = last + 1;
    for (AgreementId id = e.agreement; id; id = c.state.agreements.at(id).continues) {
        c.state.agreements.at(id).terms.tiers_to = last + 1;
    }
    agreement.accrual.window = {};
    auto& sp = c.state.service_points.at(agreement.config.service_point);
    sp.agreement = {};
    ++sp.basis;
    const bool fees =
        rules::billing::has_fees(c.state.tariffs, agreement.accrual.tariff_code_index);
    if (fees) {
        agreement.settle_to = rules::billing::cycle_of(last);
    }
    if (fees || e.to < rated_to(c, sp)) {
        want_rerate(c, sp);
    }
    c.out.emit(agreement.config);
    c.mark_account_dirty(c.state.accounts.at(agreement.config.account));
    if (sp.meter) {
        c.mark_dirty(sp.meter);
    }
    AmendmentRow row;
    row.kind = AmendmentKind::agreement;
    row.service_point = sp.config.id;
    row.agreement = e.agreement;
    row.from = e.to;
    keep_amendment(c, row, e.reason, e.actor, {{"to", c.derived.zone.text(e.to)}});
    return AmendmentId{c.state.counters.amendment}.text();
}

}  // namespace mb::engine
