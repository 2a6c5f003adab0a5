// Figures, meters, one meter, its orders and timeline.
#include "api/parameters.hpp"
#include "api/services.hpp"

namespace mb::api {

namespace {

using rules::relay::Position;

constexpr std::int64_t page_max = 1'000'000;
constexpr std::int64_t slice_max = 200;

Result<Answer> list_meters(Services& services, const Call& call) {
    const net::HttpRequest& request = call.request;
    const std::int64_t page = TRY(number_parameter(request, "page", 1, 1, page_max));
    const std::int64_t size = TRY(number_parameter(request, "page_size", 20, 1, slice_max));
    MeterQuery query;
    query.q = TRY(text_parameter(request, "q", 64));
    query.building = TRY(text_parameter(request, "building", 64));
    query.arrears = TRY(choice_parameter(request, "arrears", "yes", "no"));
    query.online = TRY(choice_parameter(request, "online", "online", "lost"));
    if (const auto relay = request.parameter("relay")) {
        query.relay = enum_value<Position>(*relay);
        if (!query.relay) return fail(invalid("relay", "unknown_value"));
    }
    if (const auto sort = request.parameter("sort")) {
        query.descending = sort->starts_with('-');
        const auto order = enum_value<MeterOrder>(sort->substr(query.descending ? 1 : 0));
        if (!order) return fail(invalid("sort", "unknown_value"));
        query.order = *order;
    }
    query.offset = (page - 1) * size;
    query.limit = size;
    const engine::Now now = services.ports.now();
    const MeterSlice slice =
        services.ports.reads->open()->meters(call.project, query, now.business);
    const Presenter present(call.config);
    dto::MeterPage out;
    for (const MeterRecord& record : slice.items) out.items.push_back(present.meter(record));
    out.page = page;
    out.page_size = size;
    out.total = slice.total;
    out.as_of = present.text(now.business);
    out.counts = {slice.counts.online, slice.counts.lost, slice.counts.closed, slice.counts.open,
                  slice.counts.arrears};
    return Services::ok(to_json(out));
}

Result<Answer> get_meter(Services& services, const Call& call) {
    const engine::Now now = services.ports.now();
    const auto reads = services.ports.reads->open();
    const MeterRecord record = TRY(meter_of(call, *reads, now.business));
    const Presenter present(call.config);
    const auto today =
        reads->readings(call.project, record.meter.id, present.zone().date(now.business));
    return Services::ok(present.meter_detail(record, today));
}

Result<Answer> meter_orders(Services& services, const Call& call) {
    const std::int64_t limit = TRY(number_parameter(call.request, "limit", 50, 1, slice_max));
    const std::string after = TRY(text_parameter(call.request, "after", 32));
    const auto reads = services.ports.reads->open();
    const MeterRecord record = TRY(meter_of(call, *reads, services.ports.now().business));
    auto orders = reads->orders_of(call.project, record.service_point.id, after, limit + 1);
    dto::OrderSlice out;
    if (static_cast<std::int64_t>(orders.size()) > limit) {
        orders.resize(static_cast<std::size_t>(limit));
        out.next = orders.back().row.no;
    }
    const Presenter present(call.config);
    for (const OrderRecord& order : orders) out.items.push_back(present.order(order));
    return Services::ok(to_json(out));
}

Result<Answer> meter_timeline(Services& services, const Call& call) {
    const std::int64_t limit = TRY(number_parameter(call.request, "limit", 50, 1, slice_max));
    const std::int64_t after = TRY(number_parameter(call.request, "after", 0, 1, INT64_MAX));
    const auto reads = services.ports.reads->open();
    const MeterRecord record = TRY(meter_of(call, *reads, services.ports.now().business));
    auto rows = reads->timeline(call.project, record.service_point.id, after, limit + 1);
    dto::TimelineSlice out;
    if (static_cast<std::int64_t>(rows.size()) > limit) {
        rows.resize(static_cast<std::size_t>(limit));
        out.next = std::to_string(rows.back().seq);
    }
    const Presenter present(call.config);
    for (const engine::TimelineRow& row : rows) out.items.push_back(present.timeline(row));
    return Services::ok(to_json(out));
}

Result<Answer> summary(Services& services, const Call& call) {
    const auto reads = services.ports.reads->open();
    return Services::ok(
        services.summary_json(call.project, call.config, services.ports.now(), *reads));
}

using Act = Result<Answer> (*)(Services&, const Call&);

void add(Services& services, const std::string& path, std::vector<std::string> query, Act act) {
    Route route;
    route.method = "GET";
    route.pattern = "/api/v1/projects/{project}" + path;
    route.query = std::move(query);
    route.project = true;
    route.handle = [&services, act](const Call& call) { return act(services, call); };
    services.router.add(std::move(route));
}

}  // namespace

Result<MeterRecord> meter_of(const Call& call, Reads& reads, Instant business) {
    auto record = reads.meter(call.project, MeterId{id_of(call.path_part("meter"))}, business);
    if (!record) return fail("meter.not_found", ErrorKind::not_found);
    return std::move(*record);
}

std::string Services::summary_json(ProjectId project, const engine::ProjectConfig& config,
                                   const engine::Now& now, Reads& reads) {
    const Presenter present(config);
    const Figures figures = reads.figures(project, now.business);
    return to_json(present.summary(figures, now, options.demo));
}

void add_campus_routes(Services& services) {
    add(services, "/summary", {}, summary);
    add(services, "/meters",
        {"page", "page_size", "q", "building", "arrears", "online", "relay", "sort"}, list_meters);
    add(services, "/meters/{meter}", {}, get_meter);
    add(services, "/meters/{meter}/orders", {"after", "limit"}, meter_orders);
    add(services, "/meters/{meter}/timeline", {"after", "limit"}, meter_timeline);
}

}  // namespace mb::api
