#include "sim/channel/signature.hpp"

#include "base/decimal.hpp"

#include <bit>

namespace mb::sim::channel {
namespace {

constexpr std::size_t block_bytes = 64;
constexpr std::int64_t skew_max_s = 300;

constexpr std::array<std::uint32_t, 64> round_constants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

using Hash = std::array<std::uint32_t, 8>;

void digest_block(Hash& hash, const std::uint8_t* block) {
    std::array<std::uint32_t, 64> w{};
    for (std::size_t i = 0; i < 16; ++i) {
        w[i] = static_cast<std::uint32_t>(block[4 * i]) << 24 |
               static_cast<std::uint32_t>(block[4 * i + 1]) << 16 |
               static_cast<std::uint32_t>(block[4 * i + 2]) << 8 | block[4 * i + 3];
    }
    for (std::size_t i = 16; i < 64; ++i) {
        const std::uint32_t a = w[i - 15];
        const std::uint32_t b = w[i - 2];
        w[i] = w[i - 16] + w[i - 7] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ a >> 3) +
               (std::rotr(b, 17) ^ std::rotr(b, 19) ^ b >> 10);
    }
    Hash v = hash;
    for (std::size_t i = 0; i < 64; ++i) {
        const std::uint32_t s1 = std::rotr(v[4], 6) ^ std::rotr(v[4], 11) ^ std::rotr(v[4], 25);
        const std::uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        const std::uint32_t t1 = v[7] + s1 + choice + round_constants[i] + w[i];
        const std::uint32_t s0 = std::rotr(v[0], 2) ^ std::rotr(v[0], 13) ^ std::rotr(v[0], 22);
        const std::uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        v = {t1 + s0 + majority, v[0], v[1], v[2], v[3] + t1, v[4], v[5], v[6]};
    }
    for (std::size_t i = 0; i < 8; ++i) hash[i] += v[i];
}

}  // namespace

Digest sha256(ByteView message) {
    Bytes padded(message.begin(), message.end());
    padded.push_back(0x80);
    while (padded.size() % block_bytes != 56) padded.push_back(0);
    const std::uint64_t bits = static_cast<std::uint64_t>(message.size()) * 8;
    for (int shift = 56; shift >= 0; shift -= 8) {
        padded.push_back(static_cast<std::uint8_t>(bits >> shift));
    }
    Hash hash = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    for (std::size_t at = 0; at < padded.size(); at += block_bytes) {
        digest_block(hash, padded.data() + at);
    }
    Digest out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<std::uint8_t>(hash[i / 4] >> (24 - 8 * (i % 4)));
    }
    return out;
}

Digest hmac_sha256(std::string_view key, std::string_view message) {
    std::array<std::uint8_t, block_bytes> block{};
    if (key.size() > block_bytes) {
        const Digest short_key = sha256(as_bytes(key));
        std::copy(short_key.begin(), short_key.end(), block.begin());
    } else {
        std::copy(key.begin(), key.end(), block.begin());
    }
    Bytes inner;
    Bytes outer;
    for (const std::uint8_t byte : block) {
        inner.push_back(byte ^ 0x36);
        outer.push_back(byte ^ 0x5c);
    }
    const ByteView text = as_bytes(message);
    inner.insert(inner.end(), text.begin(), text.end());
    const Digest digest = sha256(inner);
    outer.insert(outer.end(), digest.begin(), digest.end());
    return sha256(outer);
}

std::string sign(std::string_view secret, std::string_view timestamp, std::string_view body) {
    std::string message(timestamp);
    message += '\n';
    message += body;
    std::string out;
    for (const std::uint8_t byte : hmac_sha256(secret, message)) {
        out += "0123456789abcdef"[byte >> 4];
        out += "0123456789abcdef"[byte & 15];
    }
    return out;
}

Result<void> verify(std::string_view secret, std::string_view timestamp, std::string_view signature,
                    std::string_view body, std::int64_t now_unix_s) {
    const std::string wanted = sign(secret, timestamp, body);
    if (signature.size() != wanted.size()) {
        return fail("signature.invalid", ErrorKind::unauthorized);
    }
    unsigned difference = 0;  // the time taken does not tell where they differ
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        difference |= static_cast<unsigned char>(wanted[i] ^ signature[i]);
    }
    if (difference != 0) return fail("signature.invalid", ErrorKind::unauthorized);
    const auto seconds = parse_decimal(timestamp, 0);
    if (!seconds || *seconds > now_unix_s + skew_max_s || *seconds < now_unix_s - skew_max_s) {
        return fail("signature.stale", ErrorKind::unauthorized);
    }
    return {};
}

}  // namespace mb::sim::channel
