// Orders, commands, timelines, notices, alarms.
#include "base/check.hpp"
#include "store/read.hpp"
#include "store/rows.hpp"
#include "store/statements/read.hpp"

namespace mb::store {

namespace {

constexpr std::int32_t limit_max = 500;

std::int32_t checked(std::int32_t limit) {
    CHECK(limit >= 1 && limit <= limit_max);
    return limit;
}

std::vector<engine::OrderRow> all_orders(Statement& row) {
    std::vector<engine::OrderRow> out;
    while (row.next()) {
        out.push_back(read_row<engine::OrderRow>(row));
    }
    return out;
}

/// LIKE pattern (escape '!') for numbers that contain `text`, "" for ""; they are upper case.
std::string number_pattern(const std::string& text) {
    if (text.empty()) {
        return {};
    }
    std::string out = "%";
    for (const char c : text) {
        if (c == '%' || c == '_' || c == '!') {
            out += '!';
        }
        out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return out + "%";
}

}  // namespace

template <class T>
std::vector<T> Reader::below(const Sql& sql, ProjectId project, ServicePointId point,
                             std::int64_t before, std::int32_t limit) const {
    std::vector<T> out;
    Statement& row = ask(sql, project);
    row.bind_integer(2, point.value);
    row.bind_integer(3, before);
    row.bind_integer(4, checked(limit));
    while (row.next()) {
        out.push_back(read_row<T>(row));
    }
    return out;
}

OrderItem Reader::with_place(ProjectId project, engine::OrderRow order) const {
    OrderItem out;
    out.order = std::move(order);
    Statement& place = ask(sql::service_point_one, project);
    place.bind_integer(2, out.order.service_point.value);
    if (place.next()) {
        out.place = read_row<engine::ServicePoint>(place);
    }
    Statement& meter = ask(sql::meter_of_point, project);
    meter.bind_integer(2, out.order.service_point.value);
    if (meter.next()) {
        out.meter = MeterId{meter.integer(0)};
    }
    return out;
}

OrderPage Reader::orders(ProjectId project, const OrderFilter& filter) const {
    CHECK(filter.page >= 1);
    OrderPage out;
    const auto bind = [&](Statement& statement) -> Statement& {
        statement.bind_text(2, filter.state ? enum_text(*filter.state) : "");
        statement.bind_text(3, number_pattern(filter.text));
        return statement;
    };
    Statement& row = bind(ask(sql::orders_page, project));
    row.bind_integer(4, checked(filter.page_size));
    row.bind_integer(5, static_cast<std::int64_t>(filter.page - 1) * filter.page_size);
    for (engine::OrderRow& order : all_orders(row)) {
        out.items.push_back(with_place(project, std::move(order)));
    }
    Statement& total = bind(ask(sql::orders_total, project));
    out.total = total.next() ? total.integer(0) : 0;
    return out;
}

std::optional<OrderItem> Reader::order(ProjectId project, const std::string& no) const {
    Statement& row = ask(sql::orders_one, project);
    row.bind_text(2, no);
    if (!row.next()) {
        return std::nullopt;
    }
    return with_place(project, read_row<engine::OrderRow>(row));
}

std::vector<OrderItem> Reader::orders_of(ProjectId project, ServicePointId point,
                                         const OrderCursor& after, std::int32_t limit) const {
    Statement& row = ask(sql::orders_of_point, project);
    row.bind_integer(2, point.value);
    row.bind_integer(3, after.created_at.us);
    row.bind_text(4, after.no);
    row.bind_integer(5, checked(limit));
    std::vector<OrderItem> out;
    for (engine::OrderRow& order : all_orders(row)) {
        out.push_back(with_place(project, std::move(order)));
    }
    return out;
}

std::optional<engine::CommandRow> Reader::command(ProjectId project, CommandId id) const {
    Statement& row = ask(sql::command_one, project);
    row.bind_integer(2, id.value);
    if (!row.next()) {
        return std::nullopt;
    }
    return read_row<engine::CommandRow>(row);
}

std::vector<engine::CommandRow> Reader::commands_of(ProjectId project, ServicePointId point,
                                                    std::int64_t before, std::int32_t limit) const {
    return below<engine::CommandRow>(sql::command_of_point, project, point, before, limit);
}

std::vector<engine::TimelineRow> Reader::timeline_of(ProjectId project, ServicePointId point,
                                                     std::int64_t before,
                                                     std::int32_t limit) const {
    return below<engine::TimelineRow>(sql::timeline_of_point, project, point, before, limit);
}

std::vector<engine::NoticeRow> Reader::notices(ProjectId project, std::int64_t before,
                                               std::int32_t limit) const {
    std::vector<engine::NoticeRow> out;
    Statement& row = ask(sql::notice_newest, project);
    row.bind_integer(2, before);
    row.bind_integer(3, checked(limit));
    while (row.next()) {
        out.push_back(read_row<engine::NoticeRow>(row));
    }
    return out;
}

std::vector<engine::NoticeRow> Reader::notices_of(ProjectId project, ServicePointId point,
                                                  std::int64_t before, std::int32_t limit) const {
    return below<engine::NoticeRow>(sql::notice_of_point, project, point, before, limit);
}

std::vector<engine::AlarmRow> Reader::open_alarms(ProjectId project) const {
    std::vector<engine::AlarmRow> out;
    Statement& row = ask(sql::alarm_open, project);
    while (row.next()) {
        out.push_back(read_row<engine::AlarmRow>(row));
    }
    return out;
}

}  // namespace mb::store
