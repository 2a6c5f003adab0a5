#include "headend/ask.hpp"

#include "codec/dlt645/request.hpp"

namespace mb::headend {

using dlt645::Function;

dlt645::DataId data_id_of(Ask ask) {
    switch (ask) {
        case Ask::registers_block:
        case Ask::registers_next: return dlt645::data_id::forward_energy_block;
        case Ask::registers_total: return dlt645::data_id::forward_energy;
        case Ask::status: return dlt645::data_id::status_word_3;
        case Ask::power: return dlt645::data_id::active_power;
        case Ask::clock:
        case Ask::write_clock: return dlt645::data_id::clock;
        case Ask::date:
        case Ask::write_date: return dlt645::data_id::date;
        case Ask::time_of_day:
        case Ask::write_time: return dlt645::data_id::time_of_day;
        case Ask::relay:
        case Ask::broadcast_time: break;
    }
    return {};
}

std::optional<Ask> ask_of(const dlt645::Reply& reply) {
    if (std::holds_alternative<dlt645::RelayAck>(reply)) return Ask::relay;
    if (std::holds_alternative<dlt645::WriteAck>(reply)) return Ask::write_clock;
    const auto* read = std::get_if<dlt645::ReadReply>(&reply);
    if (read == nullptr) return std::nullopt;
    if (read->sequence != 0) {
        return read->id == data_id_of(Ask::registers_next) ? std::optional(Ask::registers_next)
                                                           : std::nullopt;
    }
    for (const Ask ask : {Ask::registers_block, Ask::registers_total, Ask::status, Ask::power,
                          Ask::clock, Ask::date, Ask::time_of_day}) {
        if (data_id_of(ask) == read->id) return ask;
    }
    return std::nullopt;
}

bool can_answer(Ask ask, const dlt645::Reply& reply) {
    if (const auto* refused = std::get_if<dlt645::ErrorReply>(&reply)) {
        switch (refused->function) {
            case Function::read: return is_read(ask) && ask != Ask::registers_next;
            case Function::read_next: return ask == Ask::registers_next;
            case Function::relay: return ask == Ask::relay;
            case Function::write: return is_write(ask);
            default: return false;
        }
    }
    const auto told = ask_of(reply);
    if (told == Ask::write_clock) return is_write(ask);
    return told == ask;
}

Bytes encode(Ask ask, const AskParams& p) {
    switch (ask) {
        case Ask::registers_next:
            return dlt645::encode_read_next(p.address, data_id_of(ask), p.sequence, p.preamble);
        case Ask::relay:
            return dlt645::encode_relay(p.address, p.command, p.credentials, p.preamble);
        case Ask::write_clock:
            return dlt645::encode_write_clock(p.address, p.local, p.credentials, p.preamble);
        case Ask::write_date:
            return dlt645::encode_write_date(p.address, p.local.date, p.credentials, p.preamble);
        case Ask::write_time:
            return dlt645::encode_write_time_of_day(p.address, p.local.us_of_day, p.credentials,
                                                    p.preamble);
        case Ask::broadcast_time: return dlt645::encode_broadcast_time(p.local, p.preamble);
        default: return dlt645::encode_read(p.address, data_id_of(ask), p.preamble);
    }
}

std::string_view refusal_code(const dlt645::ErrorReply& reply) {
    const auto bit = [&](int n) { return (reply.bits >> n & 1) != 0; };
    if (bit(2)) return "meter.password";
    if (reply.size == 1) return bit(1) ? "meter.no_such_data" : "meter.refused";
    if (bit(5)) return "meter.keep_power";
    if (bit(4)) return "meter.deadline";
    if (bit(0)) return "meter.remote_locked";
    if (bit(1)) return "meter.mac";
    if (bit(3)) return "meter.authentication_expired";
    if (bit(6) || bit(7) || bit(8)) return "meter.auto_restore";
    return "meter.refused";
}

}  // namespace mb::headend
