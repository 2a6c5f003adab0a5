// Configuration: the project, its tariffs, places, payers, agreements and meters.
#include "engine/context.hpp"
#include "rules/billing/rating.hpp"

namespace mb::engine {

Answer on_project(Context& c, const ProjectConfigured& e) {
    auto zone = Zone::find(e.config.zone);
    if (!zone) {
        return tl::unexpected<Error>(zone.error());
    }
    TRY_VOID(rules::credit::validate(e.config.credit));
    if (e.config.day_close_min < 0 || e.config.day_close_min > 720 ||
        e.config.order_expiry_min < 1) {
        return fail("project.invalid", ErrorKind::unprocessable);
    }
    c.state.config = e.config;
    c.derived.zone = std::move(*zone);
    // What rating remembers of a stretch of time follows from zone and calendar.
    c.state.agreements.each(
        [](AgreementId, AgreementState& agreement) { agreement.accrual.window = {}; });
    c.derived.day_from = c.derived.day_to = {};
    c.today = c.derived.zone.date(c.now.business);
    if (c.state.closed_to.days == 0) {
        c.state.closed_to = c.today;
    }
    schedule_day_close(c);
    c.out.emit(ProjectRow{e.config});
    c.timeline({}, "project.configured", {{"name", e.config.name}}, "", {}, e.actor);
    return std::string("ok");
}

namespace {

/// A reading that had no price may have one now.
void rerate_held(Context& c, std::int32_t code_index) {
    c.state.meters.each([&](MeterId, const MeterState& meter) {
        auto& sp = c.state.service_points.at(meter.config.service_point);
        const AgreementState* agreement = c.state.agreements.find(sp.agreement);
        if (meter.held && agreement != nullptr &&
            agreement->accrual.tariff_code_index == code_index) {
            want_rerate(c, sp);
        }
    });
}

}  // namespace

Answer on_tariff(Context& c, const TariffPublished& e) {
    TRY_VOID(rules::billing::judge_examples(e.document, c.derived.zone, c.state.config.calendar));
    const CivilDate from = e.document.effective_from;
    const auto code = c.state.tariffs.code_index(e.document.code);
    const auto behind = code ? points_rated_behind(c, *code, from) : std::vector<ServicePointId>();
    if (!behind.empty() && e.reason.empty()) {
        return fail(error("tariff.reason_required", ErrorKind::unprocessable)
                        .with("effective_from", from.text())
                        .with("service_points", std::to_string(behind.size())));
    }
    TRY(c.state.tariffs.publish(e.id, e.document, &c.state.config.calendar));
    if (code) {
        rerate_held(c, *code);
    }
    if (!behind.empty()) {
        AmendmentRow row;
        row.kind = AmendmentKind::tariff;
        row.from = c.derived.zone.instant(from);
        keep_amendment(c, row, e.reason, e.actor,
                       {{"code", e.document.code},
                        {"version", std::to_string(e.document.version)},
                        {"service_points", std::to_string(behind.size())}});
        for (const ServicePointId id : behind) {
            want_rerate(c, c.state.service_points.at(id));
        }
    }
    c.out.emit(TariffRow{e.id, e.document, c.step(), e.actor});
    c.timeline({}, "tariff.published",
               {{"code", e.document.code}, {"version", std::to_string(e.document.version)}}, "", {},
               e.actor);
    return e.id.text();
}

Answer on_service_point(Context& c, const ServicePointSet& e) {
    if (!Table<ServicePointId, ServicePointState>::takes(e.service_point.id)) {
        return fail("service_point.id_out_of_range");
    }
    auto& sp = c.state.service_points.get(e.service_point.id);
    const bool is_new = !sp.config.id;
    sp.config = e.service_point;
    sp.relay.service_point = e.service_point.id;
    c.out.emit(sp.config);
    if (is_new) {
        c.out.emit(sp.relay);
    }
    return e.service_point.id.text();
}

Answer on_account(Context& c, const AccountSet& e) {
    if (!Table<AccountId, AccountState>::takes(e.account.id)) {
        return fail("account.id_out_of_range");
    }
    c.state.accounts.get(e.account.id).config = e.account;
    c.out.emit(e.account);
    return e.account.id.text();
}

namespace {

/// The counters go on, and so do the months that count for tiers, in all of the chain.
void continue_tiers(Context& c, AgreementState& agreement, AgreementId before) {
    const AgreementState& last = c.state.agreements.at(before);
    agreement.continues = before;
    agreement.accrual.uses = last.accrual.uses;
    agreement.terms.tiers_from = last.terms.tiers_from;
    agreement.terms.households = last.terms.households;
    for (AgreementId id = before; id; id = c.state.agreements.at(id).continues) {
        c.state.agreements.at(id).terms.tiers_to.reset();
    }
}

}  // namespace

Answer on_agreement(Context& c, const AgreementStarted& e) {
    const Agreement& wanted = e.agreement;
    if (!Table<AgreementId, AgreementState>::takes(wanted.id)) {
        return fail("agreement.id_out_of_range");
    }
    ServicePointState* sp = c.state.service_points.find(wanted.service_point);
    if (sp == nullptr) {
        return fail("agreement.unknown_service_point", ErrorKind::not_found);
    }
    AccountState* account = c.state.accounts.find(wanted.account);
    if (account == nullptr) {
        return fail("agreement.unknown_account", ErrorKind::not_found);
    }
    const auto code = c.state.tariffs.code_index(wanted.tariff_code);
    if (!code) {
        return fail(error("agreement.unknown_tariff", ErrorKind::not_found)
                        .with("code", wanted.tariff_code));
    }
    const AgreementState* before =
        sp->agreements.empty() ? nullptr : c.state.agreements.find(sp->agreements.back());
    if (sp->agreement || c.state.agreements.find(wanted.id) != nullptr ||
        (before != nullptr && wanted.from < before->config.to)) {
        return fail("agreement.overlap", ErrorKind::conflict);
    }
    if (e.continues && (before == nullptr || before->config.id != e.continues)) {
        return fail("agreement.not_continued", ErrorKind::unprocessable);
    }
    AgreementState& agreement = c.state.agreements.get(wanted.id);
    agreement.config = wanted;
    agreement.terms.in_service_from = agreement.terms.tiers_from = c.date_of(wanted.from);
    agreement.accrual.tariff_code_index = *code;
    sp->agreement = wanted.id;
    sp->agreements.push_back(wanted.id);
    ++sp->basis;
    account->agreements.push_back(wanted.id);
    if (e.continues) {
        continue_tiers(c, agreement, e.continues);
    }
    const MeterState* meter = sp->meter ? c.state.meters.find(sp->meter) : nullptr;
    if (meter != nullptr && wanted.from < meter->last_at) {
        want_rerate(c, *sp);
    }
    c.out.emit(wanted);
    c.mark_account_dirty(*account);
    c.timeline(wanted.service_point, "agreement.started", {{"tariff", wanted.tariff_code}}, "", {},
               e.actor);
    return wanted.id.text();
}

Result<void> judge_meter(const Context& c, const Meter& wanted,
                         const rules::metering::Registers& first) {
    if (!Table<MeterId, MeterState>::takes(wanted.id) ||
        c.state.meters.find(wanted.id) != nullptr) {
        return fail("meter.id_out_of_range");
    }
    const bool first_ok = first.count >= 1 && first.count <= rules::metering::max_registers;
    if (wanted.modulus <= 0 || wanted.ratio < 1 || wanted.max_power_w < 0 || !wanted.from ||
        !first_ok) {
        return fail("meter.invalid", ErrorKind::unprocessable);
    }
    if (c.state.addresses.count(wanted.link.protocol + ":" + wanted.link.address) > 0) {
        return fail(
            error("meter.address_taken", ErrorKind::conflict).with("address", wanted.link.address));
    }
    return {};
}

void install(Context& c, const Meter& wanted, const rules::metering::Registers& first) {
    ServicePointState& sp = c.state.service_points.at(wanted.service_point);
    c.state.addresses.insert(wanted.link.protocol + ":" + wanted.link.address);
    MeterState& meter = c.state.meters.get(wanted.id);
    meter.config = wanted;
    meter.last = first;
    meter.last_at = wanted.from;
    meter.closed_to = c.state.closed_to;
    sp.meter = wanted.id;
    sp.meters.push_back(wanted.id);
    ++sp.basis;
    c.out.emit(wanted);
    keep_first_reading(c, meter);
    c.mark_dirty(wanted.id);
}

Answer on_meter(Context& c, const MeterInstalled& e) {
    ServicePointState* sp = c.state.service_points.find(e.meter.service_point);
    if (sp == nullptr) {
        return fail("meter.unknown_service_point", ErrorKind::not_found);
    }
    if (sp->meter) {
        return fail("meter.service_point_taken", ErrorKind::conflict);
    }
    TRY_VOID(judge_meter(c, e.meter, e.first));
    install(c, e.meter, e.first);
    c.timeline(e.meter.service_point, "meter.installed", {{"address", e.meter.link.address}}, "",
               {}, e.actor);
    return e.meter.id.text();
}

Answer on_opening_balance(Context& c, const OpeningBalance& e) {
    AccountState* account = c.state.accounts.find(e.account);
    if (account == nullptr) {
        return fail("account.unknown", ErrorKind::not_found);
    }
    if (e.idempotency.empty()) {
        return fail("account.key_required");
    }
    c.transfer({rules::ledger::Kind::opening, 0}, rules::ledger::cash_of(e.account), e.amount,
               rules::ledger::Cause::opening_balance, 0, "open:" + e.idempotency);
    evaluate_account(c, e.account, true);
    c.mark_account_dirty(*account);
    return std::string("ok");
}

}  // namespace mb::engine
