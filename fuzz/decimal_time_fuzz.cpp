// base: decimal, hex, date and time texts. What parses is written and parsed again to the same
// value.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "base/bytes.hpp"
#include "base/check.hpp"
#include "base/decimal.hpp"
#include "base/money.hpp"
#include "base/time.hpp"

namespace {

using namespace mb;

void decimal(std::string_view text, int scale) {
    const auto value = parse_decimal(text, scale);
    if (!value) {
        CHECK(value.error().code.starts_with("decimal."));
        return;
    }
    for (const int min_places : {-1, 0, 2}) {
        const std::string out = format_decimal(*value, scale, min_places);
        CHECK_MSG(parse_decimal(out, scale).value() == *value, out);
    }
}

void number(ByteView bytes, int scale) {
    std::uint64_t bits = 0;
    for (const std::uint8_t byte : bytes) {
        bits = bits << 8 | byte;
    }
    const auto value = static_cast<std::int64_t>(bits);
    if (value != std::numeric_limits<std::int64_t>::min()) {
        const std::string out = format_decimal(value, scale);
        CHECK_MSG(parse_decimal(out, scale).value() == value, out);
    }
}

void times(std::string_view text) {
    if (const auto at = parse_rfc3339(text)) {
        const std::string out = utc_text(*at);
        // An offset may move the instant out of the years that have four digits.
        if (out.size() <= 27 && out[0] != '-') {
            CHECK_MSG(parse_rfc3339(out).value() == *at, out);
        }
    }
    if (const auto date = CivilDate::parse(text)) {
        CHECK(date->text() == text);
        CHECK(date->weekday() >= 1 && date->weekday() <= 7);
        CHECK((*date + 7).weekday() == date->weekday());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const int scale = data[0] % 19;
    const ByteView rest(data + 1, size - 1);
    const std::string_view text = as_text(rest);
    decimal(text, scale);
    number(rest.first(std::min<std::size_t>(rest.size(), 8)), scale);
    times(text);
    if (const auto bytes = parse_hex(text)) {
        CHECK(parse_hex(hex(*bytes, " ")).value() == *bytes);
    }
    (void)Money::parse(text);
    (void)Quantity::parse(text);
    (void)Price::parse(text);
    return 0;
}
