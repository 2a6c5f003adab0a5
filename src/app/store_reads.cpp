#include "app/store_reads.hpp"

namespace mb::app {

namespace {

constexpr std::int32_t all_rows = 500; // what the reader gives at most in one page

store::MeterSort sort_of(api::MeterOrder order) {
    switch (order) {
    case api::MeterOrder::code:
        return store::MeterSort::code;
    case api::MeterOrder::balance:
        return store::MeterSort::balance;
    case api::MeterOrder::last_contact_at:
        return store::MeterSort::last_contact;
    case api::MeterOrder::power_kw:
        return store::MeterSort::power;
    case api::MeterOrder::place:
        break;
    }
    return store::MeterSort::place;
}

api::MeterRecord record_of(store::MeterItem item) {
    api::MeterRecord out;
    out.meter = std::move(item.meter);
    out.service_point = std::move(item.place);
    out.account = std::move(item.account);
    out.view = std::move(item.view);
    out.relay = item.relay;
    out.tariff = {item.tariff.code, item.tariff.version, item.tariff.name};
    out.command = std::move(item.command);
    return out;
}

api::MeterCounts counts_of(const store::MeterCounts &counts) {
    return {counts.online, counts.meters - counts.online, counts.relay_closed, counts.relay_open,
            counts.in_arrears};
}

class Adapter final : public api::Reads {
  public:
    explicit Adapter(store::Database &database) : reader_(database) {}

    std::optional<engine::ProjectConfig> project(ProjectId project) override {
        return reader_.project(project);
    }

    api::MeterSlice meters(ProjectId project, const api::MeterQuery &query,
                           Instant business) override {
        store::MeterFilter filter;
        filter.text = query.q;
        filter.building = query.building;
        filter.in_arrears = query.arrears;
        filter.online = query.online;
        filter.relay = query.relay;
        filter.sort = sort_of(query.order);
        filter.descending = query.descending;
        filter.page_size = static_cast<std::int32_t>(query.limit);
        filter.page = static_cast<std::int32_t>(query.offset / query.limit) + 1;
        store::MeterPage page = reader_.meters(project, filter, business);
        api::MeterSlice out;
        out.total = page.total;
        out.counts = counts_of(page.counts);
        for (store::MeterItem &item : page.items) {
            out.items.push_back(record_of(std::move(item)));
        }
        return out;
    }

    std::optional<api::MeterRecord> meter(ProjectId project, MeterId meter,
                                          Instant business) override {
        auto item = reader_.meter(project, meter, business);
        return item ? std::optional(record_of(std::move(*item))) : std::nullopt;
    }

    std::vector<api::OrderRecord> orders_of(ProjectId project, ServicePointId point,
                                            const std::string &before,
                                            std::int64_t limit) override {
        store::OrderCursor cursor;
        if (!before.empty()) {
            const auto last = reader_.order(project, before);
            if (!last) {
                return {};
            }
            cursor = {last->order.created.at, before};
        }
        std::vector<api::OrderRecord> out;
        for (auto &item :
             reader_.orders_of(project, point, cursor, static_cast<std::int32_t>(limit))) {
            out.push_back(order_of(project, std::move(item)));
        }
        return out;
    }

    api::OrderSlice orders(ProjectId project, const api::OrderQuery &query) override {
        store::OrderFilter filter;
        if (!query.states.empty()) {
            filter.state = query.states.front();
        }
        filter.text = query.q;
        filter.page_size = static_cast<std::int32_t>(query.limit);
        filter.page = static_cast<std::int32_t>(query.offset / query.limit) + 1;
        store::OrderPage page = reader_.orders(project, filter);
        api::OrderSlice out;
        out.total = page.total;
        for (auto &item : page.items) {
            out.items.push_back(order_of(project, std::move(item)));
        }
        return out;
    }

    std::optional<api::OrderRecord> order(ProjectId project, const std::string &no) override {
        auto item = reader_.order(project, no);
        return item ? std::optional(order_of(project, std::move(*item))) : std::nullopt;
    }

    std::vector<engine::CommandRow> commands_of(ProjectId project, MeterId meter,
                                                CommandId before, std::int64_t limit) override {
        const auto item = reader_.meter(project, meter, {});
        if (!item) {
            return {};
        }
        return reader_.commands_of(project, item->place.id,
                                   before ? before.value : store::from_newest,
                                   static_cast<std::int32_t>(limit));
    }

    std::optional<engine::CommandRow> command(ProjectId project, CommandId command) override {
        return reader_.command(project, command);
    }

    std::vector<engine::TimelineRow> timeline(ProjectId project, ServicePointId point,
                                              std::int64_t before, std::int64_t limit) override {
        return reader_.timeline_of(project, point, before == 0 ? store::from_newest : before,
                                   static_cast<std::int32_t>(limit));
    }

    std::vector<rules::metering::DayReading> readings(ProjectId project, MeterId meter,
                                                      CivilDate on) override {
        return reader_.day(project, meter, on);
    }

    std::vector<std::pair<MeterId, ServicePointId>> meters_in_force(ProjectId project) override {
        std::vector<std::pair<MeterId, ServicePointId>> out;
        each_meter(project, [&](const store::MeterItem &item) {
            out.emplace_back(item.meter.id, item.place.id);
        });
        return out;
    }

    std::vector<std::pair<MeterId, std::int64_t>> versions(ProjectId project) override {
        return reader_.view_versions(project);
    }

    api::Figures figures(ProjectId project, CivilDate, Instant from, Instant) override {
        const store::ProjectSummary summary = reader_.summary(project, from);
        api::Figures out;
        out.meters = summary.counts.meters;
        out.online = summary.counts.online;
        out.relay_open = summary.counts.relay_open;
        out.relay_closed = summary.counts.relay_closed;
        out.in_arrears = summary.counts.in_arrears;
        out.receipts_today = summary.receipts_today;
        out.energy_today = summary.counts.energy_today;
        out.trips_today = summary.trips_today;
        out.restores_today = summary.restores_today;
        return out;
    }

  private:
    template <class F> void each_meter(ProjectId project, F &&f) {
        store::MeterFilter filter;
        filter.page_size = all_rows;
        for (;; ++filter.page) {
            const store::MeterPage page = reader_.meters(project, filter, {});
            for (const store::MeterItem &item : page.items) {
                f(item);
            }
            if (page.items.size() < static_cast<std::size_t>(all_rows)) {
                return;
            }
        }
    }

    api::OrderRecord order_of(ProjectId project, store::OrderItem item) {
        api::OrderRecord out;
        out.row = std::move(item.order);
        out.meter = item.meter;
        out.service_point = std::move(item.place);
        if (out.meter) {
            const auto meter = reader_.meter(project, out.meter, {});
            out.cut_for_arrears =
                meter && meter->relay.reasons.has(rules::relay::Reason::arrears);
        }
        return out;
    }

    store::Reader reader_;
};

} // namespace

std::unique_ptr<api::Reads> StoreReads::open() { return std::make_unique<Adapter>(database_); }

} // namespace mb::app
