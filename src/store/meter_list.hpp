// The list of meters of one project, held in memory: what it is searched, filtered, counted and
// sorted by, and nothing else. A page of it is a row of ids; their rows are read from the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "engine/effects.hpp"
#include "store/database.hpp"

namespace mb::store {

enum class MeterSort : std::uint8_t { place, code, balance, last_contact, power };
MB_ENUM(MeterSort, place, code, balance, last_contact, power)

struct MeterFilter {
    std::string text = {};      // part of code, place or account name; any case
    std::string building = {};  // exactly
    std::optional<bool> in_arrears = {};
    std::optional<bool> online = {};
    std::optional<rules::relay::Position> relay = {};
    MeterSort sort = MeterSort::place;
    bool descending = false;
    std::int32_t page = 1;
    std::int32_t page_size = 50;  // at most 500
};

struct MeterCounts {
    std::int64_t meters = 0;
    std::int64_t online = 0;
    std::int64_t relay_closed = 0;
    std::int64_t relay_open = 0;
    std::int64_t in_arrears = 0;

    bool operator==(const MeterCounts&) const = default;
};

struct MeterListPage {
    std::vector<MeterId> ids;
    std::int64_t total = 0;  // that the filter lets through
    MeterCounts counts;      // of the whole project
    MeterCounts listed;      // under text and building only

    bool operator==(const MeterListPage&) const = default;
};

/// The parts of rows that a list shows, by id: the last of each that was put. A row that is not
/// there yet may come later, in any order.
struct MeterListRows {
    struct Place {
        std::string building;
        std::string floor;
        std::string room;
    };
    struct Meter {
        std::int64_t point = 0;
        std::string address;
        bool in_place = false;  // not taken down
    };
    struct State {  // of a meter
        std::int64_t account = 0;
        std::int64_t balance = 0;
        std::int64_t last_contact_at = 0;
        std::int64_t power_dw = 0;
        bool in_arrears = false;
        bool online = false;
    };

    void put(const engine::ServicePoint& row);
    void put(const engine::Meter& row);
    void put(const engine::Account& row);
    void put(const engine::RelayRow& row);
    void put(const engine::MeterViewRow& row);

    std::unordered_map<std::int64_t, Place> places;
    std::unordered_map<std::int64_t, Meter> meters;
    std::unordered_map<std::int64_t, std::string> accounts;              // name
    std::unordered_map<std::int64_t, rules::relay::Position> positions;  // by service point
    std::unordered_map<std::int64_t, State> states;
};

/// All that the store holds of a project, as the session sees it. Throws StoreUnavailable,
/// StoreCorrupt.
MeterListRows read_meter_list(Session& session, ProjectId project);

/// Not thread-safe.
class MeterList {
public:
    /// Rows that are new or changed.
    void apply(MeterListRows&& rows);
    /// Meters in place. By place: building, floor, room, service point, meter; by code: address,
    /// meter; else the number, then the meter upwards. Without a state known a meter is off line
    /// and not in arrears, and its numbers are 0.
    [[nodiscard]] MeterListPage page(const MeterFilter& filter) const;

private:
    using Position = rules::relay::Position;
    struct Place {
        MeterListRows::Place name;
        std::string searched;
        Position position = Position::unknown;
        bool is_known = false;
        bool moved = false;
    };
    struct Account {
        std::string searched;
    };
    struct Meter {
        MeterId id;
        std::int64_t point = 0;
        const Place* place = nullptr;
        const Account* account = nullptr;
        std::string code;  // the address, lower case
        MeterListRows::State state;
        bool is_known = false;
        bool moved = false;
    };
    using Order = std::vector<const Meter*>;

    static bool before_by_place(const Meter* a, const Meter* b);
    static bool before_by_code(const Meter* a, const Meter* b);
    static bool narrowed_to(const Meter& meter, const MeterFilter& filter, const std::string& text);
    static bool passes(const Meter& meter, const MeterFilter& filter);
    static void count(const Meter& meter, MeterCounts& counts);
    /// Takes out what moved or went, and brings `moved` in.
    template <class Before>
    static void reorder(Order& order, Order moved, Before before);

    Meter& meter(std::int64_t id);
    void apply_places(MeterListRows& rows);
    void apply_meters(MeterListRows& rows);
    void reorder_all();

    // Nodes stay where they are: meters point at places and accounts, the orders at meters.
    std::unordered_map<std::int64_t, Place> places_;
    std::unordered_map<std::int64_t, Account> accounts_;
    std::unordered_map<std::int64_t, Meter> meters_;
    Order by_place_;
    Order by_code_;
};

}  // namespace mb::store
