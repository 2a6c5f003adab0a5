#include <string>

#include "base/check.hpp"
#include "codec/dlt645/reply.hpp"

namespace mb::codec::dlt645 {

namespace {

Error about(const ReadReply& reply, std::string_view code) {
    return error(std::string("dlt645.") + std::string(code)).with("id", reply.id.text());
}

/// The reply must carry `id` and exactly `size` bytes.
Result<void> expect(const ReadReply& reply, DataId id, std::size_t size) {
    if (reply.id != id) {
        return fail(about(reply, "other_data").with("expected", id.text()));
    }
    if (reply.value.size() != size) {
        return fail(about(reply, problem_name(Problem::bad_length)));
    }
    return {};
}

template <class T>
Result<std::optional<T>> field_result(const ReadReply& reply, const Field<T>& field) {
    if (!field.ok()) {
        return fail(about(reply, problem_name(field.problem)));
    }
    return field.value;
}

/// For values that must be there.
template <class T>
Result<T> present(const ReadReply& reply, const Field<T>& field) {
    const std::optional<T> value = TRY(field_result(reply, field));
    if (!value) {
        return fail(about(reply, problem_name(Problem::bad_time)));
    }
    return *value;
}

/// Energy in 10⁻² kWh → 10⁻⁴.
constexpr std::int64_t units_per_hundredth = 100;

}  // namespace

void EnergyRegisters::push_back(std::optional<Quantity> value) {
    CHECK(size_ < size_max);
    present_[size_] = value.has_value();
    values_[size_] = value.value_or(Quantity{});
    ++size_;
}

Result<EnergyRegisters> read_energy(const ReadReply& reply) {
    const Identifier* entry = find_identifier(reply.id);
    const bool by_tariff = entry != nullptr && entry->naming == Naming::tariff;
    const bool is_energy = entry != nullptr && entry->format.bytes == 4 &&
                           entry->format.scale == 2 &&
                           (by_tariff || entry->naming == Naming::tariff_block);
    if (!is_energy || (by_tariff && reply.id.di(0) == 0xFF)) {
        return fail(about(reply, "other_data"));
    }
    constexpr std::size_t width = 4;
    const std::size_t count = reply.value.size() / width;
    const bool block = !by_tariff || reply.id.di(1) == 0xFF;
    if (reply.value.size() % width != 0 || count == 0 || count > EnergyRegisters::size_max ||
        (!block && count != 1)) {
        return fail(about(reply, problem_name(Problem::bad_length)));
    }
    EnergyRegisters out;
    for (int skipped = 0; !block && skipped < reply.id.di(1); ++skipped) {
        out.push_back(std::nullopt);
    }
    const Sign sign = entry->format.kind == Kind::signed_number ? Sign::top_bit : Sign::none;
    for (std::size_t i = 0; i < count; ++i) {
        const auto value =
            TRY(field_result(reply, decode_bcd(reply.value.subspan(i * width, width), sign)));
        out.push_back(value ? std::optional(Quantity{*value * units_per_hundredth}) : std::nullopt);
    }
    return out;
}

Result<std::optional<std::int64_t>> read_active_power(const ReadReply& reply) {
    TRY_VOID(expect(reply, data_id::active_power, 3));
    return field_result(reply, decode_bcd(reply.value, Sign::top_bit));
}

Result<LocalTime> read_clock(const ReadReply& reply) {
    TRY_VOID(expect(reply, data_id::clock, 7));
    // ss mm hh WW DD MM YY
    std::array<std::uint8_t, 6> without_weekday{};
    for (std::size_t i = 0; i < 6; ++i) {
        without_weekday[i] = reply.value[i < 3 ? i : i + 1];
    }
    return present(reply, decode_second(without_weekday));
}

Result<CivilDate> read_date(const ReadReply& reply) {
    TRY_VOID(expect(reply, data_id::date, 4));
    return present(reply, decode_date(reply.value.last(3)));
}

Result<std::int64_t> read_time_of_day(const ReadReply& reply) {
    TRY_VOID(expect(reply, data_id::time_of_day, 3));
    return present(reply, decode_time_of_day(reply.value));
}

Result<StatusWord3> read_status_word_3(const ReadReply& reply) {
    ByteView word = reply.value;
    if (reply.id == data_id::status_words && word.size() == 14) {
        word = word.subspan(4, 2);
    } else {
        TRY_VOID(expect(reply, data_id::status_word_3, 2));
    }
    if (word[0] == 0xFF && word[1] == 0xFF) {
        return fail(about(reply, "absent"));
    }
    return StatusWord3{static_cast<std::uint16_t>(word[0] | word[1] << 8)};
}

Result<std::optional<Money>> read_amount(const ReadReply& reply) {
    const DataId id = reply.id == data_id::overdraft_amount ? reply.id : data_id::remaining_amount;
    TRY_VOID(expect(reply, id, 4));
    const auto fen = TRY(field_result(reply, decode_bcd(reply.value)));
    return fen ? std::optional(Money{*fen}) : std::nullopt;
}

Result<std::optional<Number>> read_number(const ReadReply& reply) {
    const Identifier* entry = find_identifier(reply.id);
    const bool is_number = entry != nullptr && (entry->format.kind == Kind::number ||
                                                entry->format.kind == Kind::signed_number);
    if (!is_number) {
        return fail(about(reply, "other_data"));
    }
    if (reply.value.size() != entry->format.bytes) {
        return fail(about(reply, problem_name(Problem::bad_length)));
    }
    const Sign sign = entry->format.kind == Kind::signed_number ? Sign::top_bit : Sign::none;
    const auto units = TRY(field_result(reply, decode_bcd(reply.value, sign)));
    return units ? std::optional(Number{*units, entry->format.scale}) : std::nullopt;
}

}  // namespace mb::codec::dlt645
