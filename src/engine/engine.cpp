#include "engine/engine.hpp"

#include "engine/context.hpp"
#include "engine/prefetch.hpp"

#include <algorithm>
#include <functional>
#include <limits>

namespace mb::engine {

Engine::Engine(ProjectId project)
    : project_(project), state_(std::make_unique<State>()), derived_(std::make_unique<Derived>()) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

namespace {

template <class E>
std::uint64_t fingerprint(const E& event) {
    return fingerprint_of(to_binary(event));
}

/// Runs a handler under its idempotency key: the first result answers all repeats.
template <class E, class Handler>
Answer once(Context& c, const E& event, const std::string& key, Handler handler, bool& repeat) {
    const std::uint64_t print = key.empty() ? 0 : fingerprint(event);
    if (auto known = known_request(c, key, print)) {
        repeat = static_cast<bool>(*known);
        return *known;
    }
    Answer answer = handler(c, event);
    if (answer) {
        remember_request(c, key, print, *answer);
    }
    return answer;
}

struct Dispatch {
    Context& c;
    bool repeat = false;

    Answer operator()(const ReadingTaken& e) { return on_reading(c, e); }
    Answer operator()(const StatusRead& e) { return on_status(c, e); }
    Answer operator()(const SampleTaken& e) { return on_sample(c, e); }
    Answer operator()(const Tick&) { return std::string(); }
    Answer operator()(const ContactChanged& e) { return on_contact(c, e); }
    Answer operator()(const CommandReported& e) { return on_command_reported(c, e); }
    Answer operator()(const PaymentReceived& e) { return on_payment(c, e); }
    Answer operator()(const ChannelAnswered& e) { return on_channel_answer(c, e); }
    Answer operator()(const OrderCreated& e) {
        // The number is made anew by each try of a client: the key alone tells repeats.
        OrderCreated asked = e;
        asked.no.clear();
        if (auto known = known_request(c, e.idempotency, fingerprint(asked))) {
            repeat = static_cast<bool>(*known);
            return *known;
        }
        Answer answer = on_order(c, e);
        if (answer) {
            remember_request(c, e.idempotency, fingerprint(asked), *answer);
        }
        return answer;
    }
    Answer operator()(const RelayRequested& e) {
        return once(c, e, e.idempotency, on_relay_requested, repeat);
    }
    Answer operator()(const ProtectionSet& e) {
        return once(c, e, e.idempotency, on_protection, repeat);
    }
    Answer operator()(const EmergencyCreditTaken& e) {
        return once(c, e, e.idempotency, on_emergency_credit, repeat);
    }
    Answer operator()(const ProjectConfigured& e) { return on_project(c, e); }
    Answer operator()(const TariffPublished& e) { return on_tariff(c, e); }
    Answer operator()(const ServicePointSet& e) { return on_service_point(c, e); }
    Answer operator()(const AccountSet& e) { return on_account(c, e); }
    Answer operator()(const AgreementStarted& e) { return on_agreement(c, e); }
    Answer operator()(const MeterInstalled& e) { return on_meter(c, e); }
    Answer operator()(const ReadingEntered& e) {
        return once(c, e, e.idempotency, on_reading_entered, repeat);
    }
    Answer operator()(const RatioSet& e) { return once(c, e, e.idempotency, on_ratio, repeat); }
    Answer operator()(const MeterExchanged& e) {
        return once(c, e, e.idempotency, on_exchange, repeat);
    }
    Answer operator()(const TermsSet& e) { return once(c, e, e.idempotency, on_terms, repeat); }
    Answer operator()(const AgreementEnded& e) {
        return once(c, e, e.idempotency, on_agreement_ended, repeat);
    }
    Answer operator()(const PointRerated& e) { return on_point_rerated(c, e); }
    Answer operator()(const RerateFailed& e) { return on_rerate_failed(c, e); }
    Answer operator()(const OpeningBalance& e) {
        return once(c, e, e.idempotency, on_opening_balance, repeat);
    }
};

void run_timer(Context& c, const TimerKey& key) {
    switch (key.kind) {
        case TimerKind::day_close: close_days(c); break;
        case TimerKind::credit: evaluate_account(c, AccountId{key.id}, false); break;
        case TimerKind::command: command_timer(c, CommandId{key.id}); break;
        case TimerKind::order: order_timer(c, key.name); break;
        case TimerKind::relay:
            reconcile(c, c.state.service_points.at(ServicePointId{key.id}), "reconcile", "", {});
            break;
    }
}

void run_timers(Context& c) {
    auto& order = c.derived.timer_order;
    while (!order.empty() && order.begin()->first <= c.now.business) {
        const TimerKey key = order.begin()->second;
        c.set_timer(key, {});
        run_timer(c, key);
    }
}

void index_timers(const State& state, Derived& derived) {
    derived.timer_order.clear();
    for (const auto& [key, at] : state.timers) {
        derived.timer_order.insert({at, key});
    }
}

}  // namespace

void Engine::apply(std::span<const Event> events, const Now& now, Effects& effects) {
    Context c{*state_, *derived_, now, effects, derived_->zone.date(now.business)};
    run_timers(c);
    effects.outcomes.reserve(effects.outcomes.size() + events.size());
    const ReadingPrefetch prefetch(*state_, events);
    for (std::size_t i = 0; i < events.size(); ++i) {
        prefetch.ahead_of(i);
        Dispatch dispatch{c};
        Answer answer = std::visit(dispatch, events[i]);
        EventOutcome& outcome = effects.outcomes.emplace_back();
        outcome.duplicate = dispatch.repeat;
        if (answer) {
            outcome.ref = std::move(*answer);
        } else {
            outcome.refused = true;
            outcome.error = std::move(answer).error();
        }
    }
}

Instant Engine::next_due() const {
    return derived_->timer_order.empty() ? Instant{} : derived_->timer_order.begin()->first;
}

// ---- coalesced rows
// ------------------------------------------------------------------------------

bool Engine::dirty() const {
    return !derived_->dirty.empty() || !derived_->flushing.empty() || !derived_->ready_days.empty();
}

namespace {

DayRow open_day_row(MeterId meter, const OpenDay& day) {
    using rules::metering::Outcome;
    DayRow row;
    row.meter = meter;
    row.on = day.on;
    row.charged = static_cast<std::int32_t>(day.block.count(Outcome::charged));
    row.held = static_cast<std::int32_t>(day.block.count(Outcome::held));
    row.excluded = static_cast<std::int32_t>(day.block.count(Outcome::excluded));
    row.packed.assign(day.block.bytes().begin(), day.block.bytes().end());
    return row;
}

}  // namespace

void Engine::take_dirty(std::size_t limit, std::vector<MeterViewRow>& meters,
                        std::vector<DayRow>& days) {
    const auto room = [&] { return meters.size() + days.size() < limit; };
    auto& ready = derived_->ready_days;
    std::size_t taken = 0;
    for (; taken < ready.size() && room(); ++taken) {
        days.push_back(std::move(ready[taken]));
    }
    ready.erase(ready.begin(), ready.begin() + static_cast<std::ptrdiff_t>(taken));
    auto& flushing = derived_->flushing;
    if (flushing.empty()) {
        // By id: neighbours in the store's tables are written one after another.
        flushing.swap(derived_->dirty);
        std::sort(flushing.begin(), flushing.end(), std::greater<>());
    }
    while (!flushing.empty() && room()) {
        const MeterId id = flushing.back();
        flushing.pop_back();
        derived_->is_dirty[static_cast<std::size_t>(id.value)] = false;
        meters.push_back(view(id));
        for (OpenDay& day : state_->meters.at(id).days) {
            if (day.flushed_bytes != day.block.bytes().size()) {
                day.flushed_bytes = day.block.bytes().size();
                days.push_back(open_day_row(id, day));
            }
        }
        derived_->flush_rounds += flushing.empty() ? 1 : 0;
    }
}

// A take begins with the ready days, so a part that reached its end had them written before.
std::int64_t Engine::flush_mark() const {
    return derived_->flush_rounds + (derived_->flushing.empty() ? 0 : 1) +
           (derived_->dirty.empty() ? 0 : 1);
}

bool Engine::flushed_to(std::int64_t mark) const {
    return !dirty() || (derived_->flush_rounds >= mark && derived_->ready_days.empty());
}

MeterViewRow Engine::view(MeterId id) const {
    const MeterState& meter = state_->meters.at(id);
    const ServicePointState& sp = state_->service_points.at(meter.config.service_point);
    MeterViewRow row;
    row.meter = id;
    row.service_point = meter.config.service_point;
    row.registers = meter.last;
    row.reading_at = meter.last_at;
    row.balance_as_of = meter.last_at;
    row.online = meter.online;
    row.last_contact_at = meter.last_contact_at;
    row.power_dw = meter.power_dw;
    row.power_at = meter.power_at;
    row.clock_ahead_s = meter.clock_ahead_s;
    row.energy_today = meter.energy_today;
    row.version = meter.version;
    row.in_arrears = sp.relay.reasons.has(rules::relay::Reason::arrears);
    if (sp.agreement) {
        const AgreementState& agreement = state_->agreements.at(sp.agreement);
        const AccountState& account = state_->accounts.at(agreement.config.account);
        row.agreement = sp.agreement;
        row.account = agreement.config.account;
        row.balance = account.balance();
        row.ledger_balance = account.ledger;
        row.unposted = account.pending;
        row.credit = account.credit.level;
        row.in_arrears = row.in_arrears || account.balance() < state_->config.credit.trip_below;
        row.emergency_active = account.credit.emergency_active;
        const std::int32_t tenths = days_left_tenths(account);
        if (tenths >= 0) {
            row.days_left_tenths = tenths;
        }
    }
    return row;
}

std::vector<MeterId> Engine::meter_ids() const {
    std::vector<MeterId> out;
    out.reserve(state_->meters.count());
    state_->meters.each([&](MeterId id, const MeterState&) { out.push_back(id); });
    return out;
}

// ---- checkpoint
// ----------------------------------------------------------------------------------

Bytes Engine::image() const { return to_binary(*state_); }

Result<Engine> Engine::from_image(ProjectId project, ByteView image, bool all_dirty) {
    Engine engine(project);
    ByteReader in(image);
    read_binary(in, *engine.state_);
    if (!in.ok() || !in.at_end()) {
        return fail("checkpoint.malformed", ErrorKind::internal);
    }
    engine.derived_->zone = TRY(Zone::find(engine.state_->config.zone));
    index_timers(*engine.state_, *engine.derived_);
    if (all_dirty) {
        Effects unused;
        Context c{*engine.state_, *engine.derived_, {}, unused, {}};
        for (const MeterId id : engine.meter_ids()) {
            c.mark_dirty(id);
        }
    }
    return engine;
}

}  // namespace mb::engine
