#include "sim/world/people.hpp"

#include "base/check.hpp"
#include "engine/state.hpp"

#include <fmt/format.h>

namespace mb::sim::world {

namespace {

constexpr Duration look_every = Duration::minutes(5);
constexpr Duration patience = Duration::seconds(30);

engine::Actor actor(engine::ActorKind kind, const char* name) { return {kind, LoginId{1}, name}; }

}  // namespace

People::People(Core& core, Server& server, Field& field, Till& till)
    : core_(core),
      server_(server),
      field_(field),
      till_(till),
      dice_(core.random.split("people")),
      busy_(core.plant.meters.size(), false) {
    for (const meter::MeterConfig& config : core_.plant.meters) {
        tenant::TenantSpec spec;
        spec.meter = config.address;
        spec.delay_max = Duration::minutes(90);
        spec.amounts = {Money{500}, Money{2'000}, Money{5'000}, Money{50}};
        spec.seed = dice_.next();
        tenants_.emplace_back(spec);
    }
}

void People::begin() {
    core_.schedule.after(look_every, [this] { look_at_rooms(); });
    core_.schedule.after(Duration::minutes(30), [this] { staff(); });
}

// ---- a client
// ------------------------------------------------------------------------------------

void People::request(std::function<engine::Event()> make, Answered answered) {
    auto open = std::make_shared<bool>(true);
    const bool lost = core_.strikes(Fault::client_retry, dice_, 30'000);
    const auto again = [this, make, answered, open] {
        if (*open) {
            *open = false;
            request(make, answered);
        }
    };
    core_.schedule.after(patience, again);
    server_.submit(make(),
                   [this, open, lost, answered, again](const engine::EventOutcome& outcome) {
                       if (lost || !*open) {
                           return;
                       }
                       if (outcome.refused && outcome.error.retryable) {
                           core_.schedule.after(Duration::seconds(dice_.range(1, 10)), again);
                           return;
                       }
                       *open = false;
                       answered(outcome);
                   });
}

// ---- tenants
// -------------------------------------------------------------------------------------

void People::look_at_rooms() {
    core_.schedule.after(look_every, [this] { look_at_rooms(); });
    for (std::size_t i = 0; i < tenants_.size(); ++i) {
        const bool dark = field_.meter(i).relay().open;
        if (const auto wanted = tenants_[i].look(dark, core_.now())) {
            busy_[i] = true;
            top_up(i, wanted->key, wanted->amount, true);
            continue;
        }
        // Some pay when they are warned, some now and then.
        const auto* engine = server_.engine();
        if (busy_[i] || dark || engine == nullptr) {
            continue;
        }
        const auto& account =
            *engine->state().accounts.find(AccountId{static_cast<std::int64_t>(i) + 1});
        const bool warned = account.credit.level >= rules::credit::CreditLevel::alarm2;
        if (dice_.chance(warned ? 6'000 : 700)) {
            busy_[i] = true;
            top_up(i, fmt::format("app-{}", ++last_key_), Money{dice_.range(1, 80) * 100}, false);
        }
    }
}

void People::top_up(std::size_t place, const std::string& key, Money amount, bool by_tenant_model) {
    order(std::make_shared<TopUpJob>(TopUpJob{place, key, amount, by_tenant_model, "", 0}));
}

void People::order(const std::shared_ptr<TopUpJob>& job) {
    const auto make = [this, job]() -> engine::Event {
        engine::OrderCreated e;
        e.no = fmt::format("P{}D{:010}", core_.project.value, ++last_order_);
        const auto id = static_cast<std::int64_t>(job->place) + 1;
        e.service_point = ServicePointId{id};
        e.account = AccountId{id};
        e.amount = job->amount;
        e.channel = "sandbox";
        e.source = "tenant";
        e.idempotency = job->key;
        e.actor = actor(engine::ActorKind::tenant, "tenant");
        return e;
    };
    request(make, [this, job, make](const engine::EventOutcome& outcome) {
        if (outcome.refused) {
            finished(*job, false);
            return;
        }
        job->order_no = outcome.ref;
        server_.journal().orders.insert(outcome.ref);
        wait_for_page(job);
        if (core_.strikes(Fault::client_retry, dice_, 100'000)) {
            // A second press of the button, same key: the same order, and nothing else happens.
            server_.submit(make(), [this, no = outcome.ref](const engine::EventOutcome& repeat) {
                CHECK_MSG(repeat.refused || (repeat.duplicate && repeat.ref == no),
                          "a repeated request made another order");
            });
        }
    });
}

void People::wait_for_page(const std::shared_ptr<TopUpJob>& job) {
    core_.schedule.after(Duration::seconds(dice_.range(2, 8)), [this, job] {
        const auto* engine = server_.engine();
        if (++job->looks > 300) {
            finished(*job, false);
            return;
        }
        if (engine == nullptr) {
            wait_for_page(job);
            return;
        }
        const auto found = engine->state().orders.find(job->order_no);
        if (found == engine->state().orders.end()) {
            finished(*job, false);
            return;
        }
        const engine::OrderRow& row = found->second.row;
        if (row.state != engine::OrderState::pending_payment) {
            finished(*job, row.state == engine::OrderState::completed);
            return;
        }
        if (row.pay_url.empty()) {
            wait_for_page(job);
            return;
        }
        // Typing takes a while; one in twenty-five walks away, one in thirty comes back too late.
        if (dice_.chance(40'000)) {
            finished(*job, false);
            return;
        }
        const Duration typing =
            dice_.chance(30'000) ? Duration::minutes(40) : Duration::seconds(dice_.range(5, 90));
        core_.schedule.after(typing, [this, job] { finished(*job, till_.pay(job->order_no)); });
    });
}

void People::finished(const TopUpJob& job, bool paid) {
    busy_[job.place] = false;
    if (job.by_tenant_model) {
        tenants_[job.place].settled(paid, core_.now());
    }
}

// ---- staff
// ---------------------------------------------------------------------------------------

void People::staff() {
    core_.schedule.after(Duration::minutes(30), [this] { staff(); });
    for (std::size_t i = 0; i < tenants_.size(); ++i) {
        if (dice_.chance(12'000)) {
            staff_action(i);
        }
    }
}

void People::staff_action(std::size_t place) {
    const ServicePointId point{static_cast<std::int64_t>(place) + 1};
    const std::string key = fmt::format("staff-{}", ++last_key_);
    const engine::Actor who = actor(engine::ActorKind::staff, "manager");
    const std::int64_t kind = dice_.range(0, 9);
    engine::Event event;
    if (kind <= 3) {
        const auto action = kind == 0   ? engine::RequestedAction::trip
                            : kind == 3 ? engine::RequestedAction::read
                                        : engine::RequestedAction::close;
        event =
            engine::RelayRequested{point, action, "现场作业", dice_.chance(300'000), "", key, who};
    } else if (kind <= 7) {
        engine::ProtectionSet set;
        set.service_point = point;
        const bool value = dice_.chance(400'000);
        if (kind <= 5) {
            set.keep_power = value;
        } else if (kind == 6) {
            set.no_disconnect = value;
        } else {
            set.lock_out = dice_.chance(300'000);
        }
        set.reason = "检修";
        set.idempotency = key;
        set.actor = who;
        event = set;
    } else {
        event = engine::EmergencyCreditTaken{AccountId{point.value}, key, who};
    }
    request([event] { return event; }, [](const engine::EventOutcome&) {});
    if (kind == 0) {
        // Whoever trips by hand comes back to close.
        const std::string close_key = key + "-back";
        core_.schedule.after(
            Duration::minutes(dice_.range(10, 240)), [this, point, close_key, who] {
                request(
                    [point, close_key, who]() -> engine::Event {
                        return engine::RelayRequested{
                            point, engine::RequestedAction::close, "作业完成", false, "", close_key,
                            who};
                    },
                    [](const engine::EventOutcome&) {});
            });
    }
}

}  // namespace mb::sim::world
