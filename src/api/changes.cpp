#include "api/changes.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace mb::api {

namespace {

constexpr Duration refresh_each = Duration::seconds(1);
constexpr Duration purge_each = Duration::hours(1);

}  // namespace

void Changes::on_commit(ProjectId project, const engine::Effects& effects) {
    Committed committed;
    for (const engine::Row& row : effects.rows()) {
        if (const auto* command = std::get_if<engine::CommandRow>(&row)) {
            committed.commands.push_back(*command);
        } else if (const auto* order = std::get_if<engine::OrderRow>(&row)) {
            committed.orders.push_back(*order);
        } else if (const auto* notice = std::get_if<engine::NoticeRow>(&row)) {
            committed.notices.push_back(*notice);
        } else if (std::holds_alternative<engine::Meter>(row)) {
            committed.configuration = true;
        }
    }
    if (committed.configuration) services_.directory.forget(project);
    for (const engine::OrderRow& order : committed.orders) {
        const bool waits =
            order.state == engine::OrderState::pending_payment && order.pay_url.empty();
        if (!waits) services_.order_waits.settle(project, order.no);
    }
    if (committed.commands.empty() && committed.orders.empty() && committed.notices.empty()) {
        return;
    }
    // When no worker is free, watchers learn of it by the next change or refresh.
    services_.workers.run(
        [this, project, committed = std::move(committed)] { publish(project, committed); });
}

void Changes::publish(ProjectId project, const Committed& committed) {
    EventHub& hub = services_.hub;
    for (const engine::CommandRow& row : committed.commands) {
        hub.publish(project, EventKind::command, row.id.text(),
                    to_json(dto::CommandUpdated{row.id.text(), row.meter.text()}));
    }
    for (const engine::OrderRow& row : committed.orders) {
        const MeterId meter = services_.directory.meter_at(project, row.service_point);
        hub.publish(project, EventKind::order, row.no,
                    to_json(dto::OrderUpdated{row.no, meter.text()}));
    }
    if (committed.notices.empty()) return;
    const auto config = services_.ports.reads->open()->project(project);
    if (!config) return;
    const Presenter present(*config);
    for (const engine::NoticeRow& row : committed.notices) {
        const MeterId meter = services_.directory.meter_at(project, row.service_point);
        hub.publish(project, EventKind::notice, row.id.text(), to_json(present.notice(row, meter)));
    }
}

void Changes::beat() {
    const Instant wall = services_.wall();
    if (services_.hub.beat(wall)) services_.workers.run([this] { close_ended_sessions(); });
    services_.order_waits.expire(wall);
    if (refreshed_at_ + refresh_each > wall || refreshing_.exchange(true)) return;
    refreshed_at_ = wall;
    const bool taken = services_.workers.run([this] {
        try {
            refresh();
        } catch (const std::exception& broken) {
            log::warn("api: the live figures could not be read: {}", broken.what());
        }
        refreshing_ = false;
    });
    if (!taken) refreshing_ = false;
}

void Changes::refresh() {
    const engine::Now now = services_.ports.now();
    if (purged_at_ + purge_each <= now.wall) {
        purged_at_ = now.wall;
        services_.sessions.purge(now.wall);
    }
    const std::vector<ProjectId> watched = services_.hub.watched();
    std::erase_if(versions_, [&](const auto& known) {
        return std::find(watched.begin(), watched.end(), known.first) == watched.end();
    });
    for (const ProjectId project : watched) refresh_project(project, now);
}

void Changes::refresh_project(ProjectId project, const engine::Now& now) {
    const auto reads = services_.ports.reads->open();
    const bool first = !versions_.contains(project);
    std::map<MeterId, std::int64_t>& known = versions_[project];
    for (const auto& [meter, version] : reads->versions(project)) {
        std::int64_t& last = known[meter];
        if (std::exchange(last, version) == version || first) continue;
        services_.hub.publish(project, EventKind::meter, meter.text(),
                              to_json(dto::MeterUpdated{meter.text(), version}));
    }
    if (const auto config = reads->project(project)) {
        services_.hub.publish(project, EventKind::stats, "",
                              services_.summary_json(project, *config, now, *reads));
    }
}

void Changes::close_ended_sessions() {
    for (const crypto::Digest& token_hash : services_.hub.sessions()) {
        if (!services_.sessions.still_open(token_hash, services_.wall())) {
            services_.hub.drop(token_hash);
        }
    }
}

}  // namespace mb::api
