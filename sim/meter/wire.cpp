#include "sim/meter/wire.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <numeric>

namespace mb::sim::meter::wire {
namespace {

constexpr std::uint8_t start_byte = 0x68;
constexpr std::uint8_t end_byte = 0x16;
constexpr std::uint8_t preamble_byte = 0xFE;
constexpr std::uint8_t offset = 0x33;
constexpr std::size_t overhead = 12;  // a frame without its data

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::uint8_t sum_of(ByteView bytes) {
    return std::accumulate(
        bytes.begin(), bytes.end(), std::uint8_t{0},
        [](std::uint8_t a, std::uint8_t b) { return static_cast<std::uint8_t>(a + b); });
}

}  // namespace

Result<Address> parse_address(std::string_view digits) {
    Address out{};
    if (digits.empty() || digits.size() > 12) return fail("meter.bad_address");
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const int digit = hex_digit(digits[digits.size() - 1 - i]);
        if (digit < 0) return fail("meter.bad_address");
        out[i / 2] = static_cast<std::uint8_t>(out[i / 2] | (digit << (i % 2 == 0 ? 0 : 4)));
    }
    return out;
}

std::string address_text(const Address& address) {
    Bytes high_first(address.rbegin(), address.rend());
    return hex(high_first);
}

bool meant_for(const Address& asked, const Address& own) {
    std::size_t known = asked.size();
    while (known > 0 && asked[known - 1] == 0xAA) --known;
    return std::equal(asked.begin(), asked.begin() + static_cast<std::ptrdiff_t>(known),
                      own.begin());
}

Bytes encode(const Frame& frame, int preamble) {
    CHECK(frame.data.size() <= 255);
    Bytes out(static_cast<std::size_t>(preamble), preamble_byte);
    out.push_back(start_byte);
    out.insert(out.end(), frame.address.begin(), frame.address.end());
    out.push_back(start_byte);
    out.push_back(frame.control);
    out.push_back(static_cast<std::uint8_t>(frame.data.size()));
    for (const std::uint8_t byte : frame.data) {
        out.push_back(static_cast<std::uint8_t>(byte + offset));
    }
    out.push_back(sum_of(ByteView(out).subspan(static_cast<std::size_t>(preamble))));
    out.push_back(end_byte);
    return out;
}

void Scanner::feed(ByteView bytes) { buffer_.insert(buffer_.end(), bytes.begin(), bytes.end()); }

std::optional<Frame> Scanner::next() {
    std::size_t at = 0;
    std::optional<Frame> found;
    while (at < buffer_.size() && !found) {
        const ByteView rest = ByteView(buffer_).subspan(at);
        if (rest[0] == start_byte && rest.size() < 10 &&
            (rest.size() < 8 || rest[7] == start_byte)) {
            break;  // could still become a frame
        }
        if (rest[0] != start_byte || rest[7] != start_byte) {
            skipped_ += rest[0] == preamble_byte ? 0 : 1;
            ++at;
            continue;
        }
        const std::size_t whole = overhead + rest[9];
        if (rest.size() < whole) break;
        if (rest[whole - 1] != end_byte || rest[whole - 2] != sum_of(rest.first(whole - 2))) {
            ++skipped_;
            ++at;
            continue;
        }
        found.emplace();
        std::copy_n(rest.begin() + 1, 6, found->address.begin());
        found->control = rest[8];
        for (const std::uint8_t byte : rest.subspan(10, rest[9])) {
            found->data.push_back(static_cast<std::uint8_t>(byte - offset));
        }
        at += whole;
    }
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at));
    return found;
}

void put_bcd(Bytes& out, std::int64_t value, int bytes) {
    CHECK(value >= 0);
    for (int i = 0; i < bytes; ++i) {
        const auto pair = static_cast<int>(value % 100);
        out.push_back(static_cast<std::uint8_t>((pair / 10) << 4 | pair % 10));
        value /= 100;
    }
}

void put_signed_bcd(Bytes& out, std::int64_t value, int bytes) {
    put_bcd(out, value < 0 ? -value : value, bytes);
    if (value < 0) out.back() |= 0x80;
}

std::optional<std::int64_t> get_bcd(ByteView bytes) {
    std::int64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) {
        if (bytes[i] >> 4 > 9 || (bytes[i] & 0x0F) > 9) return std::nullopt;
        value = value * 100 + (bytes[i] >> 4) * 10 + (bytes[i] & 0x0F);
    }
    return value;
}

std::uint32_t get_identifier(ByteView data) {
    CHECK(data.size() >= 4);
    return data[0] | static_cast<std::uint32_t>(data[1]) << 8 |
           static_cast<std::uint32_t>(data[2]) << 16 | static_cast<std::uint32_t>(data[3]) << 24;
}

void put_identifier(Bytes& out, std::uint32_t identifier) {
    for (int i = 0; i < 4; ++i) {
        out.push_back(static_cast<std::uint8_t>(identifier >> (8 * i)));
    }
}

}  // namespace mb::sim::meter::wire
