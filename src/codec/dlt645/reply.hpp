// What a meter answers, by kind; and the values the platform lives on, typed and exact.
#pragma once

#include <array>
#include <bitset>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/money.hpp"
#include "codec/dlt645/bcd.hpp"
#include "codec/dlt645/frame.hpp"
#include "codec/dlt645/identifiers.hpp"
#include "codec/dlt645/status.hpp"

namespace mb::codec::dlt645 {

/// 91, B1, 92, B2. `value` points into the frame it was decoded from.
struct ReadReply {
    DataId id;
    ByteView value;
    bool more = false;
    std::uint8_t sequence = 0;  // 0: first part (91, B1)
};
/// 93.
struct AddressReply {
    Address address;
};
/// 9C: accepted, not done.
struct RelayAck {};
/// 94: the value was written.
struct WriteAck {};
/// Any other positive answer.
struct OtherAck {
    Function function{};
};
/// C = D1, D4, DC … The bits are named by error_names().
struct ErrorReply {
    Function function{};
    std::uint16_t bits = 0;
    std::uint8_t size =
        1;  // bytes of the error word: 1, or 2 for security commands and some relays

    [[nodiscard]] bool no_such_data() const { return size == 1 && (bits & 2) != 0; }
    /// Password wrong or not authorised, in either form.
    [[nodiscard]] bool not_authorised() const {
        return function != Function::security && (bits & 4) != 0;
    }
    /// A two-byte relay refusal: the meter's clock is past the deadline.
    [[nodiscard]] bool deadline_invalid() const { return size == 2 && (bits & 16) != 0; }
};
using Reply = std::variant<ReadReply, AddressReply, RelayAck, WriteAck, OtherAck, ErrorReply>;

/// Errors: dlt645.not_a_reply (bit 7 clear: the line's echo of a request), dlt645.reply_length,
/// dlt645.reply_code.
Result<Reply> decode_reply(const Frame& frame);
Result<Reply> decode_reply(Frame&&) = delete;  // the reply would point into what is gone

/// Stable names of the bits of an error reply, lowest first: "no_such_data",
/// "password_or_authorisation" …
std::vector<std::string_view> error_names(const ErrorReply& reply);

/// Joins an answer that came in parts (B1, then 92 or B2 with sequence 1, 2 …). Bounded: 255 parts.
class FollowOn {
public:
    /// Takes the next part. True when the answer is whole. Errors: dlt645.follow_on_order
    /// {expected, found}, dlt645.follow_on_id, dlt645.follow_on_too_long; the parts so far are
    /// kept, so that a repeated part does no harm.
    Result<bool> add(const ReadReply& part);
    /// Points into this object.
    [[nodiscard]] ReadReply whole() const { return {id_, bytes_, !done_, 0}; }
    /// What to ask for next.
    [[nodiscard]] std::uint8_t next_sequence() const { return next_; }

private:
    DataId id_;
    Bytes bytes_;
    std::uint8_t next_ = 0;
    bool done_ = false;
};

// ---- typed values. Each refuses a reply with another identifier (dlt645.other_data), a wrong
// length
// ---- (dlt645.bad_length), digits A–F (dlt645.not_bcd), an impossible time (dlt645.bad_time).

/// Registers of one energy kind: index 0 is the total, then T1 …. A register sent as FF is not
/// present.
class EnergyRegisters {
public:
    static constexpr std::size_t size_max = 64;

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::optional<Quantity> at(std::size_t index) const {
        return index < size_ && present_[index] ? std::optional(values_[index]) : std::nullopt;
    }
    [[nodiscard]] std::optional<Quantity> total() const { return at(0); }
    void push_back(std::optional<Quantity> value);

private:
    std::array<Quantity, size_max> values_{};
    std::bitset<size_max> present_;
    std::size_t size_ = 0;
};

/// 10⁻⁴ kWh. From 00kktt00 (one register; the total has index 0, a tariff its number) and the
/// blocks 00kkFFmm.
Result<EnergyRegisters> read_energy(const ReadReply& reply);
/// Watt × 0.1, from 02030000; negative when power flows out. Nothing when the meter does not know.
Result<std::optional<std::int64_t>> read_active_power(const ReadReply& reply);
/// From 0400010C. A clock that is all zeros or FF is dlt645.bad_time.
Result<LocalTime> read_clock(const ReadReply& reply);
/// From 04000101.
Result<CivilDate> read_date(const ReadReply& reply);
/// Microseconds of the day, from 04000102.
Result<std::int64_t> read_time_of_day(const ReadReply& reply);
/// From 04000503, or the third word of 040005FF. All FF is dlt645.absent.
Result<StatusWord3> read_status_word_3(const ReadReply& reply);
/// From 00900200 or 00900201.
Result<std::optional<Money>> read_amount(const ReadReply& reply);
/// The one number behind any identifier of the table that has just one.
Result<std::optional<Number>> read_number(const ReadReply& reply);

}  // namespace mb::codec::dlt645
