#include "api/order_number.hpp"

#include "crypto/digest.hpp"

namespace mb::api {

namespace {

constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::size_t unique_digits = 15;  // 77 bits

}  // namespace

std::string order_number(ProjectId project, std::string_view idempotency) {
    std::string out;
    for (std::int64_t rest = project.value; rest > 0; rest /= 36) {
        out.insert(out.begin(), alphabet[static_cast<std::size_t>(rest % 36)]);
    }
    out += 'X';  // ends the project
    const crypto::Digest digest =
        crypto::sha256("meterbook order " + project.text() + " " + std::string(idempotency));
    for (std::size_t i = 0; i < unique_digits; ++i) {
        // Two bytes a digit: the bias of the remainder is below a thousandth.
        const unsigned pair = static_cast<unsigned>(digest[2 * i]) << 8 | digest[2 * i + 1];
        out += alphabet[pair % 36];
    }
    return out;
}

}  // namespace mb::api
