#include "store/postgres/store_text.hpp"

#include <gtest/gtest.h>

namespace mb::store::postgres {

namespace {

using namespace std::chrono_literals;

void expect_text(const std::string& text, const std::string& conninfo,
                 std::chrono::milliseconds timeout) {
    const StoreText found = parse_store_text(text);
    EXPECT_EQ(conninfo, found.conninfo) << text;
    EXPECT_EQ(timeout, found.answer_timeout) << text;
}

TEST(StoreText, our_word_is_taken_out) {
    expect_text("host=a dbname=b", "host=a dbname=b", 30s);
    expect_text("host=a dbname=b answer_timeout_s=2", "host=a dbname=b", 2s);
    expect_text("answer_timeout_s=2 host=a", "host=a", 2s);
    expect_text("host=a answer_timeout_s=0 dbname=b", "host=a dbname=b", 0s);
    expect_text("answer_timeout_s=5", "", 5s);
    expect_text("postgresql://u@a/b?answer_timeout_s=2", "postgresql://u@a/b", 2s);
    expect_text("postgresql://a/b?answer_timeout_s=2&sslmode=require",
                "postgresql://a/b?sslmode=require", 2s);
    expect_text("postgresql://a/b?sslmode=require&answer_timeout_s=2",
                "postgresql://a/b?sslmode=require", 2s);
}

TEST(StoreText, what_is_no_number_is_left_to_libpq_which_refuses_it) {
    for (const std::string text :
         {"host=a answer_timeout_s=", "host=a answer_timeout_s=2s", "host=a answer_timeout_s=-1",
          "host=a answer_timeout_s=1000000", "host=a my_answer_timeout_s=2"}) {
        expect_text(text, text, 30s);
    }
}

}  // namespace

}  // namespace mb::store::postgres
