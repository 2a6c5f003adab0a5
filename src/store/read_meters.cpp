// Meters, days and the project's numbers.
#include <map>

#include "base/check.hpp"
#include "store/read.hpp"
#include "store/rows.hpp"
#include "store/statements/read.hpp"

namespace mb::store {

namespace {

constexpr std::int32_t page_size_max = 500;

}  // namespace

/// Versions in force on a day, asked once per code.
class Reader::Tariffs {
public:
    Tariffs(const Reader& reader, ProjectId project, CivilDate on)
        : reader_(reader), project_(project), on_(on) {}

    const TariffName& named(const std::string& code) {
        const auto [found, added] = known_.try_emplace(code);
        TariffName& name = found->second;
        if (added) {
            name.code = code;
            Statement& row = reader_.ask(sql::tariff_version_of_code, project_);
            row.bind_text(2, code);
            while (row.next()) {  // by version: the last that has begun
                if (row.integer(5) <= on_.days) {
                    name.version = static_cast<std::int32_t>(row.integer(3));
                    name.name = row.text(4);
                }
            }
        }
        return name;
    }

private:
    const Reader& reader_;
    ProjectId project_;
    CivilDate on_;
    std::map<std::string, TariffName> known_;
};

Statement& Reader::ask(const Sql& sql, ProjectId project) const {
    Statement& statement = session_->statement(sql);
    statement.bind_integer(1, project.value);
    return statement;
}

template <class T>
std::optional<T> Reader::one(const Sql& sql, ProjectId project, std::int64_t id) const {
    Statement& row = ask(sql, project);
    row.bind_integer(2, id);
    if (!row.next()) {
        return std::nullopt;
    }
    return read_row<T>(row);
}

std::optional<engine::ProjectConfig> Reader::project(ProjectId project) const {
    Statement& row = ask(sql::project_one, project);
    if (!row.next()) {
        return std::nullopt;
    }
    return read_project(row).config;
}

Reader::Day Reader::day_of(ProjectId project, Instant at) const {
    Zone zone;
    Statement& row = ask(sql::project_one, project);
    if (row.next()) {
        auto found = Zone::find(row.text(2));
        if (!found) {
            throw writer::StoreCorrupt("store: project " + project.text() + ": " +
                                       found.error().text());
        }
        zone = *found;
    }
    const CivilDate on = zone.date(at);
    return {on, zone.instant(on)};
}

std::optional<MeterItem> Reader::item(ProjectId project, MeterId id, Tariffs& tariffs) const {
    MeterItem out;
    auto meter = one<engine::Meter>(sql::meter_one, project, id.value);
    if (!meter) {
        return std::nullopt;
    }
    out.meter = std::move(*meter);
    const std::int64_t point = out.meter.service_point.value;
    const auto take = [&]<class T>(T& to, const Sql& sql, std::int64_t key) {
        if (auto row = one<T>(sql, project, key)) {
            to = std::move(*row);
        }
    };
    take(out.place, sql::service_point_one, point);
    take(out.view, sql::meter_view_one, id.value);
    take(out.relay, sql::relay_state_one, point);
    take(out.account, sql::account_one, out.view.account.value);
    take(out.agreement, sql::agreement_one, out.view.agreement.value);
    if (out.agreement.id) {
        out.tariff = tariffs.named(out.agreement.tariff_code);
    }
    if (out.relay.command) {
        out.command = one<engine::CommandRow>(sql::command_one, project, out.relay.command.value);
    }
    return out;
}

std::vector<MeterItem> Reader::items(ProjectId project, const std::vector<MeterId>& ids,
                                     Instant business_now) const {
    Tariffs tariffs(*this, project, day_of(project, business_now).on);
    std::vector<MeterItem> out;
    for (const MeterId id : ids) {
        if (auto found = item(project, id, tariffs)) {  // a list may know more than this moment
            out.push_back(std::move(*found));
        }
    }
    return out;
}

MeterListPage Reader::list_page(ProjectId project, const MeterFilter& filter) const {
    if (lists_ != nullptr) {
        return lists_->page(project, filter, *session_, era_);
    }
    MeterList list;
    list.apply(read_meter_list(*session_, project));
    return list.page(filter);
}

MeterPage Reader::meters(ProjectId project, const MeterFilter& filter, Instant business_now) const {
    CHECK(filter.page >= 1 && filter.page_size >= 1 && filter.page_size <= page_size_max);
    const MeterListPage listed = list_page(project, filter);
    return {items(project, listed.ids, business_now), listed.total, listed.counts, listed.listed};
}

std::vector<std::pair<MeterId, ServicePointId>> Reader::meters_in_place(ProjectId project) const {
    std::vector<std::pair<MeterId, ServicePointId>> out;
    Statement& row = ask(sql::meters_in_place, project);
    while (row.next()) {
        out.emplace_back(MeterId{row.integer(0)}, ServicePointId{row.integer(1)});
    }
    return out;
}

std::optional<MeterItem> Reader::meter(ProjectId project, MeterId id, Instant business_now) const {
    Tariffs tariffs(*this, project, day_of(project, business_now).on);
    return item(project, id, tariffs);
}

std::vector<rules::metering::DayReading> Reader::day(ProjectId project, MeterId meter,
                                                     CivilDate on) const {
    std::vector<rules::metering::DayReading> out;
    Statement& row = ask(sql::day_row_of_day, project);
    row.bind_integer(2, meter.value);
    row.bind_integer(3, on.days);
    while (row.next()) {
        const auto block = rules::metering::DayBlock::parse(read_day(row).row.packed);
        if (!block) {
            throw writer::StoreCorrupt("store: meter " + meter.text() + " on " + on.text() + ": " +
                                       block.error().text());
        }
        const auto readings = block->readings();
        out.insert(out.end(), readings.begin(), readings.end());
    }
    return out;
}

ProjectSummary Reader::summary(ProjectId project, Instant business_now) const {
    const Day today = day_of(project, business_now);
    ProjectSummary out;
    out.counts = list_page(project, {.page_size = 1}).counts;
    Statement& energy = ask(sql::energy_since, project);
    energy.bind_integer(2, today.from.us);
    out.energy_today.units = energy.next() ? energy.integer(0) : 0;
    Statement& receipts = ask(sql::receipts_of_day, project);
    receipts.bind_integer(2, today.on.days);
    out.receipts_today.fen = receipts.next() ? receipts.integer(0) : 0;
    Statement& switched = ask(sql::switched_since, project);
    switched.bind_integer(2, today.from.us);
    if (switched.next()) {
        out.trips_today = switched.integer(0);
        out.restores_today = switched.integer(1);
    }
    return out;
}

std::vector<std::pair<MeterId, std::int64_t>> Reader::view_versions(ProjectId project) const {
    std::vector<std::pair<MeterId, std::int64_t>> out;
    Statement& row = ask(sql::meter_view_versions, project);
    while (row.next()) {
        out.emplace_back(MeterId{row.integer(0)}, row.integer(1));
    }
    return out;
}

}  // namespace mb::store
