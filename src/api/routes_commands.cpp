// Relay and read commands, protection, emergency credit.
#include "api/parameters.hpp"
#include "api/services.hpp"

namespace mb::api {

namespace {

using engine::CommandKind;
using engine::EventOutcome;

constexpr std::size_t reason_max = 200;

Result<Answer> command_answer(Services& services, const Call& call, CommandId id, int status) {
    const auto row = services.ports.reads->open()->command(call.project, id);
    if (!row) return fail("command.not_found", ErrorKind::not_found);
    return Answer{status, to_json(Presenter(call.config).command(*row)), {}};
}

Result<Answer> list_commands(Services& services, const Call& call) {
    const std::int64_t limit = TRY(number_parameter(call.request, "limit", 50, 1, 200));
    const std::int64_t after = TRY(number_parameter(call.request, "after", 0, 1, INT64_MAX));
    const auto reads = services.ports.reads->open();
    const MeterRecord record = TRY(meter_of(call, *reads, services.ports.now().business));
    auto rows =
        reads->commands_of(call.project, record.service_point.id, CommandId{after}, limit + 1);
    dto::CommandSlice out;
    if (static_cast<std::int64_t>(rows.size()) > limit) {
        rows.resize(static_cast<std::size_t>(limit));
        out.next = rows.back().id.text();
    }
    const Presenter present(call.config);
    for (const engine::CommandRow& row : rows) out.items.push_back(present.command(row));
    return Services::ok(to_json(out));
}

Result<engine::RelayRequested> command_event(Services& services, const Call& call) {
    const auto body = TRY(body_of<dto::CommandRequest>(call.request));
    if (body.kind == CommandKind::permit) return fail(invalid_body("/kind", "unknown_value"));
    if (characters(body.reason) > reason_max) return fail(invalid_body("/reason", "too_long"));
    if (body.kind != CommandKind::read && body.reason.empty()) {
        return fail(
            error("command.reason_required", ErrorKind::unprocessable).with("pointer", "/reason"));
    }
    const auto reads = services.ports.reads->open();
    const MeterRecord record = TRY(meter_of(call, *reads, services.ports.now().business));
    engine::RelayRequested out;
    out.service_point = record.service_point.id;
    out.action = body.kind == CommandKind::trip    ? engine::RequestedAction::trip
                 : body.kind == CommandKind::close ? engine::RequestedAction::close
                                                   : engine::RequestedAction::read;
    out.reason = body.reason;
    out.override_arrears = body.override.value_or(false);
    out.idempotency = call.idempotency;
    out.actor = Services::actor(call);
    return out;
}

void create_command(Services& services, const CallPtr& call, const Reply& reply) {
    auto event = command_event(services, *call);
    if (!event) {
        reply(fail(std::move(event).error()));
        return;
    }
    services.submit(call, std::move(*event), reply,
                    [&services, call](const EventOutcome& outcome) -> Result<Answer> {
                        // No command: nothing had to be sent, the wish alone is recorded.
                        const CommandId id{id_of(outcome.ref)};
                        if (!id) return fail("relay.already", ErrorKind::conflict);
                        return command_answer(services, *call, id, 202);
                    });
}

/// Submits what `make` builds for the meter of the path and answers with the meter as it is then.
template <class Make>
void change_meter(Services& services, const CallPtr& call, const Reply& reply, Make make) {
    const auto reads = services.ports.reads->open();
    const auto record = meter_of(*call, *reads, services.ports.now().business);
    if (!record) {
        reply(fail(record.error()));
        return;
    }
    Result<engine::Event> event = make(*record);
    if (!event) {
        reply(fail(std::move(event).error()));
        return;
    }
    services.submit(
        call, std::move(*event), reply, [&services, call](const EventOutcome&) -> Result<Answer> {
            const auto after = services.ports.reads->open();
            const MeterRecord now = TRY(meter_of(*call, *after, services.ports.now().business));
            return Services::ok(to_json(Presenter(call->config).meter(now)));
        });
}

void set_protection(Services& services, const CallPtr& call, const Reply& reply) {
    change_meter(services, call, reply, [&](const MeterRecord& record) -> Result<engine::Event> {
        auto body = TRY(body_of<dto::ProtectionRequest>(call->request));
        if (body.reason.empty()) return fail(invalid_body("/reason", "required"));
        if (characters(body.reason) > reason_max) return fail(invalid_body("/reason", "too_long"));
        if (!body.keep_power && !body.no_disconnect && !body.lock_out) {
            return fail(invalid_body("", "nothing_to_change"));
        }
        engine::ProtectionSet out;
        out.service_point = record.service_point.id;
        out.keep_power = body.keep_power;
        out.no_disconnect = body.no_disconnect;
        out.lock_out = body.lock_out;
        out.reason = std::move(body.reason);
        out.idempotency = call->idempotency;
        out.actor = Services::actor(*call);
        return out;
    });
}

void grant_emergency_credit(Services& services, const CallPtr& call, const Reply& reply) {
    change_meter(services, call, reply, [&](const MeterRecord& record) -> Result<engine::Event> {
        (void)TRY(body_of<dto::Empty>(call->request));
        engine::EmergencyCreditTaken out;
        out.account = record.account.id;
        out.idempotency = call->idempotency;
        out.actor = Services::actor(*call);
        return out;
    });
}

using Act = void (*)(Services&, const CallPtr&, const Reply&);

void add_write(Services& services, const std::string& path, Act act) {
    Route route;
    route.method = "POST";
    route.pattern = "/api/v1/projects/{project}/meters/{meter}" + path;
    route.project = true;
    route.idempotent = true;
    route.handle_later = [&services, act](const CallPtr& call, const Reply& reply) {
        act(services, call, reply);
    };
    services.router.add(std::move(route));
}

}  // namespace

void add_command_routes(Services& services) {
    Route list;
    list.method = "GET";
    list.pattern = "/api/v1/projects/{project}/meters/{meter}/commands";
    list.query = {"after", "limit"};
    list.project = true;
    list.handle = [&services](const Call& call) { return list_commands(services, call); };
    services.router.add(std::move(list));

    Route one;
    one.method = "GET";
    one.pattern = "/api/v1/projects/{project}/commands/{command}";
    one.project = true;
    one.handle = [&services](const Call& call) {
        return command_answer(services, call, CommandId{id_of(call.path_part("command"))}, 200);
    };
    services.router.add(std::move(one));

    add_write(services, "/commands", create_command);
    add_write(services, "/protection", set_protection);
    add_write(services, "/emergency-credit", grant_emergency_credit);
}

}  // namespace mb::api
