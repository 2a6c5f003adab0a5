#include "store/logins.hpp"

#include "crypto/digest.hpp"
#include "store/columns.hpp"
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

/// A row of table idempotency behind its key.
struct KeyRow {
    Hash body_hash{};
    std::int32_t status = 0;
    std::string answer;
    Instant claimed_at;
};

std::optional<KeyRow> find_key(Session& session, ProjectId project, LoginId login,
                               const std::string& key) {
    Statement& row = by_key(session, sql::idempotency_one, project, login, key);
    if (!row.next()) {
        return std::nullopt;
    }
    RowReader reader(row, 3);
    KeyRow out;
    reader.get(out.body_hash);
    reader.get(out.status);
    reader.get(out.answer);
    reader.get(out.claimed_at);
    return out;
}

void put_key(Session& session, ProjectId project, LoginId login, const std::string& key,
             const KeyRow& row) {
    RowBinder(session.statement(sql::idempotency_put))
        .add(project)
        .add(login)
        .add(key)
        .add(row.body_hash)
        .add(row.status)
        .add(row.answer)
        .add(row.claimed_at)
        .run();
}

constexpr std::int64_t the_clock = 1;

}  // namespace

// ---- logins and roles
// ------------------------------------------------------------------------------

Result<Login> Logins::add(const std::string& phone, const std::string& name, Instant now) const {
    const Lease session = database_.write();
    Transaction transaction(*session);
    Statement& same = session->statement(sql::login_of_phone);
    same.bind_text(1, phone);
    if (first<Login>(same)) {
        return fail("login.phone_taken", ErrorKind::conflict);
    }
    Statement& last = session->statement(sql::login_last);
    const std::int64_t id = last.next() ? last.integer(0) + 1 : 1;
    const Login login{LoginId{id}, phone, name, false, now};
    put(*session, sql::login_put, login);
    transaction.commit();
    return login;
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
    const Lease session = database_.write();
    Transaction transaction(*session);
    auto login = first<Login>(by_id(*session, sql::login_one, id));
    if (!login) {
        return fail("login.unknown", ErrorKind::not_found);
    }
    login->disabled = disabled;
    put(*session, sql::login_put, *login);
    if (disabled) {
        by_id(*session, sql::session_drop_of_login, id).run();
        by_id(*session, sql::login_code_drop, id).run();
    }
    transaction.commit();
    return {};
}

Result<void> Logins::grant(LoginId id, ProjectId project, const std::string& role,
                           Instant now) const {
    const Lease session = database_.write();
    Transaction transaction(*session);
    if (!first<Login>(by_id(*session, sql::login_one, id))) {
        return fail("login.unknown", ErrorKind::not_found);
    }
    put(*session, sql::login_role_put, LoginRole{id, project, role, now});
    transaction.commit();
    return {};
}

void Logins::revoke(LoginId id, ProjectId project) const {
    const Lease session = database_.write();
    Transaction transaction(*session);
    Statement& statement = by_id(*session, sql::login_role_revoke, id);
    statement.bind_integer(2, project.value);
    statement.run();
    transaction.commit();
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
    const Lease session = database_.write();
    Transaction transaction(*session);
    put(*session, sql::login_code_put, code);
    transaction.commit();
}

std::optional<SignInCode> Logins::code(LoginId id) const {
    const Lease session = database_.read();
    return first<SignInCode>(by_id(*session, sql::login_code_one, id));
}

Logins::CodeCheck Logins::try_code(LoginId id, const Hash& code_hash, Instant now) const {
    const Lease session = database_.write();
    Transaction transaction(*session);
    auto code = first<SignInCode>(by_id(*session, sql::login_code_one, id));
    if (!code || code->expires_at <= now || code->tries_left <= 0) {
        return {};
    }
    const bool accepted = crypto::equal_constant_time(code->code_hash, code_hash);
    --code->tries_left;
    if (accepted || code->tries_left == 0) {
        by_id(*session, sql::login_code_drop, id).run();
    } else {
        put(*session, sql::login_code_put, *code);
    }
    transaction.commit();
    return {accepted ? CodeVerdict::accepted : CodeVerdict::wrong, code->tries_left};
}

// ---- sessions
// ----------------------------------------------------------------------------------------

void Logins::put_session(const LoginSession& row) const {
    const Lease session = database_.write();
    Transaction transaction(*session);
    put(*session, sql::session_put, row);
    transaction.commit();
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
    const Lease session = database_.write();
    Transaction transaction(*session);
    auto row = first<LoginSession>(by_hash(*session, sql::session_one, token_hash));
    if (!row) {
        return fail("session.unknown", ErrorKind::unauthorized);
    }
    row->last_seen_at = last_seen;
    row->expires_at = expires;
    put(*session, sql::session_put, *row);
    transaction.commit();
    return {};
}

void Logins::drop_session(const Hash& token_hash) const {
    const Lease session = database_.write();
    Transaction transaction(*session);
    by_hash(*session, sql::session_drop, token_hash).run();
    transaction.commit();
}

void Logins::drop_sessions_of(LoginId id) const {
    const Lease session = database_.write();
    Transaction transaction(*session);
    by_id(*session, sql::session_drop_of_login, id).run();
    transaction.commit();
}

std::int64_t Logins::drop_expired_sessions(Instant now) const {
    const Lease session = database_.write();
    Transaction transaction(*session);
    Statement& statement = session->statement(sql::session_drop_expired);
    statement.bind_integer(1, now.us);
    const std::int64_t count = statement.run();
    transaction.commit();
    return count;
}

// ---- idempotency
// -------------------------------------------------------------------------------------

std::optional<KeptKey> Logins::kept(ProjectId project, LoginId login,
                                    const std::string& key) const {
    const Lease session = database_.read();
    const auto row = find_key(*session, project, login, key);
    if (!row) {
        return std::nullopt;
    }
    return KeptKey{row->body_hash, row->status, row->answer, row->claimed_at};
}

ClaimResult Logins::claim(ProjectId project, LoginId login, const std::string& key,
                          const Hash& body_hash, Instant now, Instant stale_before) const {
    const Lease session = database_.write();
    Transaction transaction(*session);
    if (const auto row = find_key(*session, project, login, key)) {
        if (row->body_hash != body_hash) {
            return {Claim::conflict, {}};
        }
        if (row->status != 0) {
            return {Claim::replay, {row->status, row->answer}};
        }
        if (row->claimed_at >= stale_before) {
            return {Claim::running, {}};
        }
    }
    put_key(*session, project, login, key, {body_hash, 0, "", now});
    transaction.commit();
    return {Claim::fresh, {}};
}

Result<void> Logins::finish(ProjectId project, LoginId login, const std::string& key,
                            const IdempotentAnswer& answer) const {
    const Lease session = database_.write();
    Transaction transaction(*session);
    auto row = find_key(*session, project, login, key);
    if (!row) {
        return fail("idempotency.unknown", ErrorKind::internal);
    }
    row->status = answer.status;
    row->answer = answer.body;
    put_key(*session, project, login, key, *row);
    transaction.commit();
    return {};
}

void Logins::release(ProjectId project, LoginId login, const std::string& key) const {
    const Lease session = database_.write();
    Transaction transaction(*session);
    by_key(*session, sql::idempotency_drop, project, login, key).run();
    transaction.commit();
}

// ---- clock
// -------------------------------------------------------------------------------------------

void save_clock(Database& database, const SavedClock& clock) {
    const Lease session = database.write();
    Transaction transaction(*session);
    RowBinder(session->statement(sql::business_clock_put)).add(the_clock).add(clock).run();
    transaction.commit();
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
