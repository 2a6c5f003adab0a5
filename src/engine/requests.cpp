#include "engine/context.hpp"

namespace mb::engine {

std::uint64_t fingerprint_of(ByteView bytes) {
    std::uint64_t hash = 14'695'981'039'346'656'037U;  // FNV-1a
    for (const std::uint8_t byte : bytes) {
        hash = (hash ^ byte) * 1'099'511'628'211U;
    }
    return hash;
}

std::optional<Answer> known_request(const Context& c, const std::string& key,
                                    std::uint64_t fingerprint) {
    if (key.empty()) {
        return std::nullopt;
    }
    const auto found = c.state.requests.find(key);
    if (found == c.state.requests.end()) {
        return std::nullopt;
    }
    if (found->second.fingerprint != fingerprint) {
        return Answer(fail("idempotency.conflict", ErrorKind::conflict));
    }
    return Answer(found->second.ref);
}

void remember_request(Context& c, const std::string& key, std::uint64_t fingerprint,
                      const std::string& ref) {
    if (!key.empty()) {
        c.state.requests[key] = KnownRequest{ref, fingerprint, c.now.business};
    }
}

}  // namespace mb::engine
