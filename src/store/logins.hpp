// Who may sign in: logins, their roles, sign-in codes, sessions; and the keys that make a repeated
// request answer as the first. Short transactions of their own beside the writer's. All times are
// wall time. Secrets come in hashed (crypto::sha256): what is stored opens nothing. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/describe.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "store/database.hpp"
#include "writer/store.hpp"

namespace mb::store {

using writer::Hash;

/// Table login.
struct Login {
    LoginId id;
    std::string phone;
    std::string name;
    bool disabled = false;
    Instant created_at;
};
MB_DESCRIBE(Login, (id, phone, name, disabled, created_at))

/// Table login_role: what a login is in a project ("manager").
struct LoginRole {
    LoginId login;
    ProjectId project;
    std::string role;
    Instant granted_at;
};
MB_DESCRIBE(LoginRole, (login, project, role, granted_at))

/// Table login_code: the one code that can sign a login in.
struct SignInCode {
    LoginId login;
    Hash code_hash{};
    std::int32_t tries_left = 0;
    Instant created_at;
    Instant expires_at;
};
MB_DESCRIBE(SignInCode, (login, code_hash, tries_left, created_at, expires_at))

/// Table session.
struct LoginSession {
    Hash token_hash{};
    LoginId login;
    std::string csrf;
    Instant created_at;
    Instant last_seen_at;
    Instant expires_at;
};
MB_DESCRIBE(LoginSession, (token_hash, login, csrf, created_at, last_seen_at, expires_at))

/// Table idempotency: the answer to a request that carried a key.
struct KeptAnswer {
    Hash body_hash{};         // of the request
    std::int32_t status = 0;  // HTTP
    std::string body;
    Instant kept_at;
};

class Logins {
public:
    explicit Logins(Database& database) : database_(database) {}

    // ---- logins and roles ----
    /// Errors: login.phone_taken.
    [[nodiscard]] Result<Login> add(const std::string& phone, const std::string& name,
                                    Instant now) const;
    [[nodiscard]] std::optional<Login> find(LoginId id) const;
    [[nodiscard]] std::optional<Login> find_by_phone(const std::string& phone) const;
    /// A disabled login loses its sessions and its code at once. Errors: login.unknown.
    Result<void> set_disabled(LoginId id, bool disabled) const;
    /// Replaces the role held there. Errors: login.unknown.
    Result<void> grant(LoginId id, ProjectId project, const std::string& role, Instant now) const;
    void revoke(LoginId id, ProjectId project) const;
    /// By project.
    [[nodiscard]] std::vector<LoginRole> roles(LoginId id) const;
    [[nodiscard]] std::optional<LoginRole> role(LoginId id, ProjectId project) const;
    [[nodiscard]] std::vector<LoginRole> logins_of(ProjectId project) const;

    // ---- sign-in codes ----
    /// Replaces the one before.
    void put_code(const SignInCode& code) const;
    [[nodiscard]] std::optional<SignInCode> code(LoginId id) const;
    enum class CodeVerdict : std::uint8_t { accepted, wrong, none };
    struct CodeCheck {
        CodeVerdict verdict = CodeVerdict::none;  // none: no code, expired, or tries used up
        std::int32_t tries_left = 0;
    };
    /// One try. An accepted code is gone, so is one whose last try failed: no two requests share a
    /// try.
    [[nodiscard]] CodeCheck try_code(LoginId id, const Hash& code_hash, Instant now) const;

    // ---- sessions ----
    void put_session(const LoginSession& session) const;
    /// Not expired, login not disabled.
    [[nodiscard]] std::optional<LoginSession> session(const Hash& token_hash, Instant now) const;
    /// Errors: session.unknown.
    Result<void> touch_session(const Hash& token_hash, Instant last_seen, Instant expires) const;
    void drop_session(const Hash& token_hash) const;
    void drop_sessions_of(LoginId id) const;
    /// How many went.
    std::int64_t drop_expired_sessions(Instant now) const;

    // ---- idempotency ----
    [[nodiscard]] std::optional<KeptAnswer> kept(ProjectId project, LoginId login,
                                                 const std::string& key) const;
    /// Whole or not at all; the first answer to a key stays.
    void keep(ProjectId project, LoginId login, const std::string& key,
              const KeptAnswer& answer) const;

private:
    Database& database_;
};

/// Table business_clock: where business time stood (design §2).
struct SavedClock {
    Instant business;
    Instant wall;
    std::int32_t speed = 1;
};
MB_DESCRIBE(SavedClock, (business, wall, speed))

void save_clock(Database& database, const SavedClock& clock);
std::optional<SavedClock> saved_clock(Database& database);

}  // namespace mb::store
