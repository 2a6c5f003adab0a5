#include "store/logins.hpp"

#include <gtest/gtest.h>

#include "store/test_engines.hpp"

namespace mb::store {

namespace {

using namespace test;

constexpr Instant noon{1'795'320'000'000'000};

class LoginsTest : public EngineTest {
protected:
    Logins logins_{opened_->database()};
};

MB_ON_EVERY_ENGINE(LoginsTest);

TEST_P(LoginsTest, a_phone_is_one_login) {
    const Login login = logins_.add("13800000001", "林", noon).value();
    EXPECT_EQ(1, login.id.value);
    EXPECT_EQ(2, logins_.add("13800000002", "", noon).value().id.value);
    EXPECT_EQ("login.phone_taken", logins_.add("13800000001", "x", noon).error().code);
    EXPECT_EQ("林", logins_.find_by_phone("13800000001").value().name);
    EXPECT_FALSE(logins_.find_by_phone("13800000009"));
    EXPECT_EQ(noon, logins_.find(login.id).value().created_at);
}

TEST_P(LoginsTest, roles_belong_to_a_project) {
    const LoginId id = logins_.add("13800000001", "林", noon).value().id;
    ASSERT_TRUE(logins_.grant(id, ProjectId{2}, "manager", noon));
    ASSERT_TRUE(logins_.grant(id, ProjectId{1}, "manager", noon));
    ASSERT_EQ(2U, logins_.roles(id).size());
    EXPECT_EQ(ProjectId{1}, logins_.roles(id)[0].project);
    EXPECT_EQ("manager", logins_.role(id, ProjectId{2}).value().role);
    EXPECT_FALSE(logins_.role(id, ProjectId{3}));
    EXPECT_EQ(1U, logins_.logins_of(ProjectId{2}).size());
    logins_.revoke(id, ProjectId{2});
    EXPECT_FALSE(logins_.role(id, ProjectId{2}));
    EXPECT_EQ("login.unknown",
              logins_.grant(LoginId{9}, ProjectId{1}, "manager", noon).error().code);
}

TEST_P(LoginsTest, a_code_works_once_and_within_its_tries) {
    const LoginId id = logins_.add("13800000001", "林", noon).value().id;
    const Hash right = crypto::sha256("123456");
    const Hash wrong = crypto::sha256("654321");
    const auto fresh = [&] { logins_.put_code({id, right, 3, noon, noon + Duration::minutes(5)}); };
    using Verdict = Logins::CodeVerdict;
    EXPECT_EQ(Verdict::none, logins_.try_code(id, right, noon).verdict);
    fresh();
    EXPECT_EQ(2, logins_.try_code(id, wrong, noon).tries_left);
    EXPECT_EQ(Verdict::accepted, logins_.try_code(id, right, noon).verdict);
    EXPECT_EQ(Verdict::none, logins_.try_code(id, right, noon).verdict);
    fresh();
    for (int left = 2; left >= 0; --left) {
        const auto check = logins_.try_code(id, wrong, noon);
        EXPECT_EQ(Verdict::wrong, check.verdict);
        EXPECT_EQ(left, check.tries_left);
    }
    EXPECT_EQ(Verdict::none, logins_.try_code(id, right, noon).verdict);
    fresh();
    EXPECT_EQ(Verdict::none, logins_.try_code(id, right, noon + Duration::minutes(5)).verdict);
}

TEST_P(LoginsTest, sessions_end) {
    const LoginId id = logins_.add("13800000001", "林", noon).value().id;
    const Hash token = crypto::sha256("token");
    const auto put = [&] {
        logins_.put_session({token, id, "csrf", noon, noon, noon + Duration::hours(1)});
    };
    put();
    EXPECT_EQ("csrf", logins_.session(token, noon).value().csrf);
    EXPECT_FALSE(logins_.session(crypto::sha256("other"), noon));
    EXPECT_FALSE(logins_.session(token, noon + Duration::hours(1)));
    ASSERT_TRUE(
        logins_.touch_session(token, noon + Duration::minutes(9), noon + Duration::hours(2)));
    EXPECT_EQ(noon + Duration::minutes(9),
              logins_.session(token, noon + Duration::hours(1)).value().last_seen_at);
    logins_.drop_session(token);
    EXPECT_FALSE(logins_.session(token, noon));
    EXPECT_EQ("session.unknown", logins_.touch_session(token, noon, noon).error().code);
    put();
    ASSERT_TRUE(logins_.set_disabled(id, true));
    ASSERT_TRUE(logins_.set_disabled(id, false));
    EXPECT_FALSE(logins_.session(token, noon)) << "a disabled login's sessions are gone for good";
    put();
    EXPECT_EQ(0, logins_.drop_expired_sessions(noon));
    EXPECT_EQ(1, logins_.drop_expired_sessions(noon + Duration::hours(1)));
}

TEST_P(LoginsTest, a_session_needs_a_login) {
    EXPECT_THROW(logins_.put_session({crypto::sha256("t"), LoginId{7}, "", noon, noon, noon}),
                 writer::StoreConstraint);
}

TEST_P(LoginsTest, a_key_answers_as_the_first_time) {
    const Hash body = crypto::sha256("{}");
    EXPECT_FALSE(logins_.kept(campus, LoginId{1}, "k"));
    logins_.keep(campus, LoginId{1}, "k", {body, 201, R"({"id":"7"})", noon});
    logins_.keep(campus, LoginId{1}, "k", {crypto::sha256("[]"), 409, "{}", noon});
    const KeptAnswer first = logins_.kept(campus, LoginId{1}, "k").value();
    EXPECT_EQ(body, first.body_hash);
    EXPECT_EQ(201, first.status);
    EXPECT_EQ(R"({"id":"7"})", first.body);
    EXPECT_EQ(noon, first.kept_at);
    EXPECT_FALSE(logins_.kept(ProjectId{2}, LoginId{1}, "k"));
    EXPECT_FALSE(logins_.kept(campus, LoginId{2}, "k"));
}

TEST_P(LoginsTest, the_clock_is_kept) {
    EXPECT_FALSE(saved_clock(opened_->database()));
    save_clock(opened_->database(), {noon, noon + Duration::hours(1), 60});
    save_clock(opened_->database(), {noon + Duration::hours(2), noon + Duration::hours(1), 120});
    const SavedClock clock = saved_clock(opened_->database()).value();
    EXPECT_EQ(noon + Duration::hours(2), clock.business);
    EXPECT_EQ(120, clock.speed);
}

}  // namespace

}  // namespace mb::store
