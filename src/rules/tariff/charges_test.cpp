#include "rules/tariff/charges.hpp"

#include "rules/tariff/test_document.hpp"

#include <gtest/gtest.h>

namespace mb::rules::tariff {
namespace {

using namespace test;

std::string refused(const std::string& members) {
    const TariffDocument made = document(members);
    const auto judged = judge_charges(made);
    return judged ? why(compile_per_unit(made)) : why(judged);
}

std::string per_unit(const std::string& more, const std::string& item = "fund") {
    return R"({"item": ")" + item + R"(", "name": "n", )" + more + "}";
}

TEST(Charges, APerUnitPriceIsTimesItsShare) {
    const auto prices = compile_per_unit(document(
        R"("per_unit": [{"item": "fund", "price": "0.0273"},
                        {"item": "sewage", "price": "1.10", "share": "0.9"},
                        {"item": "none", "price": "1", "share": "0"}])"));
    ASSERT_EQ(prices->size(), 3U);
    EXPECT_EQ((*prices)[0].text(), "0.0273");
    EXPECT_EQ((*prices)[1].text(), "0.99");
    EXPECT_EQ((*prices)[2].text(), "0.00");
}

TEST(Charges, RefusesBadPerUnitCharges) {
    const auto one = [](const std::string& more) {
        return refused(R"("per_unit": [)" + per_unit(more) + "]");
    };
    EXPECT_EQ(one(R"("price": "10000", "share": "1")"), "");
    EXPECT_EQ(one(R"("price": "-0.01")"), "tariff.negative_price pointer=/per_unit/0/price");
    EXPECT_EQ(one(R"("price": "10000.01")"), "tariff.price_too_high pointer=/per_unit/0/price");
    EXPECT_EQ(one(R"("price": "1", "share": "1.0001")"),
              "tariff.bad_amount pointer=/per_unit/0/share");
    EXPECT_EQ(one(R"("price": "1", "share": "-0.1")"),
              "tariff.bad_amount pointer=/per_unit/0/share");
    EXPECT_EQ(one(R"("price": "0.0000000000001", "share": "0.5")"),
              "tariff.inexact_price pointer=/per_unit/0/share");
    EXPECT_EQ(one(R"("price": "0.0000000000001", "share": "1")"), "");
}

TEST(Charges, ItemsAreCodesEachOnce) {
    const auto item = [](const std::string& name) {
        return refused(R"("per_unit": [)" + per_unit(R"("price": "1")", name) + "]");
    };
    for (const char* good : {"a", "fund_2", "0", "energy_tax"}) {
        EXPECT_EQ(item(good), "") << good;
    }
    EXPECT_EQ(item(std::string(32, 'a')), "");
    for (const std::string& bad :
         {std::string(33, 'a'), std::string(), std::string("Fund"), std::string("a-b"),
          std::string("a b"), std::string("energy"), std::string("free"), std::string("demand"),
          std::string("capacity"), std::string("power_factor"), std::string("subsidy")}) {
        EXPECT_EQ(item(bad), "tariff.bad_item pointer=/per_unit/0/item") << bad;
    }
    EXPECT_EQ(refused(R"("per_unit": [)" + per_unit(R"("price": "1")") + "," +
                      per_unit(R"("price": "1")") + "]"),
              "tariff.bad_item pointer=/per_unit/1/item");
    EXPECT_EQ(refused(R"("per_unit": [)" + per_unit(R"("price": "1")") +
                      R"(], "fixed": [{"item": "fund", "price": "1", "per": "month"}])"),
              "tariff.bad_item pointer=/fixed/0/item");
    std::string many;
    for (int i = 0; i < 33; ++i) {
        many += (i == 0 ? "" : ",") + per_unit(R"("price": "1")", "f" + std::to_string(i));
    }
    EXPECT_EQ(refused(R"("per_unit": [)" + many + "]"), "tariff.bad_item pointer=/per_unit");
}

TEST(Charges, RefusesBadFees) {
    const auto fee = [](const std::string& price) {
        return refused(R"("fixed": [{"item": "rent", "per": "m2_month", "price": ")" + price +
                       "\"}]");
    };
    EXPECT_EQ(fee("0"), "");
    EXPECT_EQ(fee("2.5001"), "");
    EXPECT_EQ(fee("-0.0001"), "tariff.negative_price pointer=/fixed/0/price");
    EXPECT_EQ(fee("1000000.0001"), "tariff.price_too_high pointer=/fixed/0/price");
}

TEST(Charges, DemandWindowsDivideTheHourAndSlidesTheWindow) {
    for (int window = 0; window <= 61; ++window) {
        const bool good = window > 0 && window <= 60 && 60 % window == 0;
        EXPECT_EQ(refused(R"("demand": {"basis": "measured", "price": "40", "window_minutes": )" +
                          std::to_string(window) + "}"),
                  good ? "" : "tariff.bad_window pointer=/demand/window_minutes")
            << window;
    }
    for (int slide = -1; slide <= 31; ++slide) {
        const bool good = slide == 0 || (slide > 0 && slide <= 30 && 30 % slide == 0);
        EXPECT_EQ(refused(R"("demand": {"basis": "measured", "price": "40", "window_minutes": 30,
                              "slide_minutes": )" +
                          std::to_string(slide) + "}"),
                  good ? "" : "tariff.bad_window pointer=/demand/slide_minutes")
            << slide;
    }
    EXPECT_EQ(refused(R"("demand": {"basis": "capacity", "price": "-1"})"),
              "tariff.negative_price pointer=/demand/price");
}

TEST(Charges, RefusesBadAllowances) {
    const auto allowance = [](const std::string& more, const std::string& second = "") {
        return refused(R"("allowances": [{"name": "a", )" + more + "}" + second + "]");
    };
    EXPECT_EQ(allowance(R"("kind": "quantity", "amount": "0.0001")"), "");
    EXPECT_EQ(allowance(R"("kind": "quantity", "amount": "-1")"),
              "tariff.bad_amount pointer=/allowances/0/amount");
    EXPECT_EQ(allowance(R"("kind": "money", "amount": "0.01")"), "");
    EXPECT_EQ(allowance(R"("kind": "money", "amount": "0.001")"),
              "tariff.bad_amount pointer=/allowances/0/amount");
    EXPECT_EQ(allowance(R"("kind": "quantity", "amount": "1", "expires_after_months": 0)"),
              "tariff.bad_amount pointer=/allowances/0/expires_after_months");
    EXPECT_EQ(allowance(R"("kind": "money", "amount": "1", "counts_in_tiers": true)"),
              "tariff.conflicting pointer=/allowances/0/counts_in_tiers with=kind");
    EXPECT_EQ(allowance(R"("kind": "quantity", "amount": "1")",
                        R"(, {"name": "a", "kind": "money", "amount": "1"})"),
              "tariff.bad_item pointer=/allowances/1/name");
    EXPECT_EQ(refused(R"("allowances": [{"name": "", "kind": "money", "amount": "1"}])"),
              "tariff.bad_item pointer=/allowances/0/name");
}

}  // namespace
}  // namespace mb::rules::tariff
