#include "crypto/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <limits>
#include <stdexcept>

#include "base/check.hpp"

namespace mb::crypto {

namespace {

/// Looked up once: EVP_sha256() has every digest look it up under a lock, which costs more than a
/// short message.
const EVP_MD* sha256_method() {
    static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    CHECK(method != nullptr);
    return method;
}

}  // namespace

struct Sha256::Context {
    EVP_MD_CTX* md = EVP_MD_CTX_new();

    Context() { restart(); }
    ~Context() { EVP_MD_CTX_free(md); }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    void restart() const {
        CHECK(md != nullptr && EVP_DigestInit_ex(md, sha256_method(), nullptr) == 1);
    }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(ByteView bytes) {
    CHECK(EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()) == 1);
}

Digest Sha256::finish() {
    Digest out{};
    CHECK(EVP_DigestFinal_ex(context_->md, out.data(), nullptr) == 1);
    context_->restart();
    return out;
}

Digest sha256(ByteView bytes) {
    Digest out{};
    CHECK(EVP_Digest(bytes.data(), bytes.size(), out.data(), nullptr, sha256_method(), nullptr) ==
          1);
    return out;
}

Digest hmac_sha256(ByteView key, ByteView message) {
    // OpenSSL takes a null key as "the key of the call before".
    static const std::uint8_t nothing = 0;
    CHECK(key.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
    Digest out{};
    CHECK(HMAC(EVP_sha256(), key.empty() ? &nothing : key.data(), static_cast<int>(key.size()),
               message.data(), message.size(), out.data(), nullptr) != nullptr);
    return out;
}

bool equal_constant_time(ByteView a, ByteView b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void random_bytes(std::span<std::uint8_t> out) {
    CHECK(out.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
    if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) {
        throw std::runtime_error("the system's random generator failed");
    }
}

std::string random_token(std::size_t bytes) {
    Bytes raw(bytes);
    random_bytes(raw);
    return base64url(raw);
}

std::string random_digits(std::size_t count) {
    std::string out;
    while (out.size() < count) {
        std::array<std::uint8_t, 16> raw{};
        random_bytes(raw);
        for (const std::uint8_t byte : raw) {
            // 250 is the largest multiple of ten a byte can reach: the rest would favour low
            // digits.
            if (byte < 250 && out.size() < count) out += static_cast<char>('0' + byte % 10);
        }
    }
    return out;
}

std::string base64url(ByteView bytes) {
    static constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    out.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t bits = 0;
    int held = 0;
    for (const std::uint8_t byte : bytes) {
        bits = (bits << 8) | byte;
        held += 8;
        while (held >= 6) {
            held -= 6;
            out += alphabet[(bits >> held) & 0x3F];
        }
    }
    if (held > 0) out += alphabet[(bits << (6 - held)) & 0x3F];
    return out;
}

std::string hex_lower(ByteView bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes) {
        out += digits[byte >> 4];
        out += digits[byte & 0x0F];
    }
    return out;
}

}  // namespace mb::crypto
