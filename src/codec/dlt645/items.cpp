#include "codec/dlt645/items.hpp"

#include <algorithm>
#include <array>

#include "codec/dlt645/status.hpp"

namespace mb::codec::dlt645 {

const Attribute* Item::find(std::string_view attribute) const {
    const auto found = std::ranges::find(attributes, attribute, &Attribute::name);
    return found == attributes.end() ? nullptr : &*found;
}

namespace {

constexpr std::uint8_t block = 0xFF;

std::string high_first_hex(ByteView low_first) {
    return hex(Bytes(low_first.rbegin(), low_first.rend()));
}

bool absent(ByteView bytes) {
    return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0xFF; });
}

Attribute::Fact fact_of(const std::optional<std::string>& text) {
    return text ? Attribute::Fact(*text) : Attribute::Fact();
}

// ---- names
// ---------------------------------------------------------------------------------------

std::string tariff_name(std::size_t index) {
    return index == 0 ? "total" : "t" + std::to_string(index);
}

std::string phase_name(std::size_t index) {
    static constexpr std::array<std::string_view, 4> names{"total", "a", "b", "c"};
    return index < names.size() ? std::string(names[index]) : "value_" + std::to_string(index);
}

/// DI0 is the settlement here: FF asks for the present and all past ones, tariff by tariff.
std::string settlement_name(DataId id, std::size_t index) {
    if (id.di(1) == block) {
        return "value_" + std::to_string(index + 1);  // which is which only the meter knows
    }
    const std::string base = tariff_name(id.di(1));
    return index == 0 ? base : base + "_last_" + std::to_string(index);
}

/// The index-th value of a block whose single values are counted from 1 by the byte `selector`.
std::size_t counted(std::uint8_t selector, std::size_t index) {
    return selector == block ? index + 1 : selector;
}

std::string value_name(const Identifier& entry, DataId id, std::size_t index) {
    switch (entry.naming) {
        case Naming::value:
        case Naming::fields: return "value";
        case Naming::tariff:
            if (id.di(0) == block) {
                return settlement_name(id, index);
            }
            return tariff_name(id.di(1) == block ? index : id.di(1));
        case Naming::tariff_block: return tariff_name(index);
        case Naming::tariff_by_di0: return tariff_name(counted(id.di(0), index));
        case Naming::step_by_di0: return "step_" + std::to_string(counted(id.di(0), index));
        case Naming::phase: return phase_name(counted(id.di(1), index));
        case Naming::total_phase: return phase_name(id.di(1) == block ? index : id.di(1));
        case Naming::rows: return std::to_string(index + 1);
    }
    return "value";
}

bool is_block(const Identifier& entry, DataId id) {
    switch (entry.naming) {
        case Naming::value:
        case Naming::fields: return id == data_id::status_words;
        case Naming::tariff: return id.di(1) == block || id.di(0) == block;
        case Naming::tariff_block:
        case Naming::rows: return true;
        case Naming::tariff_by_di0:
        case Naming::step_by_di0: return id.di(0) == block;
        case Naming::phase:
        case Naming::total_phase: return id.di(1) == block;
    }
    return false;
}

// ---- values
// --------------------------------------------------------------------------------------

/// A time as text, or why there is none.
struct TimeText {
    std::optional<std::string> text;
    Problem problem = Problem::none;
};

template <class T, class ToText>
TimeText time_text(const Field<T>& field, ToText to_text) {
    return {field.value ? std::optional<std::string>(to_text(*field.value)) : std::nullopt,
            field.problem};
}

bool is_time(Kind kind) {
    return kind == Kind::date || kind == Kind::time_of_day || kind == Kind::clock ||
           kind == Kind::minute || kind == Kind::second;
}

TimeText decode_time(Kind kind, ByteView bytes) {
    switch (kind) {
        case Kind::date:
            return time_text(decode_date(bytes.last(3)), [](CivilDate d) { return d.text(); });
        case Kind::time_of_day: return time_text(decode_time_of_day(bytes), time_of_day_text);
        case Kind::minute: return time_text(decode_minute(bytes), iso_text);
        case Kind::clock: {
            Bytes without_weekday(bytes.begin(), bytes.end());
            without_weekday.erase(without_weekday.begin() + 3);
            return time_text(decode_second(without_weekday), iso_text);
        }
        default: return time_text(decode_second(bytes), iso_text);
    }
}

void set_problem(Value& value, Problem problem, ByteView bytes) {
    value.problem = problem;
    value.text.reset();
    value.attributes.push_back({"raw", hex(bytes)});
}

void decode_number(Value& value, const Format& format, ByteView bytes) {
    const Sign sign = format.kind == Kind::number ? Sign::none : Sign::top_bit;
    const Field<std::int64_t> number = decode_bcd(bytes, sign);
    if (number.value) {
        value.text = Number{*number.value, format.scale}.text();
    }
    if (!number.ok()) {
        set_problem(value, number.problem, bytes);
    }
}

/// XX.XXXX and mm hh DD MM YY.
void decode_demand(Value& value, const Format& format, ByteView bytes) {
    decode_number(value, format, bytes.first(3));
    const TimeText at = decode_time(Kind::minute, bytes.last(5));
    value.attributes.push_back({"time", fact_of(at.text)});
    if (at.problem != Problem::none && value.problem == Problem::none) {
        value.problem = at.problem;
        value.attributes.push_back({"raw", hex(bytes)});
    }
}

/// A schedule row: table or tariff number in the lowest byte, above it when it begins.
void decode_row(Value& value, Kind kind, ByteView bytes) {
    decode_number(value, {Kind::number, 1, 0}, bytes.first(1));
    const ByteView from = bytes.subspan(1);
    if (absent(from)) {
        value.attributes.push_back({"from", std::monostate{}});
        return;
    }
    const std::string digits = high_first_hex(from);
    const bool decimal = digits.find_first_not_of("0123456789") == std::string::npos;
    std::string text =
        digits.substr(0, 2) + (kind == Kind::time_row ? ":" : "-") + digits.substr(2, 2);
    if (kind == Kind::date_row) {
        text = "20" + text + "-" + digits.substr(4, 2);
    }
    value.attributes.push_back({"from", decimal ? Attribute::Fact(text) : Attribute::Fact()});
    if (!decimal && value.problem == Problem::none) {
        set_problem(value, Problem::not_bcd, bytes);
    }
}

void decode_ascii(Value& value, ByteView bytes) {
    std::string text(bytes.rbegin(), bytes.rend());
    const std::size_t end = text.find_last_not_of(std::string(" \0", 2));
    text.resize(end == std::string::npos ? 0 : end + 1);
    const std::size_t start = text.find_first_not_of(std::string(" \0", 2));
    text.erase(0, start == std::string::npos ? 0 : start);
    const bool printable = std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
    if (printable) {
        value.text = text;
    } else {
        set_problem(value, Problem::not_text, bytes);
    }
}

void decode_digits(Value& value, Kind kind, ByteView bytes) {
    const std::string text = high_first_hex(bytes);
    if (kind == Kind::code || text.find_first_not_of("0123456789") == std::string::npos) {
        value.text = text;
    } else {
        set_problem(value, Problem::not_bcd, bytes);
    }
}

/// `bytes` has exactly the format's length. Times, status words and passwords are not values.
Value decode_value(const Format& format, std::string name, std::string_view unit, ByteView bytes) {
    Value out{std::move(name), std::nullopt, unit};
    if (format.kind != Kind::demand && absent(bytes)) {
        return out;
    }
    switch (format.kind) {
        case Kind::demand: decode_demand(out, format, bytes); break;
        case Kind::month_day_row:
        case Kind::time_row:
        case Kind::date_row: decode_row(out, format.kind, bytes); break;
        case Kind::ascii: decode_ascii(out, bytes); break;
        case Kind::digits:
        case Kind::code: decode_digits(out, format.kind, bytes); break;
        default: decode_number(out, format, bytes); break;
    }
    return out;
}

// ---- items
// ---------------------------------------------------------------------------------------

void spoil(Item& item, Problem problem, ByteView bytes) {
    item.problem = problem;
    item.attributes.push_back({"raw", hex(bytes)});
}

void add_time(Item& item, Kind kind, ByteView bytes) {
    const TimeText at = decode_time(kind, bytes);
    item.attributes.push_back({"time", fact_of(at.text)});
    const bool has_weekday = kind == Kind::date || kind == Kind::clock;
    const std::size_t weekday_at = kind == Kind::clock ? 3 : 0;
    if (has_weekday && bytes[weekday_at] <= 6) {
        item.attributes.push_back({"weekday", std::int64_t{bytes[weekday_at]}});
    }
    if (at.problem != Problem::none) {
        spoil(item, at.problem, bytes);
    }
}

void add_word(Item& item, int word, ByteView bytes) {
    StatusWord out{word, std::nullopt};
    const bool known = !absent(bytes);
    if (known) {
        out.raw = static_cast<std::uint16_t>(bytes[0] | bytes[1] << 8);
        for (const StatusBit& bit : status_bits(word)) {
            out.bits.emplace_back(bit.name, bit.in(*out.raw));
        }
    }
    if (word == 3) {
        using Fact = Attribute::Fact;
        const StatusWord3 relay{out.raw.value_or(0)};
        const auto fact = [&](std::string_view text) {
            return known ? Fact(std::string(text)) : Fact();
        };
        item.attributes.push_back({"relay_state", fact(relay.relay_open() ? "open" : "closed")});
        item.attributes.push_back({"supply", fact(supply_name(relay.supply()))});
        item.attributes.push_back({"prepaid", fact(prepaid_kind_name(relay.prepaid_kind()))});
    }
    item.words.push_back(std::move(out));
}

/// DDhh: two plain numbers.
void add_day_hour(Item& item, ByteView bytes) {
    const Format two_digits{Kind::number, 1, 0};
    item.values.push_back(decode_value(two_digits, "day", "day", bytes.last(1)));
    item.values.push_back(decode_value(two_digits, "hour", "h", bytes.first(1)));
}

void add_fields(Item& item, const Identifier& entry, ByteView value, Part part) {
    std::size_t at = 0;
    for (const RecordField& field : entry.fields) {
        if (at == value.size()) {
            break;  // makers leave the tail of a record out
        }
        if (value.size() - at < field.format.bytes) {
            break;
        }
        const ByteView bytes = value.subspan(at, field.format.bytes);
        at += field.format.bytes;
        if (!is_time(field.format.kind)) {
            item.values.push_back(
                decode_value(field.format, std::string(field.name), field.unit, bytes));
        } else if (field.name == "time") {
            add_time(item, field.format.kind, bytes);
        } else {
            const TimeText time = decode_time(field.format.kind, bytes);
            Value out{std::string(field.name), std::nullopt, "time", time.problem};
            out.attributes.push_back({"time", fact_of(time.text)});
            item.values.push_back(std::move(out));
        }
    }
    item.values.erase(
        item.values.begin(),
        item.values.begin() + static_cast<std::ptrdiff_t>(std::min(part.skip, item.values.size())));
    if (at != value.size() && !part.more) {
        spoil(item, Problem::bad_length, value);
    }
}

void add_single(Item& item, const Identifier& entry, ByteView value) {
    switch (entry.format.kind) {
        case Kind::status_word: add_word(item, item.id.di(0), value); return;
        case Kind::day_hour: add_day_hour(item, value); return;
        case Kind::password:
            item.attributes.push_back({"password_level", hex(value.first(1))});
            return;
        default: break;
    }
    if (is_time(entry.format.kind)) {
        add_time(item, entry.format.kind, value);
        return;
    }
    item.values.push_back(
        decode_value(entry.format, value_name(entry, item.id, 0), entry.unit, value));
}

void add_block(Item& item, const Identifier& entry, ByteView value, Part part) {
    const std::size_t width = entry.format.bytes;
    const bool words = entry.format.kind == Kind::status_word;
    const std::size_t count = value.size() / width;
    const bool whole = value.size() % width == 0 && count > 0 && (!words || count <= 7);
    if (!whole && !part.more) {
        spoil(item, Problem::bad_length, value);
        return;
    }
    for (std::size_t i = part.skip; i < count; ++i) {
        const ByteView bytes = value.subspan(i * width, width);
        if (words && i < 7) {
            add_word(item, static_cast<int>(i) + 1, bytes);
        } else if (!words) {
            item.values.push_back(
                decode_value(entry.format, value_name(entry, item.id, i), entry.unit, bytes));
        }
    }
}

std::string_view freeze_kind(std::uint8_t di2) {
    static constexpr std::array<std::string_view, 8> names{
        "timed",  "instant",      "zone_switch", "day_table_switch",
        "hourly", "price_switch", "daily",       "step_switch"};
    return di2 < names.size() ? names[di2] : "other";
}

}  // namespace

Item name_item(DataId id) {
    Item item{id};
    const Identifier* entry = find_identifier(id);
    if (entry == nullptr) {
        if (id.di(3) == 0x06) {
            item.name = "load_profile";
            item.zh = "负荷记录";
        }
        return item;
    }
    item.name = entry->name;
    item.zh = entry->zh;
    if (entry->pattern.starts_with("05")) {
        item.attributes.push_back({"freeze", std::string(freeze_kind(id.di(2)))});
    }
    const std::string_view low = entry->pattern.substr(6);
    if (low == "kk") {
        item.attributes.push_back({"index", std::int64_t{id.di(0)}});
    } else if (low == "mm" && id.di(0) != 0 && id.di(0) != block) {
        item.attributes.push_back({"settlement", std::int64_t{id.di(0)}});
    }
    return item;
}

Item decode_item(DataId id, ByteView value, Part part) {
    Item item = name_item(id);
    const Identifier* entry = find_identifier(id);
    if (entry == nullptr) {
        item.attributes.push_back({"raw", hex(value)});
    } else if (entry->naming == Naming::fields) {
        add_fields(item, *entry, value, part);
    } else if (is_block(*entry, id)) {
        add_block(item, *entry, value, part);
    } else if (value.size() == entry->format.bytes) {
        add_single(item, *entry, value);
    } else {
        item.attributes.push_back({"raw", hex(value)});
        item.problem = part.more ? Problem::none : Problem::bad_length;
    }
    return item;
}

}  // namespace mb::codec::dlt645
