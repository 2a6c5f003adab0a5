// Pages of the list of meters. Where an index stops early the page comes from it; else the few
// candidates that an index finds are filtered, counted and sorted here.
#include <algorithm>
#include <tuple>

#include "base/check.hpp"
#include "store/read.hpp"
#include "store/rows.hpp"
#include "store/statements/read.hpp"

namespace mb::store {

namespace {

constexpr std::int32_t page_size_max = 500;
int three_way(const std::optional<bool>& wanted) { return wanted ? (*wanted ? 1 : 0) : -1; }

std::int64_t offset_of(const MeterFilter& filter) {
    return static_cast<std::int64_t>(filter.page - 1) * filter.page_size;
}

/// Of arrears, contact and switch: how many are asked for.
int states_wanted(const MeterFilter& filter) {
    return int{filter.in_arrears.has_value()} + int{filter.online.has_value()} +
           int{filter.relay.has_value()};
}

/// How many are in the one state that is asked for.
std::int64_t total_of_state(const MeterFilter& filter, const MeterCounts& counts) {
    using rules::relay::Position;
    if (filter.in_arrears) {
        return *filter.in_arrears ? counts.in_arrears : counts.meters - counts.in_arrears;
    }
    if (filter.online) {
        return *filter.online ? counts.online : counts.meters - counts.online;
    }
    switch (filter.relay.value_or(Position::unknown)) {
        case Position::closed: return counts.relay_closed;
        case Position::open: return counts.relay_open;
        default: return counts.meters - counts.relay_closed - counts.relay_open;
    }
}

/// Where candidates come from: all meters that may pass the filter, and how many there may be.
struct Source {
    const Sql* sql = &sql::listed_all;
    std::int64_t most = 0;
    std::string parameter = {};  // $2; "" = has none
};

Source source_of(const MeterFilter& filter, const MeterCounts& counts) {
    if (!filter.text.empty()) {
        return {&sql::listed_of_text, 0, like_pattern(filter.text)};
    }
    if (!filter.building.empty()) {
        return {&sql::listed_of_building, 0, filter.building};
    }
    Source out{&sql::listed_all, counts.meters};
    const auto offer = [&](const Sql& sql, std::int64_t most, std::string parameter) {
        if (most < out.most) {
            out = {&sql, most, std::move(parameter)};
        }
    };
    if (filter.in_arrears.value_or(false)) {
        offer(sql::listed_in_arrears, counts.in_arrears, "");
    }
    if (!filter.online.value_or(true)) {
        offer(sql::listed_lost, counts.meters - counts.online, "");
    }
    using rules::relay::Position;
    if (filter.relay && *filter.relay != Position::unknown) {  // of which some have no row
        offer(sql::listed_at_position,
              *filter.relay == Position::closed ? counts.relay_closed : counts.relay_open,
              std::string(enum_text(*filter.relay)));
    }
    return out;
}

/// Whether going from place to place finds the page sooner than looking at all candidates. Should
/// those that pass all stand last, it costs as much as the whole list: never for a few.
bool walk_is_shorter(const MeterFilter& filter, std::int64_t candidates, std::int64_t passing,
                     std::int64_t meters) {
    const std::int64_t steps =
        (offset_of(filter) + filter.page_size) * meters / std::max<std::int64_t>(1, passing);
    return candidates > meters / 8 && steps < candidates;
}

struct Listed {
    MeterId meter;
    std::int64_t point = 0;
    std::string building;
    std::string floor;
    std::string room;
    std::string address;
    std::int64_t balance = 0;
    bool in_arrears = false;
    bool online = false;
    std::int64_t last_contact_at = 0;
    std::int64_t power_dw = 0;
    rules::relay::Position position = rules::relay::Position::unknown;
};

Listed read_listed(Statement& row) {
    const auto position = enum_value<rules::relay::Position>(row.text(11));
    if (!position) {
        throw writer::StoreCorrupt("store: relay_state: position " + std::string(row.text(11)));
    }
    return {MeterId{row.integer(0)},  row.integer(1),           std::string(row.text(2)),
            std::string(row.text(3)), std::string(row.text(4)), std::string(row.text(5)),
            row.integer(6),           row.integer(7) != 0,      row.integer(8) != 0,
            row.integer(9),           row.integer(10),          *position};
}

MeterCounts counts_of(const std::vector<Listed>& listed) {
    using rules::relay::Position;
    MeterCounts out;
    for (const Listed& one : listed) {
        ++out.meters;
        out.online += one.online ? 1 : 0;
        out.in_arrears += one.in_arrears ? 1 : 0;
        out.relay_closed += one.position == Position::closed ? 1 : 0;
        out.relay_open += one.position == Position::open ? 1 : 0;
    }
    return out;
}

bool passes(const Listed& one, const MeterFilter& filter) {
    return (!filter.in_arrears || one.in_arrears == *filter.in_arrears) &&
           (!filter.online || one.online == *filter.online) &&
           (!filter.relay || one.position == *filter.relay);
}

std::int64_t number_of(const Listed& one, MeterSort sort) {
    switch (sort) {
        case MeterSort::balance: return one.balance;
        case MeterSort::last_contact: return one.last_contact_at;
        default: return one.power_dw;
    }
}

bool goes_before(const Listed& a, const Listed& b, const MeterFilter& filter) {
    switch (filter.sort) {
        case MeterSort::place:
            return std::tie(a.building, a.floor, a.room, a.point, a.meter) <
                   std::tie(b.building, b.floor, b.room, b.point, b.meter);
        case MeterSort::code: return std::tie(a.address, a.meter) < std::tie(b.address, b.meter);
        default: break;
    }
    const std::int64_t of_a = number_of(a, filter.sort);
    const std::int64_t of_b = number_of(b, filter.sort);
    if (of_a != of_b) {
        return filter.descending ? of_a > of_b : of_a < of_b;
    }
    return a.meter < b.meter;
}

std::vector<MeterId> page_of(std::vector<Listed>& listed, const MeterFilter& filter) {
    const std::int64_t begin = std::min(offset_of(filter), std::ssize(listed));
    const std::int64_t end = std::min(begin + filter.page_size, std::ssize(listed));
    std::partial_sort(listed.begin(), listed.begin() + end, listed.end(),
                      [&](const Listed& a, const Listed& b) { return goes_before(a, b, filter); });
    std::vector<MeterId> out;
    for (std::int64_t i = begin; i < end; ++i) {
        out.push_back(listed[static_cast<std::size_t>(i)].meter);
    }
    return out;
}

std::vector<MeterId> ids_of(Statement& row) {
    std::vector<MeterId> out;
    while (row.next()) {
        out.push_back(MeterId{row.integer(0)});
    }
    return out;
}

}  // namespace

std::string like_pattern(std::string_view text) {
    if (text.empty()) {
        return {};
    }
    std::string out = "%";
    for (const char c : text) {
        if (c == '%' || c == '_' || c == '!') {
            out += '!';
        }
        out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out + "%";
}

/// Of all `total` meters by place, from the end that is nearer.
std::vector<MeterId> Reader::place_page(ProjectId project, const MeterFilter& filter,
                                        std::int64_t total) const {
    const std::int64_t begin = std::min(offset_of(filter), total);
    const std::int64_t end = std::min(begin + filter.page_size, total);
    const bool back = begin > total - end;
    Statement& row = ask(back ? sql::meter_page_plain_back : sql::meter_page_plain, project);
    row.bind_integer(2, end - begin);
    row.bind_integer(3, back ? total - end : begin);
    std::vector<MeterId> out = ids_of(row);
    if (back) {
        std::ranges::reverse(out);
    }
    return out;
}

/// Of all meters, in the order asked for.
std::vector<MeterId> Reader::plain_page(ProjectId project, const MeterFilter& filter,
                                        std::int64_t total) const {
    if (filter.sort == MeterSort::place) {
        return place_page(project, filter, total);
    }
    if (filter.sort == MeterSort::code) {
        Statement& row = ask(sql::meter_page_by_code, project);
        row.bind_integer(2, filter.page_size);
        row.bind_integer(3, offset_of(filter));
        return ids_of(row);
    }
    const int by = filter.sort == MeterSort::balance        ? 1
                   : filter.sort == MeterSort::last_contact ? 2
                                                            : 3;
    Statement& row = ask(sql::meter_page_by_number, project);
    row.bind_integer(2, by);
    row.bind_integer(3, filter.descending ? -1 : 1);
    row.bind_integer(4, filter.page_size);
    row.bind_integer(5, offset_of(filter));
    return ids_of(row);
}

/// Of those in one state, by place.
std::vector<MeterId> Reader::walked_page(ProjectId project, const MeterFilter& filter) const {
    Statement& row = ask(sql::meter_page_walk, project);
    row.bind_integer(2, three_way(filter.in_arrears));
    row.bind_integer(3, three_way(filter.online));
    row.bind_text(4, filter.relay ? enum_text(*filter.relay) : "");
    row.bind_integer(5, filter.page_size);
    row.bind_integer(6, offset_of(filter));
    return ids_of(row);
}

std::vector<MeterId> Reader::page_ids(ProjectId project, const MeterFilter& filter,
                                      MeterPage& page) const {
    page.listed = page.counts;
    page.total = page.counts.meters;
    const bool narrowed = !filter.text.empty() || !filter.building.empty();
    const int states = states_wanted(filter);
    if (!narrowed && states == 0) {
        return plain_page(project, filter, page.total);
    }
    const Source source = source_of(filter, page.counts);
    if (!narrowed && states == 1 && filter.sort == MeterSort::place) {
        page.total = total_of_state(filter, page.counts);
        if (walk_is_shorter(filter, source.most, page.total, page.counts.meters)) {
            return walked_page(project, filter);
        }
    }
    std::vector<Listed> listed;
    Statement& row = ask(*source.sql, project);
    if (!source.parameter.empty()) {
        row.bind_text(2, source.parameter);
    }
    while (row.next()) {
        listed.push_back(read_listed(row));
    }
    if (narrowed) {
        std::erase_if(listed, [&](const Listed& one) {
            return !filter.building.empty() && one.building != filter.building;
        });
        page.listed = counts_of(listed);
    }
    std::erase_if(listed, [&](const Listed& one) { return !passes(one, filter); });
    page.total = std::ssize(listed);
    return page_of(listed, filter);
}

MeterPage Reader::meters(ProjectId project, const MeterFilter& filter, Instant business_now) const {
    CHECK(filter.page >= 1 && filter.page_size >= 1 && filter.page_size <= page_size_max);
    MeterPage out;
    out.counts = counts(project);
    const auto ids = page_ids(project, filter, out);
    out.items = items(project, ids, business_now);
    return out;
}

MeterCounts Reader::counts(ProjectId project) const {
    const auto number = [&](const Sql& sql) {
        Statement& row = ask(sql, project);
        return row.next() ? row.integer(0) : 0;
    };
    MeterCounts out;
    out.meters = number(sql::meters_in_place);
    out.online = out.meters - number(sql::meters_lost);
    out.in_arrears = number(sql::meters_in_arrears);
    Statement& relays = ask(sql::relay_counts, project);
    if (relays.next()) {
        out.relay_closed = relays.integer(0);
        out.relay_open = relays.integer(1);
    }
    return out;
}

}  // namespace mb::store
