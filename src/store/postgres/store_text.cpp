#include "store/postgres/store_text.hpp"

#include <charconv>
#include <string_view>

namespace mb::store::postgres {

namespace {

constexpr std::string_view word = "answer_timeout_s=";
constexpr int seconds_max = 86'400;

bool separates(char c) { return c == ' ' || c == '?' || c == '&'; }

}  // namespace

StoreText parse_store_text(const std::string& text) {
    StoreText out{text};
    const std::size_t at = text.find(word);
    if (at == std::string::npos || (at > 0 && !separates(text[at - 1]))) {
        return out;
    }
    int seconds = -1;
    const char* const end = text.data() + text.size();
    const auto [behind, why] = std::from_chars(text.data() + at + word.size(), end, seconds);
    const bool ends = behind == end || separates(*behind);
    if (why != std::errc() || !ends || seconds < 0 || seconds > seconds_max) {
        return out;
    }
    out.answer_timeout = std::chrono::seconds(seconds);
    // With the separator that follows; the last of several loses the one before it.
    auto until = static_cast<std::size_t>(behind - text.data());
    auto from = at;
    if (until < text.size()) {
        ++until;
    } else if (from > 0) {
        --from;
    }
    out.conninfo = text.substr(0, from) + text.substr(until);
    return out;
}

}  // namespace mb::store::postgres
