// The few cryptographic calls everybody shares: SHA-256, HMAC, comparison in constant time,
// randomness. OpenSSL is included by digest.cpp alone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace mb::crypto {

using Digest = std::array<std::uint8_t, 32>;

/// SHA-256 (FIPS 180-4) of bytes that come in pieces.
class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;

    void update(ByteView bytes);
    void update(std::string_view text) { update(as_bytes(text)); }
    /// The digest of all bytes since the last finish(); the object starts anew.
    [[nodiscard]] Digest finish();

private:
    struct Context;
    std::unique_ptr<Context> context_;
};

[[nodiscard]] Digest sha256(ByteView bytes);
[[nodiscard]] inline Digest sha256(std::string_view text) { return sha256(as_bytes(text)); }

/// RFC 2104 over SHA-256.
[[nodiscard]] Digest hmac_sha256(ByteView key, ByteView message);
[[nodiscard]] inline Digest hmac_sha256(std::string_view key, std::string_view message) {
    return hmac_sha256(as_bytes(key), as_bytes(message));
}

/// Time depends on the lengths alone, never on where the first difference lies.
[[nodiscard]] bool equal_constant_time(ByteView a, ByteView b);
[[nodiscard]] inline bool equal_constant_time(std::string_view a, std::string_view b) {
    return equal_constant_time(as_bytes(a), as_bytes(b));
}

/// From the operating system's generator; never from code that must be reproducible (engine, sim).
void random_bytes(std::span<std::uint8_t> out);
/// URL-safe text (RFC 4648 §5 without padding) of `bytes` random bytes: 43 characters for 32.
[[nodiscard]] std::string random_token(std::size_t bytes = 32);
/// `count` decimal digits, each equally likely.
[[nodiscard]] std::string random_digits(std::size_t count);

/// RFC 4648 §5, no padding.
[[nodiscard]] std::string base64url(ByteView bytes);
/// Lower-case hex.
[[nodiscard]] std::string hex_lower(ByteView bytes);

}  // namespace mb::crypto
