#include "codec/dlt645/reply.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace mb::codec::dlt645 {

namespace {

Error with_control(std::string_view code, const Frame& frame) {
    return error(code).with("control", hex(ByteView(&frame.control.code, 1)));
}

Result<Reply> decode_error(const Frame& frame) {
    const ByteView data = frame.data();
    if (data.empty() || data.size() > 2) {
        return fail(with_control("dlt645.reply_length", frame));
    }
    ErrorReply out;
    out.function = frame.control.function();
    out.size = static_cast<std::uint8_t>(data.size());
    out.bits = data[0];
    if (data.size() == 2) {
        out.bits = static_cast<std::uint16_t>(out.bits | data[1] << 8);
    }
    return out;
}

Result<Reply> decode_read(const Frame& frame) {
    const ByteView data = frame.data();
    const bool next = frame.control.function() == Function::read_next;
    const std::size_t fixed = next ? 5 : 4;
    if (data.size() < fixed) {
        return fail(with_control("dlt645.reply_length", frame));
    }
    ReadReply out;
    out.id = DataId::from_wire(data.first(4));
    out.value = data.subspan(4, data.size() - fixed);
    out.more = frame.control.more();
    out.sequence = next ? data.back() : std::uint8_t{0};
    return out;
}

}  // namespace

Result<Reply> decode_reply(const Frame& frame) {
    if (!frame.control.from_meter()) {
        return fail(with_control("dlt645.not_a_reply", frame));
    }
    if (frame.control.is_error()) {
        return decode_error(frame);
    }
    const Function function = frame.control.function();
    switch (function) {
        case Function::read:
        case Function::read_next: return decode_read(frame);
        case Function::read_address: {
            if (frame.length != 6) {
                return fail(with_control("dlt645.reply_length", frame));
            }
            AddressReply out;
            std::ranges::copy(frame.data(), out.address.bytes.begin());
            return out;
        }
        case Function::relay: return RelayAck{};
        case Function::write: return WriteAck{};
        case Function::security:
        case Function::broadcast_time:
        case Function::set_address:
        case Function::freeze:
        case Function::change_baud:
        case Function::change_password:
        case Function::clear_demand:
        case Function::clear_meter:
        case Function::clear_events: return OtherAck{function};
    }
    return fail(with_control("dlt645.reply_code", frame));
}

namespace {

using Names = std::array<std::string_view, 16>;

constexpr Names one_byte{
    "other_error",         "no_such_data",         "password_or_authorisation", "baud_unchangeable",
    "too_many_year_zones", "too_many_day_periods", "too_many_tariffs",          "reserved"};
constexpr Names relay_word{"remote_channel_locked",
                           "mac_error",
                           "password_or_authorisation",
                           "authentication_expired",
                           "deadline_invalid",
                           "trip_failed_keep_power",
                           "auto_restore_failed_1",
                           "auto_restore_failed_2",
                           "auto_restore_failed_3",
                           "reserved_9",
                           "reserved_10",
                           "reserved_11",
                           "reserved_12",
                           "reserved_13",
                           "reserved_14",
                           "reserved_15"};
constexpr Names security_word{"other_error",
                              "repeated_recharge",
                              "esam_verification",
                              "authentication",
                              "customer_number_mismatch",
                              "purchase_count_error",
                              "over_hoarding_limit",
                              "address_error",
                              "remote_channel_locked",
                              "reserved_9",
                              "reserved_10",
                              "reserved_11",
                              "reserved_12",
                              "reserved_13",
                              "reserved_14",
                              "reserved_15"};

const Names& names_for(const ErrorReply& reply) {
    if (reply.function == Function::security) {
        return security_word;  // some makers send one byte of it
    }
    return reply.size == 1 ? one_byte : relay_word;
}

}  // namespace

std::vector<std::string_view> error_names(const ErrorReply& reply) {
    std::vector<std::string_view> out;
    const Names& names = names_for(reply);
    for (std::size_t bit = 0; bit < 16; ++bit) {
        if ((reply.bits >> bit & 1) != 0) {
            out.push_back(names[bit]);
        }
    }
    return out;
}

Result<bool> FollowOn::add(const ReadReply& part) {
    constexpr std::uint8_t sequence_max = 255;
    const bool first = next_ == 0 && !done_;
    if (!first && part.id != id_) {
        return fail("dlt645.follow_on_id");
    }
    if (done_ || part.sequence != next_) {
        return fail(error("dlt645.follow_on_order")
                        .with("expected", std::to_string(next_))
                        .with("found", std::to_string(part.sequence)));
    }
    if (part.more && next_ == sequence_max) {
        return fail("dlt645.follow_on_too_long");
    }
    id_ = part.id;
    bytes_.insert(bytes_.end(), part.value.begin(), part.value.end());
    done_ = !part.more;
    next_ = done_ ? next_ : static_cast<std::uint8_t>(next_ + 1);
    return done_;
}

}  // namespace mb::codec::dlt645
