#include "engine/context.hpp"

#include "base/json.hpp"

namespace mb::engine {

CivilDate Context::date_of(Instant at) {
    if (at < derived.day_from || at >= derived.day_to) {
        derived.day = derived.zone.date(at);
        derived.day_from = derived.zone.instant(derived.day);
        derived.day_to = derived.zone.instant(derived.day + 1);
    }
    return derived.day;
}

void Context::mark_dirty(MeterId id) {
    const auto at = static_cast<std::size_t>(id.value);
    if (at >= derived.is_dirty.size()) {
        derived.is_dirty.resize(at + 1);
    }
    if (!derived.is_dirty[at]) {
        derived.is_dirty[at] = true;
        derived.dirty.push_back(id);
    }
}

void Context::mark_account_dirty(const AccountState& account) {
    for (const AgreementId id : account.agreements) {
        const auto& agreement = state.agreements.at(id);
        const auto& sp = state.service_points.at(agreement.config.service_point);
        if (sp.meter) {
            mark_dirty(sp.meter);
        }
    }
}

void Context::set_timer(TimerKey key, Instant at) {
    const auto found = state.timers.find(key);
    if (found != state.timers.end()) {
        derived.timer_order.erase({found->second, key});
        state.timers.erase(found);
    }
    if (at) {
        derived.timer_order.insert({at, key});
        state.timers.emplace(std::move(key), at);
    }
}

namespace {

std::string params_json(const std::vector<std::pair<std::string, std::string>>& params) {
    std::string out = "{";
    for (const auto& [name, value] : params) {
        if (out.size() > 1) {
            out += ',';
        }
        append_json_string(out, name);
        out += ':';
        append_json_string(out, value);
    }
    return out + "}";
}

std::string alarm_key(ServicePointId sp, const std::string& kind) { return sp.text() + ":" + kind; }

}  // namespace

std::string Context::json(const std::vector<std::pair<std::string, std::string>>& params) {
    return params_json(params);
}

void Context::timeline(ServicePointId sp, std::string kind,
                       std::vector<std::pair<std::string, std::string>> params,
                       std::string order_no, CommandId command, const Actor& actor) {
    TimelineRow row;
    row.seq = ++state.counters.timeline;
    row.service_point = sp;
    row.when = step();
    row.kind = std::move(kind);
    row.params = params_json(params);
    row.order_no = std::move(order_no);
    row.command = command;
    row.actor = actor;
    out.emit(std::move(row));
}

void Context::raise_alarm(ServicePointId sp, const std::string& kind,
                          std::vector<std::pair<std::string, std::string>> params) {
    const auto [entry, added] = state.alarms.try_emplace(alarm_key(sp, kind));
    if (!added) {
        return;
    }
    AlarmRow& row = entry->second;
    row.service_point = sp;
    row.kind = kind;
    row.params = params_json(params);
    row.raised = step();
    out.emit(row);
    timeline(sp, "alarm." + kind, std::move(params));
}

void Context::clear_alarm(ServicePointId sp, const std::string& kind) {
    const auto found = state.alarms.find(alarm_key(sp, kind));
    if (found == state.alarms.end()) {
        return;
    }
    AlarmRow row = found->second;
    row.cleared = step();
    out.emit(std::move(row));
    state.alarms.erase(found);
}

void Context::transfer(rules::ledger::LedgerAccount debit, rules::ledger::LedgerAccount credit,
                       Money amount, rules::ledger::Cause cause, std::int64_t cause_id,
                       std::string idempotency) {
    if (amount.fen == 0) {
        return;
    }
    rules::ledger::Transfer row = rules::ledger::make_transfer(debit, credit, amount);
    row.id = PostingId{++state.counters.posting};
    row.at = now.business;
    row.on = today;
    row.cause = cause;
    row.cause_id = cause_id;
    row.idempotency = std::move(idempotency);
    for (const auto& side : {debit, credit}) {
        if (side.kind == rules::ledger::Kind::cash) {
            state.accounts.at(AccountId{side.owner}).ledger += rules::ledger::effect_on(side, row);
        }
    }
    out.emit(std::move(row));
}

}  // namespace mb::engine
