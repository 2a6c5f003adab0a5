#include "api/sign_in.hpp"

#include <gtest/gtest.h>

namespace mb::api {
namespace {

constexpr Instant t0{1'000'000'000'000'000};
const std::string phone = "13800000001";

std::string wrong(const std::string& code) { return (code[0] == '9' ? "0" : "9") + code.substr(1); }

std::string outcome(const Result<void>& result) { return result ? "ok" : result.error().text(); }

TEST(CodeBook, ACodeWorksOnceWithinFiveMinutes) {
    CodeBook book({});
    const auto code = book.issue(phone, "p", t0);
    ASSERT_TRUE(code);
    EXPECT_EQ(code->size(), 6U);
    EXPECT_EQ(outcome(book.redeem(phone, *code, "p", t0 + Duration::seconds(299))), "ok");
    EXPECT_EQ(outcome(book.redeem(phone, *code, "p", t0 + Duration::seconds(299))),
              "auth.code_expired");

    const auto late = book.issue(phone, "p", t0 + Duration::minutes(10));
    ASSERT_TRUE(late);
    EXPECT_EQ(outcome(book.redeem(phone, *late, "p", t0 + Duration::minutes(15))),
              "auth.code_expired");
    EXPECT_EQ(outcome(book.redeem("13900000000", "123456", "p", t0)), "auth.code_expired");
}

TEST(CodeBook, FiveTriesAndTheCodeIsVoid) {
    CodeBook book({});
    const std::string code = *book.issue(phone, "p", t0);
    for (int left = 4; left >= 0; --left) {
        EXPECT_EQ(outcome(book.redeem(phone, wrong(code), "p", t0)),
                  "auth.bad_code tries_left=" + std::to_string(left));
    }
    EXPECT_EQ(outcome(book.redeem(phone, code, "p", t0)), "auth.code_expired");
}

TEST(CodeBook, FailuresLockPhoneAndPeerTogether) {
    SignInLimits limits;
    limits.resend_after = Duration::seconds(0);
    CodeBook book(limits);
    for (int i = 0; i < 10; ++i) {
        const std::string code = *book.issue(phone, "p", t0 + Duration::seconds(i));
        (void)book.redeem(phone, wrong(code), "bad", t0 + Duration::seconds(i));
    }
    const std::string code = *book.issue("13800000002", "p", t0 + Duration::seconds(10));
    EXPECT_EQ(outcome(book.redeem(phone, code, "bad", t0 + Duration::seconds(60))),
              "auth.rate_limited retry_after_s=840");
    EXPECT_EQ(outcome(book.redeem("13800000002", code, "bad", t0 + Duration::seconds(60))), "ok")
        << "another phone from there";
    EXPECT_EQ(outcome(book.redeem(phone, "000000", "elsewhere", t0 + Duration::seconds(60)))
                  .substr(0, 13),
              "auth.bad_code");
}

TEST(CodeBook, CodesAreRationed) {
    CodeBook book({});
    ASSERT_TRUE(book.issue(phone, "p", t0));
    auto again = book.issue(phone, "p", t0 + Duration::seconds(12));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().text(), "auth.rate_limited retry_after_s=48");
    for (int i = 1; i < 10; ++i) {
        ASSERT_TRUE(book.issue(phone, "p", t0 + Duration::minutes(i)));
    }
    again = book.issue(phone, "p", t0 + Duration::minutes(10));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, "auth.rate_limited");
    EXPECT_TRUE(book.issue(phone, "p", t0 + Duration::minutes(61)));

    SignInLimits limits;
    limits.codes_per_peer_max = 3;
    CodeBook few(limits);
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(few.issue("1380000000" + std::to_string(i), "p", t0));
    }
    EXPECT_FALSE(few.issue("13800000009", "p", t0));
    EXPECT_TRUE(few.issue("13800000009", "q", t0));
}

TEST(CodeBook, MemoryIsBounded) {
    SignInLimits limits;
    limits.entries_max = 100;
    limits.codes_per_peer_max = 1'000'000;
    CodeBook book(limits);
    for (int i = 0; i < 10'000; ++i) {
        const std::string someone = "1" + std::to_string(3'000'000'000LL + i);
        const std::string code = *book.issue(someone, std::to_string(i), t0);
        ASSERT_EQ(outcome(book.redeem(someone, code, std::to_string(i), t0)), "ok")
            << "the newest is never forgotten";
    }
}

TEST(MaskedPhone, ShowsSevenDigits) { EXPECT_EQ(masked_phone("13800000001"), "138****0001"); }

}  // namespace
}  // namespace mb::api
