#include "headend/identification.hpp"

#include <algorithm>

namespace mb::headend {

namespace {

bool in_alphabet(std::uint8_t byte, Alphabet alphabet) {
    const bool digit = byte >= '0' && byte <= '9';
    const bool letter = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
    return digit || (alphabet == Alphabet::alnum && letter);
}

bool ends_with(ByteView bytes, ByteView end) {
    return bytes.size() >= end.size() && std::ranges::equal(bytes.last(end.size()), end);
}

}  // namespace

std::optional<std::string> RegistrationReader::feed(std::uint8_t byte, const Registration& how) {
    ++consumed_;
    window_.push_back(byte);
    const std::size_t most = how.prefix.size() + how.length_max + how.terminator.size() + 1;
    if (window_.size() > most) window_.erase(window_.begin());
    return how.kind == RegistrationKind::line ? line(how) : fixed(how);
}

std::optional<std::string> RegistrationReader::line(const Registration& how) const {
    ByteView text(window_);
    if (!ends_with(text, how.terminator)) return std::nullopt;
    text = text.first(text.size() - how.terminator.size());
    for (std::size_t length = how.length_min; length <= how.length_max && length <= text.size();
         ++length) {
        const ByteView id = text.last(length);
        if (!in_alphabet(id.front(), how.alphabet)) return std::nullopt;
        const ByteView before = text.first(text.size() - length);
        const bool begins = how.prefix.empty()
                                ? before.empty() || !in_alphabet(before.back(), how.alphabet)
                                : ends_with(before, how.prefix);
        const bool all =
            std::ranges::all_of(id, [&](auto b) { return in_alphabet(b, how.alphabet); });
        if (begins && all) return std::string(as_text(id));
    }
    return std::nullopt;
}

std::optional<std::string> RegistrationReader::fixed(const Registration& how) const {
    const std::size_t whole = how.prefix.size() + how.length_max;
    if (window_.size() < whole) return std::nullopt;
    const ByteView last = ByteView(window_).last(whole);
    if (!std::ranges::equal(last.first(how.prefix.size()), how.prefix)) return std::nullopt;
    return hex(last.last(how.length_max));
}

}  // namespace mb::headend
