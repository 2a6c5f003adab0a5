#include "codec/dlt645/request.hpp"

#include "base/check.hpp"

namespace mb::codec::dlt645 {

namespace {

Bytes request(const Address& to, Function function, ByteView data, int preamble) {
    return Frame::make(to, static_cast<std::uint8_t>(function), data).encode(preamble);
}

void append(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

/// WW DD MM YY; WW 00 is Sunday.
std::array<std::uint8_t, 4> encode_date(CivilDate date) {
    const auto whole = encode_second({date, 0});
    return {static_cast<std::uint8_t>(date.weekday() % 7), whole[3], whole[4], whole[5]};
}

}  // namespace

Bytes encode_read(const Address& to, DataId id, int preamble) {
    return request(to, Function::read, id.wire(), preamble);
}

Bytes encode_read_next(const Address& to, DataId id, std::uint8_t sequence, int preamble) {
    Bytes data;
    append(data, id.wire());
    data.push_back(sequence);
    return request(to, Function::read_next, data, preamble);
}

Bytes encode_read_address(int preamble) {
    return request(Address::wildcard(), Function::read_address, {}, preamble);
}

Bytes encode_relay(const Address& to, const RelayCommand& command, const Credentials& who,
                   int preamble) {
    Bytes data;
    append(data, who.wire());
    append(data, encode_relay_command(command));
    return request(to, Function::relay, data, preamble);
}

Bytes encode_write(const Address& to, DataId id, ByteView value, const Credentials& who,
                   int preamble) {
    Bytes data;
    append(data, id.wire());
    append(data, who.wire());
    append(data, value);
    return request(to, Function::write, data, preamble);
}

Bytes encode_broadcast_time(const LocalTime& at, int preamble) {
    return request(Address::broadcast(), Function::broadcast_time, encode_second(at), preamble);
}

Bytes encode_write_clock(const Address& to, const LocalTime& at, const Credentials& who,
                         int preamble) {
    Bytes value;
    append(value, ByteView(encode_second(at)).first(3));
    append(value, encode_date(at.date));
    return encode_write(to, data_id::clock, value, who, preamble);
}

Bytes encode_write_date(const Address& to, CivilDate date, const Credentials& who, int preamble) {
    return encode_write(to, data_id::date, encode_date(date), who, preamble);
}

Bytes encode_write_time_of_day(const Address& to, std::int64_t us_of_day, const Credentials& who,
                               int preamble) {
    const auto whole = encode_second({CivilDate::from_ymd(2000, 1, 1), us_of_day});
    return encode_write(to, data_id::time_of_day, ByteView(whole).first(3), who, preamble);
}

}  // namespace mb::codec::dlt645
