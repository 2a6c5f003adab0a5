#include "store/logins.hpp"

#include "crypto/digest.hpp"
#include "store/columns.hpp"
#include "store/retrying.hpp"
#include "store/statements/people.hpp"

namespace mb::store {

namespace {

template <class T>
T read_whole(const Statement& row) {
    return RowReader(row).take<T>();
}

template <class T>
std::optional<T> first(Statement& row) {
    if (!row.next()) {
        return std::nullopt;
    }
    return read_whole<T>(row);
}

template <class T>
void put(Session& session, const Sql& sql, const T& row) {
    RowBinder(session.statement(sql)).add(row).run();
}

Statement& by_id(Session& session, const Sql& sql, LoginId id) {
    Statement& statement = session.statement(sql);
    statement.bind_integer(1, id.value);
    return statement;
}

Statement& by_hash(Session& session, const Sql& sql, const Hash& hash) {
    Statement& statement = session.statement(sql);
    statement.bind_blob(1, hash);
    return statement;
}

Statement& by_key(Session& session, const Sql& sql, ProjectId project, LoginId login,
                  const std::string& key) {
    Statement& statement = session.statement(sql);
    statement.bind_integer(1, project.value);
    statement.bind_integer(2, login.value);
    statement.bind_text(3, key);
    return statement;
}

/// One transaction, repeated when another one stood in its way.
template <class Body>
auto change(Database& database, Body&& body) {
    return retrying(database, Durability::now, std::forward<Body>(body));
}

constexpr std::int64_t the_clock = 1;

}  // namespace

// ---- logins and roles
// ------------------------------------------------------------------------------

Result<Login> Logins::add(const std::string& phone, const std::string& name, Instant now) const {
    return change(database_, [&](Session& session) -> Result<Login> {
        Statement& same = session.statement(sql::login_of_phone);
        same.bind_text(1, phone);
        if (first<Login>(same)) {
            return fail("login.phone_taken", ErrorKind::conflict);
        }
        Statement& last = session.statement(sql::login_last);
        const std::int64_t id = last.next() ? last.integer(0) + 1 : 1;
        const Login login{LoginId{id}, phone, name, false, now};
        put(session, sql::login_put, login);
        return login;
    });
}

std::optional<Login> Logins::find(LoginId id) const {
    const Lease session = database_.read();
    return first<Login>(by_id(*session, sql::login_one, id));
}

std::optional<Login> Logins::find_by_phone(const std::string& phone) const {
    const Lease session = database_.read();
    Statement& row = session->statement(sql::login_of_phone);
    row.bind_text(1, phone);
    return first<Login>(row);
}

Result<void> Logins::set_disabled(LoginId id, bool disabled) const {
    return change(database_, [&](Session& session) -> Result<void> {
        auto login = first<Login>(by_id(session, sql::login_one, id));
        if (!login) {
            return fail("login.unknown", ErrorKind::not_found);
        }
        login->disabled = disabled;
        put(session, sql::login_put, *login);
        if (disabled) {
            by_id(session, sql::session_drop_of_login, id).run();
            by_id(session, sql::login_code_drop, id).run();
        }
        return {};
    });
}

Result<void> Logins::grant(LoginId id, ProjectId project, const std::string& role,
                           Instant now) const {
    return change(database_, [&](Session& session) -> Result<void> {
        if (!first<Login>(by_id(session, sql::login_one, id))) {
            return fail("login.unknown", ErrorKind::not_found);
        }
        put(session, sql::login_role_put, LoginRole{id, project, role, now});
        return {};
    });
}

void Logins::revoke(LoginId id, ProjectId project) const {
    change(database_, [&](Session& session) {
        Statement& statement = by_id(session, sql::login_role_revoke, id);
        statement.bind_integer(2, project.value);
        statement.run();
    });
}

std::vector<LoginRole> Logins::roles(LoginId id) const {
    const Lease session = database_.read();
    std::vector<LoginRole> out;
    Statement& row = by_id(*session, sql::login_role_of_login, id);
    while (row.next()) {
        out.push_back(read_whole<LoginRole>(row));
    }
    return out;
}

std::optional<LoginRole> Logins::role(LoginId id, ProjectId project) const {
    const Lease session = database_.read();
    Statement& row = by_id(*session, sql::login_role_one, id);
    row.bind_integer(2, project.value);
    return first<LoginRole>(row);
}

std::vector<LoginRole> Logins::logins_of(ProjectId project) const {
    const Lease session = database_.read();
    std::vector<LoginRole> out;
    Statement& row = session->statement(sql::login_role_of_project);
    row.bind_integer(1, project.value);
    while (row.next()) {
        out.push_back(read_whole<LoginRole>(row));
    }
    return out;
}

// ---- sign-in codes
// -----------------------------------------------------------------------------------

void Logins::put_code(const SignInCode& code) const {
    change(database_, [&](Session& session) { put(session, sql::login_code_put, code); });
}

std::optional<SignInCode> Logins::code(LoginId id) const {
    const Lease session = database_.read();
    return first<SignInCode>(by_id(*session, sql::login_code_one, id));
}

Logins::CodeCheck Logins::try_code(LoginId id, const Hash& code_hash, Instant now) const {
    return change(database_, [&](Session& session) -> CodeCheck {
        auto code = first<SignInCode>(by_id(session, sql::login_code_one, id));
        if (!code || code->expires_at <= now || code->tries_left <= 0) {
            return {};
        }
        const bool accepted = crypto::equal_constant_time(code->code_hash, code_hash);
        --code->tries_left;
        if (accepted || code->tries_left == 0) {
            by_id(session, sql::login_code_drop, id).run();
        } else {
            put(session, sql::login_code_put, *code);
        }
        return {accepted ? CodeVerdict::accepted : CodeVerdict::wrong, code->tries_left};
    });
}

// ---- sessions
// ----------------------------------------------------------------------------------------

void Logins::put_session(const LoginSession& row) const {
    change(database_, [&](Session& session) { put(session, sql::session_put, row); });
}

std::optional<LoginSession> Logins::session(const Hash& token_hash, Instant now) const {
    const Lease session = database_.read();
    auto out = first<LoginSession>(by_hash(*session, sql::session_one, token_hash));
    if (!out || out->expires_at <= now) {
        return std::nullopt;
    }
    const auto login = first<Login>(by_id(*session, sql::login_one, out->login));
    return login && !login->disabled ? out : std::nullopt;
}

Result<void> Logins::touch_session(const Hash& token_hash, Instant last_seen,
                                   Instant expires) const {
    return change(database_, [&](Session& session) -> Result<void> {
        auto row = first<LoginSession>(by_hash(session, sql::session_one, token_hash));
        if (!row) {
            return fail("session.unknown", ErrorKind::unauthorized);
        }
        row->last_seen_at = last_seen;
        row->expires_at = expires;
        put(session, sql::session_put, *row);
        return {};
    });
}

void Logins::drop_session(const Hash& token_hash) const {
    change(database_,
           [&](Session& session) { by_hash(session, sql::session_drop, token_hash).run(); });
}

void Logins::drop_sessions_of(LoginId id) const {
    change(database_,
           [&](Session& session) { by_id(session, sql::session_drop_of_login, id).run(); });
}

std::int64_t Logins::drop_expired_sessions(Instant now) const {
    return change(database_, [&](Session& session) {
        Statement& statement = session.statement(sql::session_drop_expired);
        statement.bind_integer(1, now.us);
        const std::int64_t count = statement.run();
        return count;
    });
}

// ---- idempotency
// -------------------------------------------------------------------------------------

std::optional<KeptAnswer> Logins::kept(ProjectId project, LoginId login,
                                       const std::string& key) const {
    const Lease session = database_.read();
    Statement& row = by_key(*session, sql::idempotency_one, project, login, key);
    if (!row.next()) {
        return std::nullopt;
    }
    RowReader reader(row, 3);
    KeptAnswer out;
    reader.get(out.body_hash);
    reader.get(out.status);
    reader.get(out.body);
    reader.get(out.kept_at);
    return out;
}

void Logins::keep(ProjectId project, LoginId login, const std::string& key,
                  const KeptAnswer& answer) const {
    change(database_, [&](Session& session) {
        RowBinder(session.statement(sql::idempotency_put))
            .add(project)
            .add(login)
            .add(key)
            .add(answer.body_hash)
            .add(answer.status)
            .add(answer.body)
            .add(answer.kept_at)
            .run();
    });
}

// ---- clock
// -------------------------------------------------------------------------------------------

void save_clock(Database& database, const SavedClock& clock) {
    change(database, [&](Session& session) {
        RowBinder(session.statement(sql::business_clock_put)).add(the_clock).add(clock).run();
    });
}

std::optional<SavedClock> saved_clock(Database& database) {
    const Lease session = database.read();
    Statement& row = session->statement(sql::business_clock_all);
    if (!row.next()) {
        return std::nullopt;
    }
    return RowReader(row, 1).take<SavedClock>();
}

}  // namespace mb::store
