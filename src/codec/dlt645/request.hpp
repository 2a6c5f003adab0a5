// What the platform sends. Every function gives the bytes of one frame behind `preamble` bytes FE.
#pragma once

#include "codec/dlt645/frame.hpp"
#include "codec/dlt645/identifiers.hpp"
#include "codec/dlt645/relay.hpp"

namespace mb::codec::dlt645 {

Bytes encode_read(const Address& to, DataId id, int preamble = 0);
/// Part `sequence` (1–255) of an answer that said more follows.
Bytes encode_read_next(const Address& to, DataId id, std::uint8_t sequence, int preamble = 0);
/// By wildcard: only with one meter on the line.
Bytes encode_read_address(int preamble = 0);
/// Answered by RelayAck when accepted, which is not done: read status word 3 after the meter's
/// delay.
Bytes encode_relay(const Address& to, const RelayCommand& command, const Credentials& who,
                   int preamble = 0);
/// `value` as on the wire, low byte first; at most 243 bytes (checked).
Bytes encode_write(const Address& to, DataId id, ByteView value, const Credentials& who,
                   int preamble = 0);
/// Meters follow it once a day, within ±5 minutes of their own clock, and do not answer.
Bytes encode_broadcast_time(const LocalTime& at, int preamble = 0);
/// Identifier 0400010C. Not every meter has it: write date and time of day then.
Bytes encode_write_clock(const Address& to, const LocalTime& at, const Credentials& who,
                         int preamble = 0);
/// Identifier 04000101, with the weekday.
Bytes encode_write_date(const Address& to, CivilDate date, const Credentials& who,
                        int preamble = 0);
/// Identifier 04000102.
Bytes encode_write_time_of_day(const Address& to, std::int64_t us_of_day, const Credentials& who,
                               int preamble = 0);

}  // namespace mb::codec::dlt645
