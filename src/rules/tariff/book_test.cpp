#include "rules/tariff/book.hpp"

#include <gtest/gtest.h>

namespace mb::rules::tariff {
namespace {

const Calendar no_calendar;

CivilDate day(std::string_view text) { return CivilDate::parse(text).value(); }

TariffDocument version(std::int32_t number, std::string_view from, std::string_view yuan = "0.5") {
    TariffDocument out;
    out.code = "flat";
    out.name = "Flat";
    out.version = number;
    out.effective_from = day(from);
    out.prices = {{{}, {}, Price::parse(yuan).value()}};
    return out;
}

TEST(TariffBook, VersionInForceIsTheLatestThatBegan) {
    TariffBook book;
    const std::int32_t code = book.publish({1}, version(1, "2026-01-01"), &no_calendar).value();
    EXPECT_EQ(book.publish({2}, version(3, "2026-07-01"), &no_calendar).value(), code);
    EXPECT_EQ(book.publish({3}, version(2, "2026-03-15"), &no_calendar).value(), code);
    EXPECT_EQ(book.in_force(code, day("2025-12-31")), nullptr);
    EXPECT_EQ(book.version_in_force(code, day("2026-01-01"))->id, TariffId{1});
    EXPECT_EQ(book.version_in_force(code, day("2026-03-14"))->id, TariffId{1});
    EXPECT_EQ(book.version_in_force(code, day("2026-03-15"))->id, TariffId{3});
    EXPECT_EQ(book.version_in_force(code, day("2030-01-01"))->id, TariffId{2});
    EXPECT_EQ(book.in_force(code + 1, day("2026-03-15")), nullptr);
    EXPECT_EQ(book.in_force(-1, day("2026-03-15")), nullptr);
    EXPECT_EQ(book.revision(), 3U);
    EXPECT_EQ(book.versions(code).size(), 3U);
    EXPECT_EQ(book.find({9}), nullptr);
}

TEST(TariffBook, RefusesWhatWouldChangeThePast) {
    TariffBook book;
    const std::int32_t code =
        book.publish({1}, version(1, "2026-01-01", "0.5"), &no_calendar).value();
    EXPECT_EQ(book.publish({2}, version(2, "2026-01-01", "0.6"), &no_calendar).error().code,
              "tariff.effective_date_taken");
    EXPECT_EQ(book.publish({2}, version(1, "2026-02-01"), &no_calendar).error().code,
              "tariff.version_exists");
    EXPECT_EQ(book.publish({1}, version(2, "2026-02-01"), &no_calendar).error().code,
              "tariff.duplicate_id");
    TariffDocument water = version(2, "2026-02-01");
    water.commodity = Commodity::water;
    EXPECT_EQ(book.publish({2}, water, &no_calendar).error().code, "tariff.commodity_changed");
    TariffDocument wrong = version(2, "2026-02-01");
    wrong.prices.clear();
    EXPECT_EQ(book.publish({2}, wrong, &no_calendar).error().code, "tariff.missing_price");
    wrong.code = "another";
    EXPECT_FALSE(book.publish({2}, wrong, &no_calendar));
    EXPECT_EQ(book.code_count(), 1);
    EXPECT_EQ(book.revision(), 1U);
    EXPECT_EQ(book.in_force(code, day("2026-06-01"))->price_of(0, Band::flat, 0).text(), "0.50");
}

TEST(TariffBook, BinaryFormKeepsIndexesAndVersions) {
    TariffBook book;
    TariffDocument other = version(1, "2026-01-01");
    other.code = "aaa";
    ASSERT_EQ(book.publish({7}, version(1, "2026-05-01"), &no_calendar).value(), 0);
    ASSERT_EQ(book.publish({8}, other, &no_calendar).value(), 1);
    ASSERT_EQ(book.publish({9}, version(2, "2026-02-01"), &no_calendar).value(), 0);
    const Bytes bytes = to_binary(book);
    const TariffBook again = from_binary<TariffBook>(bytes).value();
    EXPECT_EQ(again.code_index("aaa"), 1);
    EXPECT_EQ(again.code_index("bbb"), std::nullopt);
    EXPECT_EQ(again.version_in_force(0, day("2026-03-01"))->id, TariffId{9});
    EXPECT_EQ(to_binary(again), bytes);
    Bytes cut = bytes;
    cut.resize(bytes.size() / 2);
    EXPECT_FALSE(from_binary<TariffBook>(cut));
}

}  // namespace
}  // namespace mb::rules::tariff
