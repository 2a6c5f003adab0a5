#include "rules/tariff/caps.hpp"

#include "rules/tariff/test_document.hpp"

#include <gtest/gtest.h>

namespace mb::rules::tariff {
namespace {

using namespace test;

/// What compiling says of a shared home at 0.60 under one cap.
std::string under(const std::string& cap,
                  const std::string& more = R"("prices": [{"price": "0.6"}])",
                  const std::string& from = "2026-01-01") {
    return why(compile(
        document(R"("user_class": "shared", "caps": [{)" + cap + "}], " + more, from), nullptr));
}

const std::string shared = R"("class": "shared", "from": "2025-01-01", "price": )";

TEST(Caps, ACapMayBeReachedButNotPassed) {
    EXPECT_EQ(under(shared + R"("0.6")"), "");
    EXPECT_EQ(under(shared + R"("0.5999999999999")"),
              "tariff.above_cap pointer=/prices/0/price cap=0.5999999999999 class=shared "
              "from=2026-01-01 price=0.60 band=flat tier=1");
    EXPECT_EQ(under(shared + R"("0")", R"("prices": [{"price": "0"}])"), "");
}

TEST(Caps, OnlyOfTheOwnClass) {
    EXPECT_EQ(under(R"("class": "other", "from": "2025-01-01", "price": "0.1")"), "");
    EXPECT_EQ(why(compile(document(R"("prices": [{"price": "0.6"}], "caps": [
                    {"class": "shared", "from": "2025-01-01", "price": "0.1"}])"),
                          nullptr)),
              "")
        << "a document without class";
}

TEST(Caps, PerUnitPricesCountWithTheirShare) {
    const std::string charges = R"("prices": [{"price": "0.6"}], "per_unit": [
            {"item": "a", "price": "0.02"}, {"item": "b", "price": "0.1", "share": "0.5"}])";
    EXPECT_EQ(under(shared + R"("0.67")", charges), "");
    EXPECT_EQ(under(shared + R"("0.6699")", charges),
              "tariff.above_cap pointer=/prices/0/price cap=0.6699 class=shared from=2026-01-01 "
              "price=0.67 band=flat tier=1");
}

TEST(Caps, OnlyOnDaysOnWhichBothHold) {
    const std::string low = R"("price": "0.1", "class": "shared", )";
    EXPECT_EQ(under(low + R"("from": "2025-01-01", "to": "2025-12-31")"), "");
    EXPECT_EQ(under(low + R"("from": "2025-01-01", "to": "2026-01-01")"),
              "tariff.above_cap pointer=/prices/0/price cap=0.10 class=shared from=2026-01-01 "
              "price=0.60 band=flat tier=1");
    EXPECT_EQ(under(low + R"("from": "2030-05-01")"),
              "tariff.above_cap pointer=/prices/0/price cap=0.10 class=shared from=2030-05-01 "
              "price=0.60 band=flat tier=1")
        << "no one knows when the next version comes";
}

TEST(Caps, ABasePriceIsJudgedOnItsOwnDates) {
    const std::string bases =
        R"("ratios": [{"band": "flat", "ratio": "1"}], "base_prices": [
           {"from": "2025-12-01", "to": "2026-01-31", "price": "0.9"},
           {"from": "2026-02-01", "to": "2026-02-28", "price": "0.6"},
           {"from": "2026-03-01", "to": "2026-03-31", "price": "0.8"}])";
    const auto cap = [&](const char* from, const char* to, const char* effective = "2026-01-01") {
        return under(R"("class": "shared", "price": "0.7", "from": ")" + std::string(from) +
                         R"(", "to": ")" + to + "\"",
                     bases, effective);
    };
    EXPECT_EQ(cap("2026-02-01", "2026-02-28"), "");
    EXPECT_EQ(cap("2026-04-01", "2026-12-31"), "") << "behind the last announced price";
    EXPECT_EQ(cap("2025-12-01", "2025-12-31"), "") << "before the version is in force";
    EXPECT_EQ(cap("2025-12-01", "2026-01-15", "2026-02-01"), "");
    EXPECT_EQ(cap("2026-02-01", "2026-03-01"),
              "tariff.above_cap pointer=/base_prices/2/price cap=0.70 class=shared "
              "from=2026-03-01 price=0.80 band=flat tier=1");
    EXPECT_EQ(cap("2026-01-31", "2026-02-28"),
              "tariff.above_cap pointer=/base_prices/0/price cap=0.70 class=shared "
              "from=2026-01-31 price=0.90 band=flat tier=1");
}

TEST(Caps, EveryBandAndTierIsJudgedAndNamedAtItsPlace) {
    const std::string prices =
        R"("periods": [{"from": "00:00", "to": "08:00", "band": "valley"},
                       {"from": "08:00", "to": "24:00", "band": "peak"}],
           "tier_cycle": "month", "tier_limits": ["10"],
           "prices": [{"band": "peak", "tier": 1, "price": "0.5"},
                      {"band": "valley", "price": "0.2"},
                      {"band": "peak", "tier": 2, "price": "0.9"}])";
    EXPECT_EQ(under(shared + R"("0.8")", prices),
              "tariff.above_cap pointer=/prices/2/price cap=0.80 class=shared from=2026-01-01 "
              "price=0.90 band=peak tier=2");
    EXPECT_EQ(under(shared + R"("0.9")", prices), "");
    EXPECT_EQ(under(shared + R"("0.9")",
                    R"("tier_cycle": "month", "tier_limits": ["10"],
                       "prices": [{"price": "0.7"}], "tier_add": ["0", "0.3"])"),
              "tariff.above_cap pointer=/prices/0/price cap=0.90 class=shared from=2026-01-01 "
              "price=1.00 band=flat tier=2");
}

TEST(Caps, TheListOfAProjectHasItsOwnPlaces) {
    const TariffDocument made = document(R"("user_class": "shared", "prices": [{"price": "0.6"}])");
    const CompiledTariff compiled = compile(made, nullptr).value();
    const auto judge = [&](PriceCap cap) {
        return why(judge_caps(made, compiled, {std::move(cap)}, "/settings/caps"));
    };
    EXPECT_EQ(judge({"shared", on("2026-01-01"), {}, yuan("0.7"), ""}), "");
    EXPECT_EQ(judge({"shared", on("2026-01-01"), on("2025-12-31"), yuan("0.7"), ""}),
              "tariff.reversed_period pointer=/settings/caps/0");
    EXPECT_EQ(judge({"other", on("2026-01-01"), {}, {-1}, ""}),
              "tariff.negative_price pointer=/settings/caps/0/price");
    EXPECT_EQ(judge({"shared", on("2026-07-01"), {}, yuan("0.5"), ""}),
              "tariff.above_cap pointer=/prices/0/price cap=0.50 class=shared from=2026-07-01 "
              "price=0.60 band=flat tier=1");
}

}  // namespace
}  // namespace mb::rules::tariff
