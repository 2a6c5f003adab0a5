#include "store/storable_text.hpp"

#include <cstdint>

namespace mb::store {

namespace {

/// Bytes that follow `lead`; -1 where none begins so.
int followers(std::uint8_t lead) {
    if (lead < 0x80) {
        return lead == 0 ? -1 : 0;
    }
    if (lead < 0xC2 || lead > 0xF4) {
        return -1;
    }
    return lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
}

/// The first follower bears what the lead byte alone does not rule out.
bool fits(std::uint8_t lead, std::uint8_t first) {
    switch (lead) {
        case 0xE0: return first >= 0xA0;
        case 0xED: return first <= 0x9F;
        case 0xF0: return first >= 0x90;
        case 0xF4: return first <= 0x8F;
        default: return true;
    }
}

}  // namespace

bool is_storable_text(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<std::uint8_t>(text[at++]);
        const int more = followers(lead);
        for (int i = 0; i < more; ++i, ++at) {
            const auto next =
                at < text.size() ? static_cast<std::uint8_t>(text[at]) : std::uint8_t{0};
            if ((next & 0xC0) != 0x80 || (i == 0 && !fits(lead, next))) {
                return false;
            }
        }
        if (more < 0) {
            return false;
        }
    }
    return true;
}

}  // namespace mb::store
