// The data identifiers a meter knows (reference/protocols.md §1.5, §1.6).
#include "sim/meter/conversation.hpp"

#include "base/integer.hpp"

#include <algorithm>

namespace mb::sim::meter {
namespace {

constexpr std::int64_t units_per_hundredth = 100;  // a register shows 0.01 kWh

// DI2 of the instantaneous values.
constexpr std::uint8_t voltage = 1;
constexpr std::uint8_t current = 2;
constexpr std::uint8_t active = 3;
constexpr std::uint8_t reactive = 4;
constexpr std::uint8_t apparent = 5;
constexpr std::uint8_t power_factor = 6;

/// Whole square root.
int root_of(std::int64_t square) {
    int root = 0;
    while (static_cast<std::int64_t>(root + 1) * (root + 1) <= square) ++root;
    return root;
}

std::uint8_t byte_of(std::uint32_t identifier, int number) {  // 3: DI3
    return static_cast<std::uint8_t>(identifier >> (8 * number));
}

void put_absent(Bytes& out, int bytes) {
    out.insert(out.end(), static_cast<std::size_t>(bytes), 0xFF);
}

void put_time(Bytes& out, const Stamp& t) {
    for (const int part : {t.second, t.minute, t.hour}) wire::put_bcd(out, part, 1);
}

void put_date(Bytes& out, const Stamp& t, bool with_weekday) {
    if (with_weekday) wire::put_bcd(out, t.weekday, 1);
    for (const int part : {t.day, t.month, t.year % 100}) wire::put_bcd(out, part, 1);
}

}  // namespace

std::optional<Bytes> Conversation::value_of(std::uint32_t identifier) {
    switch (byte_of(identifier, 3)) {
        case 0x00: return byte_of(identifier, 2) == 0x90 ? std::nullopt : energy(identifier);
        case 0x02: return instantaneous(identifier);
        case 0x03: {
            Bytes out;
            if (identifier == 0x03300000) return wire::put_bcd(out, state_.programmings, 3), out;
            if (identifier == 0x03110000) return wire::put_bcd(out, state_.power_failures, 3), out;
            return std::nullopt;
        }
        case 0x04: return parameter(identifier);
        case 0x05: return frozen(identifier);
        case 0x1D:
        case 0x1E: return relay_event(identifier);
        default: return std::nullopt;
    }
}

void Conversation::put_register(Bytes& out, std::int64_t units) const {
    const std::int64_t modulus = pow10(meter_.config_.digits) * 100;  // in 0.01 kWh
    wire::put_bcd(out, units / units_per_hundredth % modulus, 4);
}

std::optional<Bytes> Conversation::energy(std::uint32_t identifier) {
    const std::uint8_t kind = byte_of(identifier, 2);
    const std::uint8_t tariff = byte_of(identifier, 1);
    // 00 combined and 01 forward are the same here, nothing flows backwards (02); no past
    // settlements.
    if (kind > 2 || byte_of(identifier, 0) != 0) return std::nullopt;
    if (tariff > bands && tariff != 0xFF) return std::nullopt;
    bool zero = kind == 2;
    if (state_.faults.momentary_zero != 0) {
        zero = true;
        if (state_.faults.momentary_zero > 0) --state_.faults.momentary_zero;
    }
    const Freeze now = meter_.snapshot(0);
    Bytes out;
    for (std::size_t i = 0; i <= bands; ++i) {
        if (tariff == 0xFF || tariff == i) put_register(out, zero ? 0 : now.units[i]);
    }
    return out;
}

std::optional<Bytes> Conversation::instantaneous(std::uint32_t identifier) const {
    Bytes out;
    switch (identifier) {
        case 0x02800002: wire::put_bcd(out, 5000, 2); return out;  // 50.00 Hz
        case 0x02800003: wire::put_signed_bcd(out, meter_.power_mw() / 100'000, 3); return out;
        case 0x02800007: wire::put_signed_bcd(out, 250, 2); return out;  // 25.0 °C
        case 0x02800008: wire::put_bcd(out, 360, 2); return out;         // 3.60 V
        default: break;
    }
    const std::uint8_t kind = byte_of(identifier, 2);
    const int part = byte_of(identifier, 1);
    if (kind < voltage || kind > power_factor || byte_of(identifier, 0) != 0) return std::nullopt;
    const int phases = meter_.config_.phases;
    const int first = kind == voltage || kind == current ? 1 : 0;  // powers have a total
    if (part == 0xFF) {
        for (int phase = first; phase <= 3; ++phase) put_quantity(out, kind, phase);
        return out;
    }
    if (part < first || part > phases) return std::nullopt;
    put_quantity(out, kind, part);
    return out;
}

void Conversation::put_quantity(Bytes& out, std::uint8_t kind, int phase) const {
    const bool short_form = kind == voltage || kind == power_factor;
    const int phases = meter_.config_.phases;
    if (phase > phases) return put_absent(out, short_form ? 2 : 3);
    const std::int64_t voltage_dv = meter_.load_.voltage_dv(meter_.true_local(state_.at));
    const std::int64_t pf_milli = meter_.load_.spec().power_factor_milli;
    const std::int64_t power_mw = meter_.power_mw() / (phase == 0 ? 1 : phases);
    const std::int64_t apparent_mva = power_mw * 1000 / pf_milli;
    switch (kind) {
        case voltage: return wire::put_bcd(out, voltage_dv, 2);
        case current: return wire::put_signed_bcd(out, apparent_mva * 10 / voltage_dv, 3);  // mA
        case active: return wire::put_signed_bcd(out, power_mw / 100, 3);
        case reactive: {
            const int sine_milli = root_of(1'000'000 - pf_milli * pf_milli);
            return wire::put_signed_bcd(out, apparent_mva * sine_milli / 100'000, 3);
        }
        case apparent: return wire::put_signed_bcd(out, apparent_mva / 100, 3);
        default: return wire::put_signed_bcd(out, power_mw == 0 ? 1000 : pf_milli, 2);
    }
}

std::optional<Bytes> Conversation::parameter(std::uint32_t identifier) const {
    const Stamp now = stamp_of(meter_.clock());
    Bytes out;
    switch (identifier) {
        case 0x04000101: put_date(out, now, true); return out;
        case 0x04000102: put_time(out, now); return out;
        case 0x0400010C:
            put_time(out, now);
            put_date(out, now, true);
            return out;
        case 0x04000203:
            wire::put_bcd(out, static_cast<std::int64_t>(meter_.config_.day_table.size()), 1);
            return out;
        case 0x04000204: wire::put_bcd(out, bands, 1); return out;
        case 0x04000401:
        case 0x04000402: return Bytes(meter_.address_.begin(), meter_.address_.end());
        case 0x04000409: wire::put_bcd(out, 1200, 3); return out;  // pulses a kWh
        case 0x04001401: wire::put_bcd(out, state_.pretrip_minutes, 2); return out;
        case 0x04010001:  // day table 1: NN mm hh each
            for (const DaySwitch& s : meter_.config_.day_table) {
                wire::put_bcd(out, s.band, 1);
                wire::put_bcd(out, s.minute % 60, 1);
                wire::put_bcd(out, s.minute / 60, 1);
            }
            return out;
        case 0x040005FF:
            for (int number = 1; number <= 7; ++number) {
                const auto word = status_word(number);
                out.insert(out.end(), word->begin(), word->end());
            }
            return out;
        default: break;
    }
    if (identifier >> 8 == 0x040005) return status_word(byte_of(identifier, 0));
    return std::nullopt;
}

std::optional<Bytes> Conversation::status_word(int number) const {
    if (number < 1 || number > 7) return std::nullopt;
    std::uint32_t word = 0;
    const auto bit = [&](int position, bool on) { word |= on ? 1U << position : 0U; };
    if (number == 1) {
        const std::int64_t error = meter_.clock_error().us;
        bit(15, error > day_us || error < -day_us);  // clock error: the chip has lost its time
    }
    if (number == 3) {
        const RelayState& r = state_.relay;
        const bool blind = state_.faults.status_follows_command;
        bit(4, blind ? r.commanded_open : r.open);
        bit(6, r.commanded_open);
        bit(7, r.pretrip_until > state_.at);
        bit(12, r.keep_power);
    }
    return Bytes{static_cast<std::uint8_t>(word), static_cast<std::uint8_t>(word >> 8)};
}

std::optional<Bytes> Conversation::frozen(std::uint32_t identifier) const {
    const std::uint8_t kind = byte_of(identifier, 2);
    const std::uint8_t part = byte_of(identifier, 1);  // 00 time, 01 forward, 02 reverse
    const std::size_t back = byte_of(identifier, 0);
    if ((kind != 0x06 && kind != 0x01) || part > 2 || back == 0) return std::nullopt;
    const std::vector<Freeze>& list = kind == 0x06 ? state_.daily : state_.asked;
    if (back > (kind == 0x06 ? freezes_max : 3)) return std::nullopt;
    Bytes out;
    if (back > list.size()) {
        put_absent(out, part == 0 ? 5 : 4 * (static_cast<int>(bands) + 1));
        return out;
    }
    const Freeze& freeze = list[back - 1];
    if (part == 0) {
        const Stamp t = stamp_of(freeze.stamp);
        for (const int v : {t.minute, t.hour, t.day, t.month, t.year % 100})
            wire::put_bcd(out, v, 1);
        return out;
    }
    for (const std::int64_t units : freeze.units) put_register(out, part == 2 ? 0 : units);
    return out;
}

std::optional<Bytes> Conversation::relay_event(std::uint32_t identifier) const {
    const bool trip = byte_of(identifier, 3) == 0x1D;
    const std::uint8_t part = byte_of(identifier, 1);
    const std::size_t back = byte_of(identifier, 0);
    Bytes out;
    if (byte_of(identifier, 2) != 0) return std::nullopt;
    if (part == 0 && back == 1) {
        wire::put_bcd(out, trip ? state_.trip_count : state_.close_count, 3);
        return out;
    }
    if ((part != 1 && part != 2) || back == 0 || back > 10) return std::nullopt;
    const std::vector<RelayEvent>& list = trip ? state_.trips : state_.closes;
    if (back > list.size()) {
        put_absent(out, part == 1 ? 6 : 4);
        return out;
    }
    const RelayEvent& event = list[back - 1];
    if (part == 2) {
        wire::put_identifier(out, event.operator_code);
        return out;
    }
    const Stamp t = stamp_of(event.stamp);
    put_time(out, t);
    put_date(out, t, false);
    return out;
}

}  // namespace mb::sim::meter
