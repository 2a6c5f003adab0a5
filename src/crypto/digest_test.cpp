#include "crypto/digest.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace mb::crypto {
namespace {

TEST(Sha256, KnownAnswersOfFips180) {
    EXPECT_EQ(hex_lower(sha256("")),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex_lower(sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    Sha256 million;
    for (int i = 0; i < 1000; ++i) million.update(std::string(1000, 'a'));
    EXPECT_EQ(hex_lower(million.finish()),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    million.update("abc");
    EXPECT_EQ(million.finish(), sha256("abc")) << "finish() starts anew";
}

RC_GTEST_PROP(Sha256, PiecesGiveTheWhole, (const std::vector<std::string>& pieces)) {
    Sha256 streamed;
    std::string whole;
    for (const std::string& piece : pieces) {
        streamed.update(piece);
        whole += piece;
    }
    RC_ASSERT(streamed.finish() == sha256(whole));
}

TEST(Hmac, KnownAnswersOfRfc4231) {
    const Bytes key(20, 0x0b);
    EXPECT_EQ(hex_lower(hmac_sha256(key, as_bytes("Hi There"))),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hex_lower(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    const Bytes long_key(131, 0xaa);
    EXPECT_EQ(hex_lower(hmac_sha256(
                  long_key, as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    EXPECT_EQ(hex_lower(hmac_sha256("", "")),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Compare, SeesEveryDifference) {
    EXPECT_TRUE(equal_constant_time("123456", "123456"));
    EXPECT_FALSE(equal_constant_time("123456", "123457"));
    EXPECT_FALSE(equal_constant_time("023456", "123456"));
    EXPECT_FALSE(equal_constant_time("123456", "12345"));
    EXPECT_TRUE(equal_constant_time("", ""));
}

TEST(Random, TokensDifferAndAreUrlSafe) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const std::string token = random_token(32);
        EXPECT_EQ(token.size(), 43U);
        EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                          "0123456789-_"),
                  std::string::npos);
        seen.insert(token);
    }
    EXPECT_EQ(seen.size(), 1000U);
}

TEST(Random, DigitsAreSpreadEvenly) {
    std::array<int, 10> counts{};
    const std::string digits = random_digits(100'000);
    ASSERT_EQ(digits.size(), 100'000U);
    for (const char c : digits) ++counts.at(static_cast<std::size_t>(c - '0'));
    for (const int count : counts) EXPECT_NEAR(count, 10'000, 700);  // more than 7 sigma
}

TEST(Base64Url, KnownAnswersOfRfc4648) {
    EXPECT_EQ(base64url(as_bytes("")), "");
    EXPECT_EQ(base64url(as_bytes("f")), "Zg");
    EXPECT_EQ(base64url(as_bytes("fo")), "Zm8");
    EXPECT_EQ(base64url(as_bytes("foobar")), "Zm9vYmFy");
    EXPECT_EQ(base64url(Bytes{0xfb, 0xff}), "-_8");
}

}  // namespace
}  // namespace mb::crypto
