#include "api/session.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "crypto/digest.hpp"
#include "writer/store.hpp"

namespace mb::api {

std::string csrf_token(std::string_view session_token) {
    const crypto::Digest full = crypto::hmac_sha256(session_token, "meterbook csrf");
    return crypto::hex_lower(ByteView(full).first(16));
}

Sessions::Opened Sessions::open(const LoginRecord& login, Instant wall) {
    const std::string token = crypto::random_token(32);
    SessionRecord row;
    row.token_hash = crypto::sha256(token);
    row.login = login.id;
    row.created_wall_at = wall;
    row.seen_wall_at = wall;
    row.expires_wall_at = expiry(row, wall);
    people_.add_session(row);
    Opened out;
    out.caller = {login, row.token_hash, csrf_token(token)};
    out.set_cookie = cookie(token, limits_.age_max.us / 1'000'000);
    return out;
}

Result<Caller> Sessions::find(const net::HttpRequest& request, Instant wall) {
    const std::string_view token = request.cookie(cookie_name);
    if (token.size() != 43) return fail("auth.required", ErrorKind::unauthorized);
    const crypto::Digest hash = crypto::sha256(token);
    auto login = login_of(hash, wall, true);
    if (!login) return fail("auth.required", ErrorKind::unauthorized);
    return Caller{std::move(*login), hash, csrf_token(token)};
}

bool Sessions::still_open(const crypto::Digest& token_hash, Instant wall) {
    return login_of(token_hash, wall, false).has_value();
}

std::string Sessions::end(const Caller& caller) {
    people_.end_session(caller.token_hash);
    return cookie("", 0);
}

void Sessions::purge(Instant wall) { people_.purge_sessions(wall); }

Instant Sessions::expiry(const SessionRecord& session, Instant seen) const {
    return std::min(session.created_wall_at + limits_.age_max, seen + limits_.idle_max);
}

std::optional<LoginRecord> Sessions::login_of(const crypto::Digest& token_hash, Instant wall,
                                              bool touch) {
    const auto session = people_.session(token_hash, wall);
    if (!session) return std::nullopt;
    auto login = people_.login(session->login);
    if (!login || login->disabled) {
        people_.end_session(token_hash);
        return std::nullopt;
    }
    if (touch && session->seen_wall_at + limits_.touch_each <= wall) {
        touch_quietly(*session, wall);
    }
    return login;
}

/// Reading goes on when the store can no longer be written; the session then ends a little early.
void Sessions::touch_quietly(const SessionRecord& session, Instant wall) {
    try {
        people_.touch_session(session.token_hash, wall, expiry(session, wall));
    } catch (const writer::StoreUnavailable& broken) {
        log::warn("api: a session could not be kept alive: {}", broken.what());
    }
}

std::string Sessions::cookie(std::string_view token, std::int64_t max_age_s) const {
    std::string out(cookie_name);
    out += '=';
    out += token;
    out += "; Path=/; HttpOnly; SameSite=Lax; Max-Age=" + std::to_string(max_age_s);
    if (secure_cookie_) out += "; Secure";
    return out;
}

Result<void> check_origin(const net::HttpRequest& request) {
    if (!request.headers.has("origin")) return {};
    const std::string_view origin = request.headers.get("origin");
    const std::size_t scheme = origin.find("://");
    if (scheme == std::string_view::npos ||
        origin.substr(scheme + 3) != request.headers.get("host")) {
        return fail("auth.origin", ErrorKind::forbidden);
    }
    return {};
}

Result<void> check_csrf(const net::HttpRequest& request, const Caller& caller) {
    if (!crypto::equal_constant_time(request.headers.get("x-csrf-token"), caller.csrf)) {
        return fail("auth.csrf", ErrorKind::forbidden);
    }
    return {};
}

}  // namespace mb::api
