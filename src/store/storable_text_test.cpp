#include "store/storable_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mb::store {

namespace {

TEST(StorableText, utf8_without_nul) {
    for (const char* text : {"", "a", "\x7F", "\xC2\x80", "电费", "\xED\x9F\xBF", "\xEE\x80\x80",
                             "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
        EXPECT_TRUE(is_storable_text(text)) << text;
    }
    EXPECT_FALSE(is_storable_text(std::string_view("a\0b", 3)));
    for (const char* text :
         {"\xFF", "\x80", "a\xC2", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80",
          "\xE7\x94", "\xE7\x94z", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80"}) {
        EXPECT_FALSE(is_storable_text(text)) << text;
    }
}

}  // namespace

}  // namespace mb::store
