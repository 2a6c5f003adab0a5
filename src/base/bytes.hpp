// Byte strings: hex text and little-endian/varint reading and writing.
#pragma once

#include "base/result.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mb {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// "68 42 00" or "684200", either case, blanks between bytes allowed. Errors: hex.malformed
/// {position}.
Result<Bytes> parse_hex(std::string_view text);
/// Upper case; `separator` between bytes ("" or " ").
std::string hex(ByteView bytes, std::string_view separator = "");

/// Numbers of a record in memory of its own.
template <std::size_t size_max>
class SmallRecord {
public:
    void u8(std::uint8_t value) { *at_++ = value; }
    void varint(std::uint64_t value) {
        while (value >= 0x80) {
            u8(static_cast<std::uint8_t>(value | 0x80));
            value >>= 7;
        }
        u8(static_cast<std::uint8_t>(value));
    }
    void signed_varint(std::int64_t value) {
        varint((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
    }
    void fixed64(std::uint64_t value) {
        for (int i = 0; i < 8; ++i) {
            u8(static_cast<std::uint8_t>(value >> (8 * i)));
        }
    }
    [[nodiscard]] const std::uint8_t* begin() const { return bytes_.data(); }
    [[nodiscard]] const std::uint8_t* end() const { return at_; }

private:
    std::array<std::uint8_t, size_max> bytes_;  // written before it is read
    std::uint8_t* at_ = bytes_.data();
};

/// Appends to a byte vector. Varints are LEB128; signed values go through zigzag.
class ByteWriter {
public:
    explicit ByteWriter(Bytes& out) : out_(out) {}

    void u8(std::uint8_t value) { out_.push_back(value); }
    void varint(std::uint64_t value) {
        record<10>([&](auto& to) { to.varint(value); });
    }
    void signed_varint(std::int64_t value) {
        record<10>([&](auto& to) { to.signed_varint(value); });
    }
    void fixed64(std::uint64_t value) {
        record<8>([&](auto& to) { to.fixed64(value); });
    }
    /// Several numbers, `size_max` bytes at most, appended in one go.
    template <std::size_t size_max, class F>
    void record(F&& fill) {
        SmallRecord<size_max> to;
        fill(to);
        out_.insert(out_.end(), to.begin(), to.end());
    }
    void bytes(ByteView value) {
        if (!value.empty()) {
            const std::size_t at = out_.size();
            out_.resize(at + value.size());
            std::memcpy(out_.data() + at, value.data(), value.size());
        }
    }
    void sized(ByteView value) {
        varint(value.size());
        bytes(value);
    }
    [[nodiscard]] Bytes& out() { return out_; }

private:
    Bytes& out_;
};

/// Reads what ByteWriter wrote. After a read past the end or a malformed varint, ok() is false and
/// every value is 0: read everything, then ask once.
class ByteReader {
public:
    explicit ByteReader(ByteView in) : in_(in) {}

    std::uint8_t u8() {
        if (at_ >= in_.size()) {
            ok_ = false;
            return 0;
        }
        return in_[at_++];
    }
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            const std::uint8_t byte = u8();
            value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
            if (byte < 0x80) {
                return ok_ ? value : 0;
            }
        }
        ok_ = false;
        return 0;
    }
    std::int64_t signed_varint() {
        const std::uint64_t raw = varint();
        return static_cast<std::int64_t>(raw >> 1) ^ -static_cast<std::int64_t>(raw & 1);
    }
    std::uint64_t fixed64() {
        std::uint64_t value = 0;
        for (int i = 0; i < 8; ++i) {
            value |= static_cast<std::uint64_t>(u8()) << (8 * i);
        }
        return value;
    }
    ByteView bytes(std::size_t count) {
        if (count > in_.size() - at_) {
            ok_ = false;
            at_ = in_.size();
            return {};
        }
        const ByteView out = in_.subspan(at_, count);
        at_ += count;
        return out;
    }
    ByteView sized() { return bytes(static_cast<std::size_t>(varint())); }

    void fail() { ok_ = false; }
    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool at_end() const { return at_ == in_.size(); }
    [[nodiscard]] std::size_t position() const { return at_; }
    [[nodiscard]] std::size_t left() const { return in_.size() - at_; }

private:
    ByteView in_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

}  // namespace mb
