#include "sim/meter/conversation.hpp"

#include <algorithm>

namespace mb::sim::meter {
namespace {

constexpr std::uint8_t from_meter = 0x80;
constexpr std::uint8_t error_reply = 0x40;
constexpr LocalUs broadcast_limit_us = 5 * minute_us;  // how far a broadcast may turn the clock

enum Function : std::uint8_t {
    security = 0x03,
    broadcast_clock = 0x08,
    read_data = 0x11,
    read_more = 0x12,
    ask_address = 0x13,
    write_data = 0x14,
    set_address = 0x15,
    freeze = 0x16,
    new_password = 0x18,
    clear_demand = 0x19,
    clear_meter = 0x1A,
    clear_events = 0x1B,
    relay_control = 0x1C,
};

std::optional<int> digit_pair(std::uint8_t byte) {
    const auto value = wire::get_bcd(ByteView(&byte, 1));
    return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
}

/// "ss mm hh DD MM YY" to clock microseconds; nothing when it is no date and time.
std::optional<LocalUs> clock_value(ByteView six) {
    std::array<int, 6> v{};
    for (std::size_t i = 0; i < 6; ++i) {
        const auto value = digit_pair(six[i]);
        if (!value) return std::nullopt;
        v[i] = *value;
    }
    if (v[0] > 59 || v[1] > 59 || v[2] > 23 || v[3] < 1 || v[3] > 31 || v[4] < 1 || v[4] > 12) {
        return std::nullopt;
    }
    const Stamp stamp{2000 + v[5], v[4], v[3], v[2], v[1], v[0], 0};
    const Stamp back = stamp_of(local_of(stamp));
    if (back.day != stamp.day) return std::nullopt;  // 31 November
    return local_of(stamp);
}

}  // namespace

std::optional<wire::Frame> Conversation::accept(Bytes data) const {
    return wire::Frame{meter_.address_, static_cast<std::uint8_t>(request_.control | from_meter),
                       std::move(data)};
}

std::optional<wire::Frame> Conversation::refuse(Bytes error) const {
    return wire::Frame{meter_.address_,
                       static_cast<std::uint8_t>(request_.control | from_meter | error_reply),
                       std::move(error)};
}

std::optional<wire::Frame> Conversation::answer(const wire::Frame& request) {
    request_ = request;
    if (request.control & from_meter) return std::nullopt;  // somebody's reply, or an echo
    if (request.address == wire::broadcast) {
        if (request.control == broadcast_clock) broadcast_time();
        if (request.control == freeze) freeze_now();
        return std::nullopt;
    }
    switch (request.control) {
        case read_data: return read();
        case read_more: return refuse(no_such_data);  // nothing of ours is longer than a frame
        case ask_address: return read_address();
        case write_data: return write();
        case freeze: return freeze_now();
        case new_password: return change_password();
        case relay_control: return control_relay();
        case clear_demand:
        case clear_meter:
        case clear_events: return refuse(not_authorised);
        case security: return refuse(Bytes{0x08, 0x00});  // SERR bit 3: not authenticated
        case broadcast_clock:
        case set_address:
            return std::nullopt;  // needs the broadcast address; needs the programming key
        default: return refuse(other_error);
    }
}

std::optional<wire::Frame> Conversation::read() {
    if (request_.data.size() < 4) return refuse(other_error);
    const std::uint32_t identifier = wire::get_identifier(request_.data);
    auto value = value_of(identifier);
    if (!value) return refuse(no_such_data);
    Bytes data;
    wire::put_identifier(data, identifier);
    data.insert(data.end(), value->begin(), value->end());
    return accept(std::move(data));
}

std::optional<wire::Frame> Conversation::read_address() const {
    if (!request_.data.empty()) return std::nullopt;
    return accept(Bytes(meter_.address_.begin(), meter_.address_.end()));
}

bool Conversation::authorised(ByteView p) const {
    const std::uint32_t password =
        p[1] | static_cast<std::uint32_t>(p[2]) << 8 | static_cast<std::uint32_t>(p[3]) << 16;
    return p[0] == meter_.config_.password_level && password == state_.password;
}

std::optional<wire::Frame> Conversation::write() {
    constexpr std::size_t head = 12;  // identifier, PA and password, operator code
    const ByteView data = request_.data;
    if (data.size() < head) return refuse(other_error);
    if (!authorised(data.subspan(4, 4))) return refuse(not_authorised);
    const ByteView value = data.subspan(head);
    const LocalUs now = meter_.clock();
    const std::int64_t day = date_of(now).days * day_us;
    std::optional<LocalUs> clock;
    switch (wire::get_identifier(data)) {
        case 0x04000101: {  // WW DD MM YY
            if (value.size() != 4) return refuse(other_error);
            const Bytes full{0, 0, 0, value[1], value[2], value[3]};
            clock = clock_value(full);
            if (clock) *clock += now - day;
            break;
        }
        case 0x04000102: {  // ss mm hh
            if (value.size() != 3) return refuse(other_error);
            const Bytes full{value[0], value[1], value[2], 0x01, 0x01, 0x00};
            clock = clock_value(full);
            if (clock) *clock = day + (*clock - date_of(*clock).days * day_us);
            break;
        }
        case 0x0400010C: {  // ss mm hh WW DD MM YY
            if (value.size() != 7) return refuse(other_error);
            const Bytes full{value[0], value[1], value[2], value[4], value[5], value[6]};
            clock = clock_value(full);
            break;
        }
        case 0x04001401: {
            const auto minutes = wire::get_bcd(value);
            if (value.size() != 2 || !minutes) return refuse(other_error);
            state_.pretrip_minutes = static_cast<std::int32_t>(*minutes);
            ++state_.programmings;
            return accept();
        }
        default:
            return value_of(wire::get_identifier(data)) ? refuse(not_authorised)
                                                        : refuse(no_such_data);
    }
    if (!clock) return refuse(other_error);
    meter_.set_clock(*clock);
    ++state_.programmings;
    return accept();
}

void Conversation::broadcast_time() {
    if (request_.data.size() != 6) return;
    const auto wanted = clock_value(request_.data);
    const LocalUs now = meter_.clock();
    const std::int32_t day = date_of(now).days;
    const std::int64_t into_day = now - day * day_us;
    if (!wanted || *wanted - now > broadcast_limit_us || now - *wanted > broadcast_limit_us) return;
    if (state_.broadcast_day == day) return;  // once a day
    if (into_day < broadcast_limit_us || into_day > day_us - broadcast_limit_us) return;
    meter_.set_clock(*wanted);
    state_.broadcast_day = day;
}

std::optional<wire::Frame> Conversation::freeze_now() {
    if (request_.data.size() != 4) return refuse(other_error);
    // Only "now"; the daily freeze at midnight is built in and cannot be moved.
    if (request_.data != Bytes{0x99, 0x99, 0x99, 0x99}) return refuse(other_error);
    state_.asked.insert(state_.asked.begin(), meter_.snapshot(meter_.clock()));
    if (state_.asked.size() > 3) state_.asked.resize(3);
    return accept();
}

std::optional<wire::Frame> Conversation::change_password() {
    const ByteView data = request_.data;
    if (data.size() != 12) return refuse(other_error);
    const ByteView fresh = data.subspan(8, 4);
    if (!authorised(data.subspan(4, 4)) || fresh[0] != meter_.config_.password_level) {
        return refuse(not_authorised);
    }
    if (!wire::get_bcd(fresh.subspan(1))) return refuse(other_error);
    state_.password = fresh[1] | static_cast<std::uint32_t>(fresh[2]) << 8 |
                      static_cast<std::uint32_t>(fresh[3]) << 16;
    ++state_.programmings;
    return accept(Bytes(fresh.begin(), fresh.end()));
}

std::optional<wire::Frame> Conversation::refuse_relay(std::uint8_t error,
                                                      std::uint16_t long_error) const {
    if (!meter_.config_.long_refusals) return refuse(error);
    return refuse(
        Bytes{static_cast<std::uint8_t>(long_error), static_cast<std::uint8_t>(long_error >> 8)});
}

std::optional<wire::Frame> Conversation::control_relay() {
    // Bits of the two-byte refusal: 2 password, 4 deadline, 5 trip refused by keep-power, 0 the
    // rest.
    const ByteView data = request_.data;
    if (data.size() != 16) return refuse_relay(other_error, 1U << 0);
    if (!authorised(data.first(4))) return refuse_relay(not_authorised, 1U << 2);
    const ByteView deadline = data.subspan(10, 6);
    const bool endless = deadline[5] == 0x99 || std::all_of(deadline.begin(), deadline.end(),
                                                            [](std::uint8_t b) { return b == 0; });
    if (!endless) {
        const auto until = clock_value(deadline);
        if (!until || meter_.clock() > *until) return refuse_relay(other_error, 1U << 4);
    }
    const std::uint8_t command = data[8];
    const bool trips = command == 0x1A || command == 0x1D || command == 0x1E;
    RelayState& relay = state_.relay;
    if (trips && relay.keep_power) return refuse_relay(other_error, 1U << 5);
    const std::uint32_t operator_code = wire::get_identifier(data.subspan(4, 4));
    switch (command) {
        case 0x1A: meter_.trip(Duration::minutes(state_.pretrip_minutes)); break;
        case 0x1B: meter_.permit(); break;
        case 0x1C: meter_.close(); break;
        case 0x1D:
        case 0x1E: {  // N2 counts minutes, or five of them
            const Duration away = Duration::minutes(command == 0x1D ? 1 : 5) * data[9];
            if (away.us == 0) return refuse_relay(other_error, 1U << 6);
            meter_.trip(Duration::minutes(state_.pretrip_minutes));
            relay.restore_at = std::max(relay.move_at, state_.at) + away;
            break;
        }
        case 0x2A: relay.alarm = true; break;
        case 0x2B: relay.alarm = false; break;
        case 0x3A: meter_.keep_power(); break;
        case 0x3B: relay.keep_power = false; break;
        default: return refuse_relay(other_error, 1U << 0);
    }
    relay.operator_code = operator_code;
    return accept();
}

}  // namespace mb::sim::meter
