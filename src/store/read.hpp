// What the API shows, read from the store. A Reader is one moment: everything read through it
// belongs together. Every question names its project; what another project owns is not found.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/effects.hpp"
#include "store/database.hpp"
#include "store/meter_lists.hpp"

namespace mb::store {

/// A tariff version in force.
struct TariffName {
    std::string code;
    std::int32_t version = 0;  // 0: none in force
    std::string name;
};

/// A meter in its place. Members with id 0 are not there: no agreement, no reading yet.
struct MeterItem {
    engine::Meter meter;
    engine::ServicePoint place;
    engine::Account account;
    engine::Agreement agreement;
    engine::MeterViewRow view;
    engine::RelayRow relay;
    TariffName tariff;
    std::optional<engine::CommandRow> command;  // the open one of the relay
};

struct MeterPage {
    std::vector<MeterItem> items;
    std::int64_t total = 0;  // that the filter lets through
    MeterCounts counts;      // of the whole project
    MeterCounts listed;      // under text and building only
};

struct ProjectSummary {
    MeterCounts counts;
    Quantity energy_today;
    Money receipts_today;
    std::int64_t trips_today = 0;
    std::int64_t restores_today = 0;
};

struct OrderItem {
    engine::OrderRow order;
    engine::ServicePoint place;
    MeterId meter;  // that hangs there, 0 = none
};

struct OrderFilter {
    std::optional<engine::OrderState> state = {};
    std::string text = {};  // part of the order number
    std::int32_t page = 1;
    std::int32_t page_size = 50;
};

struct OrderPage {
    std::vector<OrderItem> items;
    std::int64_t total = 0;
};

/// Lists go on behind the last item seen; the default starts with the newest.
struct OrderCursor {
    Instant created_at{std::numeric_limits<std::int64_t>::max()};
    std::string no = {};
};
constexpr std::int64_t from_newest = std::numeric_limits<std::int64_t>::max();

class Reader {
public:
    /// Waits when all read connections are lent. Methods throw StoreUnavailable, StoreCorrupt.
    explicit Reader(Database& database) : session_(database.read()) {}
    /// With the lists that the same store keeps, which make pages and counts of meters quick; they
    /// may be newer than this moment by what is being committed.
    Reader(Database& database, MeterLists& lists)
        : lists_(&lists), era_(lists.era()), session_(database.read()) {}

    [[nodiscard]] std::optional<engine::ProjectConfig> project(ProjectId project) const;
    /// The calendar day and its first instant, in the project's zone.
    struct Day {
        CivilDate on;
        Instant from;
    };
    [[nodiscard]] Day day_of(ProjectId project, Instant at) const;

    /// `business_now` chooses the tariff in force and what is today.
    [[nodiscard]] MeterPage meters(ProjectId project, const MeterFilter& filter,
                                   Instant business_now) const;
    /// All in place, without what is around them.
    [[nodiscard]] std::vector<std::pair<MeterId, ServicePointId>> meters_in_place(
        ProjectId project) const;
    [[nodiscard]] std::optional<MeterItem> meter(ProjectId project, MeterId id,
                                                 Instant business_now) const;
    /// Readings of a day in the order they came in; charged, held and excluded.
    [[nodiscard]] std::vector<rules::metering::DayReading> day(ProjectId project, MeterId meter,
                                                               CivilDate on) const;
    /// Days [from, to) of a meter, all their parts, oldest first.
    [[nodiscard]] std::vector<engine::DayRow> days(ProjectId project, MeterId meter, CivilDate from,
                                                   CivilDate to) const;
    /// All lines of an agreement as they were last written, by id.
    [[nodiscard]] std::vector<rules::billing::BillLine> bill_lines(ProjectId project,
                                                                   AgreementId agreement) const;
    /// Ids below `before`, newest first; `limit` at most 500.
    [[nodiscard]] std::vector<engine::AdjustmentRow> adjustments_of(ProjectId project,
                                                                    AgreementId agreement,
                                                                    std::int64_t before,
                                                                    std::int32_t limit) const;
    [[nodiscard]] std::vector<engine::AmendmentRow> amendments_of(ProjectId project,
                                                                  ServicePointId point,
                                                                  std::int64_t before,
                                                                  std::int32_t limit) const;
    [[nodiscard]] ProjectSummary summary(ProjectId project, Instant business_now) const;
    /// meter_view.version of every meter: it changes with each change of the row.
    [[nodiscard]] std::vector<std::pair<MeterId, std::int64_t>> view_versions(
        ProjectId project) const;

    [[nodiscard]] OrderPage orders(ProjectId project, const OrderFilter& filter) const;
    [[nodiscard]] std::optional<OrderItem> order(ProjectId project, const std::string& no) const;
    /// Newest first, as all lists below. `limit` at most 500.
    [[nodiscard]] std::vector<OrderItem> orders_of(ProjectId project, ServicePointId point,
                                                   const OrderCursor& after,
                                                   std::int32_t limit) const;
    [[nodiscard]] std::optional<engine::CommandRow> command(ProjectId project, CommandId id) const;
    /// Ids below `before`.
    [[nodiscard]] std::vector<engine::CommandRow> commands_of(ProjectId project,
                                                              ServicePointId point,
                                                              std::int64_t before,
                                                              std::int32_t limit) const;
    [[nodiscard]] std::vector<engine::TimelineRow> timeline_of(ProjectId project,
                                                               ServicePointId point,
                                                               std::int64_t before,
                                                               std::int32_t limit) const;
    [[nodiscard]] std::vector<engine::NoticeRow> notices(ProjectId project, std::int64_t before,
                                                         std::int32_t limit) const;
    [[nodiscard]] std::vector<engine::NoticeRow> notices_of(ProjectId project, ServicePointId point,
                                                            std::int64_t before,
                                                            std::int32_t limit) const;
    [[nodiscard]] std::vector<engine::AlarmRow> open_alarms(ProjectId project) const;

private:
    class Tariffs;

    [[nodiscard]] Statement& ask(const Sql& sql, ProjectId project) const;
    template <class T>
    [[nodiscard]] std::optional<T> one(const Sql& sql, ProjectId project, std::int64_t id) const;
    template <class T>
    [[nodiscard]] std::vector<T> below(const Sql& sql, ProjectId project, ServicePointId point,
                                       std::int64_t before, std::int32_t limit) const;
    [[nodiscard]] std::optional<MeterItem> item(ProjectId project, MeterId id,
                                                Tariffs& tariffs) const;
    [[nodiscard]] OrderItem with_place(ProjectId project, engine::OrderRow order) const;
    [[nodiscard]] std::vector<MeterItem> items(ProjectId project, const std::vector<MeterId>& ids,
                                               Instant business_now) const;
    [[nodiscard]] MeterListPage list_page(ProjectId project, const MeterFilter& filter) const;

    MeterLists* lists_ = nullptr;
    std::int64_t era_ = 0;  // of the lists, before the session began
    Lease session_;
};

}  // namespace mb::store
