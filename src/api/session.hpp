// Server sessions: a random token in an HttpOnly cookie, its hash in the store. Idle and absolute
// time-outs are wall time. A disabled login ends its sessions at their next use.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/ports.hpp"
#include "api/router.hpp"

namespace mb::api {

struct SessionLimits {
    Duration idle_max = Duration::hours(8);
    Duration age_max = Duration::hours(24);
    Duration touch_each = Duration::minutes(1);  // how exact "last seen" is
};

class Sessions {
public:
    static constexpr std::string_view cookie_name = "meterbook_session";

    Sessions(People& people, SessionLimits limits, bool secure_cookie)
        : people_(people), limits_(limits), secure_cookie_(secure_cookie) {}

    struct Opened {
        Caller caller;
        std::string set_cookie;
    };
    Opened open(const LoginRecord& login, Instant wall);

    /// Who sent this request. Errors: auth.required.
    Result<Caller> find(const net::HttpRequest& request, Instant wall);
    /// Is it still good? For streams that outlive their request.
    bool still_open(const crypto::Digest& token_hash, Instant wall);
    /// Ends it; the header that makes the browser forget the cookie.
    std::string end(const Caller& caller);
    void purge(Instant wall);

private:
    /// The session's login while it is good; else nothing, and the session is gone.
    std::optional<LoginRecord> login_of(const crypto::Digest& token_hash, Instant wall, bool touch);
    void touch_quietly(const SessionRecord& session, Instant wall);
    [[nodiscard]] Instant expiry(const SessionRecord& session, Instant seen) const;
    [[nodiscard]] std::string cookie(std::string_view token, std::int64_t max_age_s) const;

    People& people_;
    SessionLimits limits_;
    bool secure_cookie_;
};

/// From the token alone: the store, which knows its hash only, cannot forge it.
std::string csrf_token(std::string_view session_token);

/// A write must come from our own page: an Origin header, when sent, names the Host asked for.
/// Errors: auth.origin.
Result<void> check_origin(const net::HttpRequest& request);
/// Errors: auth.csrf.
Result<void> check_csrf(const net::HttpRequest& request, const Caller& caller);

}  // namespace mb::api
