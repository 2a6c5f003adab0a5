// Data identifiers (DI3 DI2 DI1 DI0): one table says what each means and how its bytes are read. To
// add one, add a line to identifiers.cpp (§1.5 of the protocol notes).
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace mb::codec::dlt645 {

/// Written as eight hex digits; low byte first on the wire.
struct DataId {
    std::uint32_t value = 0;

    /// From the four wire bytes (checked).
    static DataId from_wire(ByteView low_first);
    /// Eight hex digits. Errors: dlt645.data_id.
    static Result<DataId> parse(std::string_view text);
    /// DI0 … DI3, as the wire counts them.
    [[nodiscard]] constexpr std::uint8_t di(int index) const {
        return static_cast<std::uint8_t>(value >> (8 * index));
    }
    [[nodiscard]] std::array<std::uint8_t, 4> wire() const { return {di(0), di(1), di(2), di(3)}; }
    [[nodiscard]] std::string text() const;
    friend constexpr auto operator<=>(const DataId&, const DataId&) = default;
};

namespace data_id {
inline constexpr DataId combined_energy{0x00000000};
inline constexpr DataId forward_energy{0x00010000};
inline constexpr DataId forward_energy_block{0x0001FF00};  // total, T1 … Tn
inline constexpr DataId reverse_energy{0x00020000};
inline constexpr DataId voltage_block{0x0201FF00};
inline constexpr DataId current_block{0x0202FF00};
inline constexpr DataId active_power{0x02030000};
inline constexpr DataId date{0x04000101};
inline constexpr DataId time_of_day{0x04000102};
inline constexpr DataId clock{0x0400010C};
inline constexpr DataId status_word_3{0x04000503};
inline constexpr DataId status_words{0x040005FF};
inline constexpr DataId remaining_energy{0x00900100};
inline constexpr DataId overdraft_energy{0x00900101};
inline constexpr DataId remaining_amount{0x00900200};
inline constexpr DataId overdraft_amount{0x00900201};
inline constexpr DataId trip_count{0x1D000001};
inline constexpr DataId close_count{0x1E000001};
inline constexpr DataId last_daily_freeze_time{0x05060001};
inline constexpr DataId last_daily_freeze_forward{0x05060101};
}  // namespace data_id

/// How the bytes of one value are read.
enum class Kind : std::uint8_t {
    number,
    signed_number,
    demand,         // number, then when it occurred (YYMMDDhhmm)
    date,           // YYMMDDWW
    time_of_day,    // hhmmss
    clock,          // YYMMDDWWhhmmss
    minute,         // YYMMDDhhmm
    second,         // YYMMDDhhmmss
    day_hour,       // DDhh
    month_day_row,  // MMDDNN: from that day on, table NN
    time_row,       // hhmmNN: from that time on, tariff NN
    date_row,       // YYMMDDNN: on that day, table NN
    digits,         // BCD as text, leading zeros kept
    code,           // hex as text: operator, data identifier
    ascii,
    status_word,
    password,  // level and password; only the level is shown
};

struct Format {
    Kind kind = Kind::number;
    std::uint8_t bytes = 0;  // of one value
    std::uint8_t scale = 0;  // decimal places
};

/// How the values behind one identifier are named.
enum class Naming : std::uint8_t {
    value,          // one, "value"
    tariff,         // by DI1: total, t1 … t63; FF: all of them, as many as there are bytes
    tariff_block,   // total, t1 … tn by the length alone
    tariff_by_di0,  // t1 … by DI0; FF: all
    step_by_di0,    // step_1 … by DI0; FF: all
    phase,          // by DI1: a, b, c; FF: all
    total_phase,    // by DI1: total, a, b, c; FF: all
    rows,           // 1 … n by the length
    fields,         // the entry's own fields, in order
};

/// A part of a record; the name "time" makes it the item's time.
struct RecordField {
    std::string_view name;
    Format format;
    std::string_view unit;
};

struct Identifier {
    /// Eight characters: hex digits as written; tt a tariff (00–3F, FF), mm a settlement (00–0C,
    /// FF), other letters from g on any digit.
    std::string_view pattern;
    std::string_view name;  // stable, English
    std::string_view zh;
    Format format;
    std::string_view unit;
    Naming naming = Naming::value;
    std::span<const RecordField> fields{};

    [[nodiscard]] bool matches(DataId id) const;
};

/// The whole table; the first match counts.
std::span<const Identifier> identifiers();
/// Nothing for an identifier that is not in the table.
const Identifier* find_identifier(DataId id);

}  // namespace mb::codec::dlt645
