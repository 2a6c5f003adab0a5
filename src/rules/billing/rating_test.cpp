// rate() as a whole: examples of documents, and that the order in which facts are told, or how
// finely a use is cut inside a stretch, changes no bit of the answer.

#include "rules/billing/rating.hpp"

#include "rules/billing/test_tariffs.hpp"
#include "rules/tariff/test_document.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace mb::rules::billing {
namespace {

using namespace test;
using tariff::TariffDocument;
using tariff::test::document;
using tariff::test::why;

class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    std::int64_t in(std::int64_t from, std::int64_t to) {
        return std::uniform_int_distribution<std::int64_t>(from, to)(engine_);
    }
    template <class T>
    void shuffle(std::vector<T>& list) {
        std::shuffle(list.begin(), list.end(), engine_);
    }

private:
    std::mt19937_64 engine_;
};

std::string joined(const std::vector<std::string>& parts) {
    std::string out;
    for (const std::string& part : parts) {
        out += (out.empty() ? "" : ",") + part;
    }
    return out;
}

Result<RatedBill> rated(const std::vector<TariffDocument>& documents, const std::string& usage) {
    return rate(documents, from_json<Usage>(usage).value(), shanghai(), {});
}

std::string bill(const std::vector<TariffDocument>& documents, const std::string& usage) {
    const auto out = rated(documents, usage);
    return out ? bill_json(*out, false) : out.error().text();
}

// ---- examples --------------------------------------------------------------------------------

std::string with_example(std::string_view usage, std::string_view total) {
    return R"("prices": [{"price": "0.538"}], "examples": [{"name": "e", "usage": )" +
           std::string(usage) + R"(, "total": ")" + std::string(total) + "\"}]";
}

TEST(Rating, AnExampleMustComeOut) {
    const auto judged = [](std::string_view usage, std::string_view total) {
        return why(judge_examples(document(with_example(usage, total)), shanghai(), {}));
    };
    constexpr std::string_view thousand = R"({"quantities": [{"quantity": "1000"}]})";
    EXPECT_EQ(judged(thousand, "538.00"), "");
    EXPECT_EQ(judged(thousand, "538.01"),
              "tariff.wrong_total pointer=/examples/0/total expected=538.01 got=538.00");
    EXPECT_EQ(judged(R"({"quantities": [{"band": "peak", "quantity": "1"}]})", "1"),
              "rate.unknown_band pointer=/examples/0/usage/quantities/0/band band=peak");
    EXPECT_EQ(judged(R"({"quantities": []})", "0"), "");
    EXPECT_EQ(judged("{}", "0"),
              "rate.one_use of=quantities, intervals, readings given=0 pointer=/examples/0/usage");
    const std::string unknown = judged(R"({"quantity": []})", "0");
    EXPECT_NE(unknown.find("pointer=/examples/0/usage"), std::string::npos) << unknown;
    EXPECT_EQ(bill({document(with_example(thousand, "1"))}, std::string(thousand)),
              "tariff.wrong_total pointer=/examples/0/total expected=1.00 got=538.00")
        << "rate refuses the document as well";
}

TEST(Rating, AQuantityIsBilledInTheMonthOfItsDay) {
    EXPECT_EQ(bill({document(R"("prices": [{"price": "0.538"}])")},
                   R"({"on": "2026-05-04", "quantities": [{"quantity": "1000"}]})"),
              R"({"code":"t","total":"538.00","lines":[{"cycle":"2026-05","occupant":1,)"
              R"("item":"energy","band":"flat","tier":1,"version":1,"base_from":null,)"
              R"("quantity":"1000.0000","unit":"kWh","price":"0.538","exact":"538.00",)"
              R"("amount":"538.00"}],"notes":[]})");
}

TEST(Rating, VersionsMustBeOfOneCode) {
    TariffDocument other = document(R"("prices": [{"price": "1"}])", "2026-06-01", 2);
    other.code = "u";
    EXPECT_EQ(bill({document(R"("prices": [{"price": "1"}])"), other}, R"({"quantities": []})"),
              "tariff.code_differs pointer=/code document=2");
    EXPECT_EQ(rated({}, R"({"quantities": []})").error().code, "tariff.none_in_force");
}

TEST(Rating, ThePowerFactorLineShowsItsPercentageAndTheExactSum) {
    const auto out = rated({document(R"("prices": [{"price": "0.7"}],
                                        "power_factor": {"standard": "0.90"})")},
                           R"({"on": "2026-05-04", "quantities": [{"quantity": "7"}],
                               "power_factor": {"2026-05": "0.92"}})")
                         .value();
    ASSERT_EQ(out.lines.size(), 2U);
    EXPECT_EQ(out.lines[1].item, "power_factor");
    EXPECT_EQ(out.lines[1].quantity, "0.92");
    EXPECT_EQ(out.lines[1].price, "-0.30");
    EXPECT_EQ(out.lines[1].exact, "-0.0147");
    EXPECT_EQ(out.lines[1].amount.text(), "-0.01");
    EXPECT_EQ(out.total.text(), "4.89");
}

// ---- order of facts --------------------------------------------------------------------------

/// Tariffs in which much depends on order: tiers in order of time, shares, free units, a total.
std::vector<std::vector<TariffDocument>> tariffs() {
    constexpr std::string_view day_and_night =
        R"("periods": [{"from": "00:00", "to": "08:00", "band": "valley"},
                       {"from": "08:00", "to": "22:00", "band": "peak"},
                       {"from": "22:00", "to": "24:00", "band": "valley"}],)";
    const std::string tiers = std::string(day_and_night) +
                              R"("tier_cycle": "month", "tier_start": "06",
        "tier_limits": ["30", "60"], "tier_add": ["0", "0.05", "0.3"],
        "prices": [{"band": "peak", "price": "0.56825"}, {"band": "valley", "price": "0.28833"}])";
    const std::string more = R"(, "rounding": "total",
        "per_unit": [{"item": "fund", "price": "0.0273"}],
        "fixed": [{"item": "fee", "price": "31", "per": "month", "prorate": true}],
        "allowances": [{"name": "a", "kind": "quantity", "amount": "9", "expires_after_months": 2},
                       {"name": "b", "kind": "money", "amount": "3"}])";
    const std::string ordered = R"(, "tier_split": "time_order")";
    return {{document(tiers)},
            {document(tiers + ordered)},
            {document(tiers + more)},
            {document(tiers + more + ordered)},
            {document(tiers), document(tiers + more, "2026-05-03", 2)},
            {document(tiers + more + ordered), document(tiers + ordered, "2026-05-03", 2)}};
}

struct Part {
    Instant from;
    Instant to;
    std::int64_t units = 0;
};

/// Ten days over the end of April, in parts of up to nine hours, some left out.
std::vector<Part> random_parts(Random& random) {
    std::vector<Part> out;
    Instant at_now = at("2026-04-26T05:00:00+08:00");
    while (out.size() < 40) {
        const Instant next = at_now + Duration::minutes(random.in(1, 540));
        if (random.in(1, 6) > 1) {
            out.push_back({at_now, next, random.in(0, 60'000)});
        }
        at_now = next;
    }
    return out;
}

std::string usage_of(const std::vector<Part>& parts) {
    std::vector<std::string> list;
    for (const Part& part : parts) {
        list.push_back(R"({"from": ")" + utc_text(part.from) + R"(", "to": ")" + utc_text(part.to) +
                       R"(", "quantity": ")" + Quantity{part.units}.text() + "\"}");
    }
    return R"({"intervals": [)" + joined(list) + "]}";
}

TEST(Rating, TheOrderOfIntervalsAndVersionsDoesNotMatter) {
    std::size_t tiers = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Random random(seed);
        for (std::vector<TariffDocument> documents : tariffs()) {
            std::vector<Part> parts = random_parts(random);
            const auto expected = rated(documents, usage_of(parts)).value();
            for (int round = 0; round < 3; ++round) {
                random.shuffle(parts);
                random.shuffle(documents);
                const auto out = rated(documents, usage_of(parts)).value();
                ASSERT_EQ(bill_json(out, true), bill_json(expected, true)) << seed;
            }
            tiers += static_cast<std::size_t>(
                std::count_if(expected.lines.begin(), expected.lines.end(),
                              [](const RatedLine& line) { return line.tier.value_or(0) > 1; }));
        }
    }
    EXPECT_GT(tiers, 100U);
}

TEST(Rating, TheOrderOfReadingsDoesNotMatter) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Random random(seed);
        for (const std::vector<TariffDocument>& documents : tariffs()) {
            std::vector<std::string> list;
            const std::int64_t modulus = 10'000'000;
            std::int64_t total = 9'950'000;
            Instant now = at("2026-04-26T05:00:00+08:00");
            for (int i = 0; i < 40; ++i) {
                const std::string reading = R"({"at": ")" + utc_text(now) + R"(", "total": ")" +
                                            Quantity{total % modulus}.text() + "\"";
                list.push_back(reading + "}");
                if (random.in(1, 5) == 1) {  // what an estimate said does not count any more
                    list.push_back(R"({"at": ")" + utc_text(now) +
                                   R"(", "total": "1", "estimated": true})");
                }
                now = now + Duration::minutes(random.in(1, 540));
                total += random.in(1, 30'000);
            }
            const auto usage = [&] {
                return R"({"meters": [{"id": "A", "ratio": 2, "modulus": "1000"}], "readings": [)" +
                       joined(list) + R"(], "events": [
                    {"kind": "ratio", "meter": "A", "from": "2026-04-29T03:00", "ratio": 3},
                    {"kind": "occupant", "at": "2026-05-02"}]})";
            };
            const std::string expected = bill(documents, usage());
            ASSERT_EQ(expected.substr(0, 9), R"({"code":")") << expected;
            for (int round = 0; round < 3; ++round) {
                random.shuffle(list);
                ASSERT_EQ(bill(documents, usage()), expected) << seed;
            }
        }
    }
}

/// Where an interval that lies in one stretch is cut does not matter, nor how much is in each part.
TEST(Rating, CuttingAnIntervalInsideItsStretchLeavesLinesEqual) {
    int cut = 0;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        Random random(seed);
        for (const std::vector<TariffDocument>& documents : tariffs()) {
            Rig rig;
            for (const TariffDocument& one : documents) {
                rig.accrual.tariff_code_index = rig.publish(one);
            }
            const std::vector<Part> parts = random_parts(random);
            std::vector<Part> finer;
            for (const Part& part : parts) {
                const auto in =
                    stretches_between(rig.facts(), 0, part.from, part.to).value().size();
                if (in > 1 || part.to - part.from < Duration::seconds(2)) {
                    finer.push_back(part);
                    continue;
                }
                const std::int64_t seconds = (part.to - part.from).us / 1'000'000;
                const Instant bound = part.from + Duration::seconds(random.in(1, seconds - 1));
                const std::int64_t first = random.in(0, part.units);
                finer.push_back({part.from, bound, first});
                finer.push_back({bound, part.to, part.units - first});
                ++cut;
            }
            ASSERT_EQ(bill(documents, usage_of(parts)), bill(documents, usage_of(finer))) << seed;
        }
    }
    EXPECT_GT(cut, 1000);
}

}  // namespace
}  // namespace mb::rules::billing
