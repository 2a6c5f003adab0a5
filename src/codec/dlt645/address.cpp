#include "codec/dlt645/address.hpp"

#include <algorithm>

#include "base/bytes.hpp"

namespace mb::codec::dlt645 {

Result<Address> Address::parse(std::string_view text) {
    if (text.size() != 12) {
        return fail(error("dlt645.address").with("text", std::string(text.substr(0, 40))));
    }
    return abbreviated(text);
}

Result<Address> Address::abbreviated(std::string_view low_digits) {
    const Result<Bytes> high_first = parse_hex(low_digits);
    if (!high_first || high_first->empty() || high_first->size() * 2 != low_digits.size() ||
        high_first->size() > 6) {
        return fail(error("dlt645.address").with("text", std::string(low_digits.substr(0, 40))));
    }
    Address out = wildcard();
    std::reverse_copy(high_first->begin(), high_first->end(), out.bytes.begin());
    return out;
}

std::string Address::text() const {
    std::array<std::uint8_t, 6> high_first{};
    std::reverse_copy(bytes.begin(), bytes.end(), high_first.begin());
    return hex(high_first);
}

bool Address::matches(const Address& actual) const {
    std::size_t known = bytes.size();
    while (known > 0 && bytes[known - 1] == 0xAA) {
        --known;
    }
    return std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(known),
                      actual.bytes.begin());
}

}  // namespace mb::codec::dlt645
