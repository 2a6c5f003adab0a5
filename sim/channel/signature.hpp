// HMAC-SHA256 of the sandbox channel. Its own, so that it and the driver in src/payment do not
// share a mistake.
#pragma once

#include "base/bytes.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace mb::sim::channel {

using Digest = std::array<std::uint8_t, 32>;

/// FIPS 180-4.
Digest sha256(ByteView message);
/// RFC 2104 over SHA-256.
Digest hmac_sha256(std::string_view key, std::string_view message);

/// Lower-case hex of HMAC-SHA256(secret, timestamp + "\n" + body); `timestamp` is unix seconds as
/// text.
std::string sign(std::string_view secret, std::string_view timestamp, std::string_view body);
/// Whether `signature` is that of the body and `timestamp` is within 300 s of now. Errors:
/// signature.invalid, signature.stale.
Result<void> verify(std::string_view secret, std::string_view timestamp, std::string_view signature,
                    std::string_view body, std::int64_t now_unix_s);

}  // namespace mb::sim::channel
