#include "store/meter_list.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "store/columns.hpp"
#include "store/statements/read.hpp"

namespace mb::store {

namespace {

/// As far as ASCII goes: codes, letters of buildings.
std::string lower(std::string text) {
    for (char& c : text) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return text;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::int64_t number_of(const MeterListRows::State& state, MeterSort sort) {
    switch (sort) {
        case MeterSort::balance: return state.balance;
        case MeterSort::last_contact: return state.last_contact_at;
        default: return state.power_dw;
    }
}

template <class Row>
void each_row(Session& session, const Sql& sql, ProjectId project, Row&& take) {
    Statement& row = session.statement(sql);
    row.bind_integer(1, project.value);
    while (row.next()) {
        take(row);
    }
}

}  // namespace

void MeterListRows::put(const engine::ServicePoint& row) {
    places.insert_or_assign(row.id.value, Place{row.building, row.floor, row.room});
}

void MeterListRows::put(const engine::Meter& row) {
    meters.insert_or_assign(row.id.value,
                            Meter{row.service_point.value, row.link.address, !row.to});
}

void MeterListRows::put(const engine::Account& row) {
    accounts.insert_or_assign(row.id.value, row.name);
}

void MeterListRows::put(const engine::RelayRow& row) {
    positions.insert_or_assign(row.service_point.value, row.position);
}

void MeterListRows::put(const engine::MeterViewRow& row) {
    states.insert_or_assign(row.meter.value,
                            State{row.account.value, row.balance.fen, row.last_contact_at.us,
                                  row.power_dw.value_or(0), row.in_arrears, row.online});
}

MeterListRows read_meter_list(Session& session, ProjectId project) {
    MeterListRows out;
    each_row(session, sql::meter_list_places, project, [&](const Statement& row) {
        out.places[row.integer(0)] = {std::string(row.text(1)), std::string(row.text(2)),
                                      std::string(row.text(3))};
    });
    each_row(session, sql::meter_list_meters, project, [&](const Statement& row) {
        out.meters[row.integer(0)] = {row.integer(1), std::string(row.text(2)), true};
    });
    each_row(session, sql::meter_list_accounts, project,
             [&](const Statement& row) { out.accounts[row.integer(0)] = row.text(1); });
    each_row(session, sql::meter_list_positions, project,
             [&](const Statement& row) { RowReader(row, 1).get(out.positions[row.integer(0)]); });
    each_row(session, sql::meter_list_states, project, [&](const Statement& row) {
        out.states[row.integer(0)] = {row.integer(1), row.integer(2),      row.integer(3),
                                      row.integer(4), row.integer(5) != 0, row.integer(6) != 0};
    });
    return out;
}

MeterList::Meter& MeterList::meter(std::int64_t id) {
    Meter& out = meters_[id];
    out.id = MeterId{id};
    return out;
}

void MeterList::apply_places(MeterListRows& rows) {
    for (auto& [id, row] : rows.places) {
        Place& place = places_[id];
        place.searched = lower(row.building + ' ' + row.floor + ' ' + row.room);
        place.name = std::move(row);
        place.is_known = place.moved = true;
    }
    for (const auto& [id, position] : rows.positions) {
        places_[id].position = position;
    }
    for (auto& [id, name] : rows.accounts) {
        accounts_[id].searched = lower(std::move(name));
    }
}

void MeterList::apply_meters(MeterListRows& rows) {
    for (auto& [id, row] : rows.meters) {
        Meter& changed = meter(id);
        changed.point = row.point;
        changed.place = &places_[row.point];
        changed.code = lower(std::move(row.address));
        changed.is_known = row.in_place;
        changed.moved = true;
    }
    for (const auto& [id, state] : rows.states) {
        Meter& changed = meter(id);
        changed.state = state;
        changed.account = state.account != 0 ? &accounts_[state.account] : nullptr;
    }
}

void MeterList::apply(MeterListRows&& rows) {
    apply_places(rows);
    apply_meters(rows);
    if (!rows.places.empty() || !rows.meters.empty()) {
        reorder_all();
    }
}

template <class Before>
void MeterList::reorder(Order& order, Order moved, Before before) {
    std::erase_if(order, [](const Meter* one) { return one->moved || one->place->moved; });
    std::ranges::sort(moved, before);
    const auto middle = std::ssize(order);
    order.insert(order.end(), moved.begin(), moved.end());
    std::inplace_merge(order.begin(), order.begin() + middle, order.end(), before);
}

void MeterList::reorder_all() {
    Order moved;
    for (const auto& [id, one] : meters_) {
        if (one.is_known && one.place->is_known && (one.moved || one.place->moved)) {
            moved.push_back(&one);
        }
    }
    reorder(by_place_, moved, before_by_place);
    reorder(by_code_, std::move(moved), before_by_code);
    for (auto& [id, one] : meters_) {
        one.moved = false;
    }
    for (auto& [id, place] : places_) {
        place.moved = false;
    }
}

bool MeterList::before_by_place(const Meter* a, const Meter* b) {
    const auto key = [](const Meter* one) {
        const MeterListRows::Place& name = one->place->name;
        return std::tie(name.building, name.floor, name.room, one->point, one->id);
    };
    return key(a) < key(b);
}

bool MeterList::before_by_code(const Meter* a, const Meter* b) {
    return std::tie(a->code, a->id) < std::tie(b->code, b->id);
}

bool MeterList::narrowed_to(const Meter& meter, const MeterFilter& filter,
                            const std::string& text) {
    return (filter.building.empty() || meter.place->name.building == filter.building) &&
           (text.empty() || contains(meter.code, text) || contains(meter.place->searched, text) ||
            (meter.account != nullptr && contains(meter.account->searched, text)));
}

bool MeterList::passes(const Meter& meter, const MeterFilter& filter) {
    return (!filter.in_arrears || meter.state.in_arrears == *filter.in_arrears) &&
           (!filter.online || meter.state.online == *filter.online) &&
           (!filter.relay || meter.place->position == *filter.relay);
}

void MeterList::count(const Meter& meter, MeterCounts& counts) {
    ++counts.meters;
    counts.online += meter.state.online ? 1 : 0;
    counts.in_arrears += meter.state.in_arrears ? 1 : 0;
    counts.relay_closed += meter.place->position == Position::closed ? 1 : 0;
    counts.relay_open += meter.place->position == Position::open ? 1 : 0;
}

MeterListPage MeterList::page(const MeterFilter& filter) const {
    const std::string text = lower(filter.text);
    MeterListPage out;
    Order passing;
    for (const Meter* one : filter.sort == MeterSort::code ? by_code_ : by_place_) {
        count(*one, out.counts);
        if (narrowed_to(*one, filter, text)) {
            count(*one, out.listed);
            if (passes(*one, filter)) {
                passing.push_back(one);
            }
        }
    }
    out.total = std::ssize(passing);
    const std::int64_t begin =
        std::min(static_cast<std::int64_t>(filter.page - 1) * filter.page_size, out.total);
    const std::int64_t end = std::min(begin + filter.page_size, out.total);
    if (filter.sort == MeterSort::place || filter.sort == MeterSort::code) {
        if (filter.descending) {
            std::ranges::reverse(passing);
        }
    } else {
        const auto before = [&](const Meter* a, const Meter* b) {
            const std::int64_t of_a = number_of(a->state, filter.sort);
            const std::int64_t of_b = number_of(b->state, filter.sort);
            return of_a != of_b ? (filter.descending ? of_a > of_b : of_a < of_b) : a->id < b->id;
        };
        std::nth_element(passing.begin(), passing.begin() + begin, passing.end(), before);
        std::partial_sort(passing.begin() + begin, passing.begin() + end, passing.end(), before);
    }
    for (std::int64_t i = begin; i < end; ++i) {
        out.ids.push_back(passing[static_cast<std::size_t>(i)]->id);
    }
    return out;
}

}  // namespace mb::store
