// DL/T 645-2007 frames as the virtual meter sees them (reference/protocols.md §1.1, §1.4). On
// purpose this shares no code with src/codec: an error there shall not be repeated here.
#pragma once

#include "base/bytes.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mb::sim::meter::wire {

/// A0..A5 as on the wire, low byte first.
using Address = std::array<std::uint8_t, 6>;

inline constexpr Address broadcast{0x99, 0x99, 0x99, 0x99, 0x99, 0x99};
inline constexpr Address wildcard{0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA};

/// Up to 12 hex digits, high digit first ("002611150042"); shorter texts are filled with zeros in
/// front. Errors: meter.bad_address.
Result<Address> parse_address(std::string_view digits);
std::string address_text(const Address& address);
/// True when a frame sent to `asked` is meant for the meter `own`: equal, wildcard, or abbreviated
/// (high bytes AA). Broadcast is not a match: nobody answers it.
bool meant_for(const Address& asked, const Address& own);

struct Frame {
    Address address{};
    std::uint8_t control = 0;
    Bytes data;  // plain, without the +33h; at most 255 bytes

    friend bool operator==(const Frame&, const Frame&) = default;
};

/// `preamble` bytes FE in front.
Bytes encode(const Frame& frame, int preamble = 0);

/// Cuts frames out of a byte stream. What does not become a frame is skipped byte by byte and
/// counted.
class Scanner {
public:
    void feed(ByteView bytes);
    /// The next whole frame, or nothing until more bytes come.
    std::optional<Frame> next();
    /// Bytes of no frame so far, preambles apart.
    [[nodiscard]] std::uint64_t skipped() const { return skipped_; }
    /// Forgets half a frame: the line was silent for longer than the inter-byte time-out.
    void clear() { buffer_.clear(); }

private:
    Bytes buffer_;
    std::uint64_t skipped_ = 0;
};

/// `bytes` BCD bytes of value mod 10^(2·bytes), low byte first.
void put_bcd(Bytes& out, std::int64_t value, int bytes);
/// The same with the sign in the top bit of the highest byte.
void put_signed_bcd(Bytes& out, std::int64_t value, int bytes);
/// Low byte first; nothing when a digit is above 9.
std::optional<std::int64_t> get_bcd(ByteView bytes);
/// The data identifier at the front of `data`; `data` has at least 4 bytes.
std::uint32_t get_identifier(ByteView data);
void put_identifier(Bytes& out, std::uint32_t identifier);

}  // namespace mb::sim::meter::wire
