// What stands behind a data identifier, as names, exact texts and units: for people, logs and the
// decode command. The platform's own readings go through the typed functions of reply.hpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "codec/dlt645/bcd.hpp"
#include "codec/dlt645/identifiers.hpp"

namespace mb::codec::dlt645 {

/// A named fact; monostate is "not available".
struct Attribute {
    using Fact = std::variant<std::monostate, bool, std::int64_t, std::string>;
    std::string_view name;
    Fact fact;
};

struct Value {
    std::string name;  // total, t1 …; a, b, c; 1, 2 …; value
    std::optional<std::string>
        text;  // exact decimal; digits or characters for the few that are no numbers
    std::string_view unit;
    Problem problem = Problem::none;      // then text is absent and the bytes are in `raw`
    std::vector<Attribute> attributes{};  // time (of a demand), from (of a schedule row), raw
};

struct StatusWord {
    int word = 0;  // 1–7
    std::optional<std::uint16_t> raw;
    std::vector<std::pair<std::string_view, bool>> bits{};
};

struct Item {
    DataId id;
    std::string_view name = "unknown";
    std::string_view zh = "未知数据标识";
    std::vector<Value> values{};
    std::vector<StatusWord> words{};
    /// time, weekday, settlement, freeze, index, relay_state, supply, prepaid, password_level, raw.
    std::vector<Attribute> attributes{};
    Problem problem = Problem::none;  // of the whole; `raw` has the bytes

    /// Nothing when there is no such attribute.
    [[nodiscard]] const Attribute* find(std::string_view attribute) const;
};

/// How much of a value is at hand.
struct Part {
    bool more = false;     // bytes are still to come: a cut value at the end is no error
    std::size_t skip = 0;  // values already shown
};

/// An item without values, as a request names it.
Item name_item(DataId id);
/// Never fails: what cannot be read has a problem and its raw bytes, in wire order.
Item decode_item(DataId id, ByteView value, Part part = {});

}  // namespace mb::codec::dlt645
