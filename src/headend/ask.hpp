// The questions a session puts to a meter, and which answer belongs to which. An answer is told by
// address, control and data identifier; DL/T 645 has no request numbers, so this is all the proof
// there is.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "codec/dlt645/relay.hpp"
#include "codec/dlt645/reply.hpp"

namespace mb::headend {

namespace dlt645 = codec::dlt645;

enum class Ask : std::uint8_t {
    registers_block,  // 0001FF00
    registers_total,  // 00010000, of meters without the block
    registers_next,   // the rest of a block in parts
    status,           // 04000503
    power,            // 02030000
    clock,            // 0400010C
    date,             // 04000101
    time_of_day,      // 04000102
    relay,            // control 1C
    write_clock,      // control 14
    write_date,
    write_time,
    broadcast_time,  // control 08; nobody answers
};
constexpr std::size_t ask_count = 13;

constexpr bool is_registers(Ask ask) { return ask <= Ask::registers_next; }
constexpr bool is_read(Ask ask) { return ask < Ask::relay; }
constexpr bool is_write(Ask ask) { return ask >= Ask::write_clock && ask <= Ask::write_time; }

/// Of the reads and writes; 00000000 for the others.
dlt645::DataId data_id_of(Ask ask);

/// Whether `reply`, from the right address, can be the answer to `ask`. An error reply names its
/// function only.
bool can_answer(Ask ask, const dlt645::Reply& reply);
/// The question that a reply with an identifier of its own, or a relay or write answer, belongs to.
std::optional<Ask> ask_of(const dlt645::Reply& reply);

/// What a frame needs besides the question.
struct AskParams {
    dlt645::Address address;
    dlt645::Credentials credentials;  // relay, writes
    dlt645::RelayCommand command;     // relay
    LocalTime local;                  // writes, broadcast: the time to set
    std::uint8_t sequence = 1;        // registers_next
    int preamble = 0;
};
Bytes encode(Ask ask, const AskParams& params);

/// "meter.password", "meter.keep_power", "meter.deadline", "meter.remote_locked", "meter.mac",
/// "meter.authentication_expired", "meter.auto_restore", "meter.no_such_data", "meter.refused"
/// (another reason).
std::string_view refusal_code(const dlt645::ErrorReply& reply);

}  // namespace mb::headend
