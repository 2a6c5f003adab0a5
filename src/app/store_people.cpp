#include "app/store_people.hpp"

#include "app/business_clock.hpp"
#include "crypto/digest.hpp"

#include <algorithm>

namespace mb::app {

namespace {

/// Rows of sessions nobody used for so long may go; the API's own limits are shorter.
constexpr Duration session_row_kept = Duration::days(30);

store::Hash hash_of(const std::string &hex_text) {
    store::Hash out{};
    const auto bytes = parse_hex(hex_text);
    CHECK(bytes && bytes->size() == out.size());
    std::copy(bytes->begin(), bytes->end(), out.begin());
    return out;
}

} // namespace

api::LoginRecord StorePeople::record_of(const store::Login &login) const {
    api::LoginRecord out{login.id, login.phone, login.name, login.disabled, {}};
    for (const store::LoginRole &role : logins_.roles(login.id)) {
        if (role.role == "manager") {
            out.projects.push_back(role.project);
        }
    }
    return out;
}

std::optional<api::LoginRecord> StorePeople::login_by_phone(const std::string &phone) {
    const auto found = logins_.find_by_phone(phone);
    return found ? std::optional(record_of(*found)) : std::nullopt;
}

std::optional<api::LoginRecord> StorePeople::login(LoginId id) {
    const auto found = logins_.find(id);
    return found ? std::optional(record_of(*found)) : std::nullopt;
}

void StorePeople::add_session(const api::SessionRecord &session) {
    store::LoginSession row;
    row.token_hash = hash_of(session.token_hash);
    row.login = session.login;
    row.created_at = session.created_wall_at;
    row.last_seen_at = session.seen_wall_at;
    row.expires_at = session.created_wall_at + session_row_kept;
    logins_.put_session(row);
}

std::optional<api::SessionRecord> StorePeople::session(const std::string &token_hash) {
    const auto row = logins_.session(hash_of(token_hash), wall_now());
    if (!row) {
        return std::nullopt;
    }
    return api::SessionRecord{token_hash, row->login, row->created_at, row->last_seen_at, ""};
}

void StorePeople::touch_session(const std::string &token_hash, Instant seen_wall_at) {
    // A session that ended meanwhile has nothing to touch.
    (void)logins_.touch_session(hash_of(token_hash), seen_wall_at,
                                seen_wall_at + session_row_kept);
}

void StorePeople::end_session(const std::string &token_hash) {
    logins_.drop_session(hash_of(token_hash));
}

void StorePeople::purge_sessions(Instant, Instant) {
    (void)logins_.drop_expired_sessions(wall_now());
}

void StorePeople::add_manager(const std::string &phone, const std::string &name,
                              ProjectId project, Instant wall) {
    auto login = logins_.find_by_phone(phone);
    if (!login) {
        const auto made = logins_.add(phone, name, wall);
        CHECK_MSG(made, made ? "" : made.error().text());
        login = *made;
    }
    const auto role = logins_.role(login->id, project);
    if (!role || role->role != "manager") {
        const auto granted = logins_.grant(login->id, project, "manager", wall);
        CHECK_MSG(granted, granted ? "" : granted.error().text());
    }
}

std::optional<api::KeptAnswer> StoreAnswers::find(ProjectId project, LoginId login,
                                                  const std::string &key) {
    const auto row = logins_.kept(project, login, key);
    if (!row || row->status == 0) {
        return std::nullopt;
    }
    return api::KeptAnswer{crypto::hex_lower(row->body_hash), row->status, row->body,
                           row->claimed_at};
}

void StoreAnswers::keep(ProjectId project, LoginId login, const std::string &key,
                        const api::KeptAnswer &answer) {
    const auto claimed = logins_.claim(project, login, key, hash_of(answer.body_hash),
                                       answer.wall_at, answer.wall_at + Duration::days(1));
    if (claimed.claim == store::Claim::fresh) {
        const auto kept = logins_.finish(project, login, key, {answer.status, answer.body});
        CHECK_MSG(kept, kept ? "" : kept.error().text());
    }
}

void StoreAnswers::purge(Instant) {
    // Kept as long as the database is: a key that moved money must answer the same for ever.
}

} // namespace mb::app
