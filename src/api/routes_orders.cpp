// Orders: list, one, create.
#include <algorithm>

#include "api/demo_logins.hpp"
#include "api/order_number.hpp"
#include "api/parameters.hpp"
#include "api/services.hpp"

namespace mb::api {

namespace {

Result<Answer> order_answer(Services& services, const Call& call, const std::string& no,
                            int status) {
    const auto record = services.ports.reads->open()->order(call.project, no);
    if (!record) return fail("order.not_found", ErrorKind::not_found);
    return Answer{status, to_json(Presenter(call.config).order(*record)), {}};
}

Result<Answer> list_orders(Services& services, const Call& call) {
    const net::HttpRequest& request = call.request;
    const std::int64_t page = TRY(number_parameter(request, "page", 1, 1, 1'000'000));
    const std::int64_t size = TRY(number_parameter(request, "page_size", 20, 1, 200));
    OrderQuery query;
    query.q = TRY(text_parameter(request, "q", 64));
    for (const auto& [name, value] : request.query) {
        if (name != "state") continue;
        const auto state = enum_value<engine::OrderState>(value);
        if (!state) return fail(invalid("state", "unknown_value"));
        query.states.push_back(*state);
    }
    query.offset = (page - 1) * size;
    query.limit = size;
    const OrderSlice slice = services.ports.reads->open()->orders(call.project, query);
    const Presenter present(call.config);
    dto::OrderPage out;
    for (const OrderRecord& record : slice.items) out.items.push_back(present.order(record));
    out.page = page;
    out.page_size = size;
    out.total = slice.total;
    out.as_of = present.text(services.ports.now().business);
    return Services::ok(to_json(out));
}

std::string source_of(const Services& services, const Call& call) {
    const bool tenant = services.options.demo && call.caller.login.phone == demo_tenant_phone;
    return tenant ? "tenant" : "console";
}

Result<engine::OrderCreated> order_event(Services& services, const Call& call) {
    const auto body = TRY(body_of<dto::OrderRequest>(call.request));
    const auto& channels = services.options.channels;
    if (std::find(channels.begin(), channels.end(), body.channel) == channels.end()) {
        return fail(error("order.channel_unavailable", ErrorKind::unprocessable)
                        .with("pointer", "/channel"));
    }
    const auto reads = services.ports.reads->open();
    const auto record =
        reads->meter(call.project, MeterId{id_of(body.meter_id)}, services.ports.now().business);
    if (!record || !record->account.id) {
        return fail(error("meter.not_found", ErrorKind::not_found).with("pointer", "/meter_id"));
    }
    engine::OrderCreated out;
    out.no = order_number(call.project, call.idempotency);
    out.service_point = record->service_point.id;
    out.account = record->account.id;
    out.amount = body.amount;
    out.channel = body.channel;
    out.source = source_of(services, call);
    out.idempotency = call.idempotency;
    out.actor = Services::actor(call);
    return out;
}

void create_order(Services& services, const CallPtr& call, const Reply& reply) {
    auto event = order_event(services, *call);
    if (!event) {
        reply(fail(std::move(event).error()));
        return;
    }
    const std::string no = event->no;
    const auto answer = [&services, call, no, reply] {
        services.later(
            reply, [&services, call, no, reply] { reply(order_answer(services, *call, no, 201)); });
    };
    // Waits before it submits: the channel may be quicker than this thread.
    services.order_waits.add(call->project, no, services.wall() + services.options.order_wait,
                             answer);
    services.ports.engine->submit(
        call->project, std::move(*event),
        [&services, call, no, reply](const engine::EventOutcome& outcome) {
            if (!outcome.refused && !outcome.duplicate) return;
            if (outcome.refused) reply(fail(for_clients(outcome.error)));
            services.order_waits.settle(call->project, no);
        });
}

}  // namespace

void add_order_routes(Services& services) {
    Route list;
    list.method = "GET";
    list.pattern = "/api/v1/projects/{project}/orders";
    list.query = {"page", "page_size", "state", "q"};
    list.repeatable = {"state"};
    list.project = true;
    list.handle = [&services](const Call& call) { return list_orders(services, call); };
    services.router.add(std::move(list));

    Route one;
    one.method = "GET";
    one.pattern = "/api/v1/projects/{project}/orders/{no}";
    one.project = true;
    one.handle = [&services](const Call& call) {
        return order_answer(services, call, call.path_part("no"), 200);
    };
    services.router.add(std::move(one));

    Route create;
    create.method = "POST";
    create.pattern = "/api/v1/projects/{project}/orders";
    create.project = true;
    create.idempotent = true;
    create.handle_later = [&services](const CallPtr& call, const Reply& reply) {
        create_order(services, call, reply);
    };
    services.router.add(std::move(create));
}

void OrderWaits::add(ProjectId project, const std::string& no, Instant until_wall, Due due) {
    const std::lock_guard lock(mutex_);
    waits_[{project, no}] = {until_wall, std::move(due)};
}

void OrderWaits::settle(ProjectId project, const std::string& no) {
    Due due;
    {
        const std::lock_guard lock(mutex_);
        const auto found = waits_.find({project, no});
        if (found == waits_.end()) return;
        due = std::move(found->second.due);
        waits_.erase(found);
    }
    due();
}

void OrderWaits::expire(Instant wall) {
    std::vector<Due> due;
    {
        const std::lock_guard lock(mutex_);
        for (auto wait = waits_.begin(); wait != waits_.end();) {
            if (wait->second.until > wall) {
                ++wait;
            } else {
                due.push_back(std::move(wait->second.due));
                wait = waits_.erase(wait);
            }
        }
    }
    for (const Due& one : due) one();
}

}  // namespace mb::api
