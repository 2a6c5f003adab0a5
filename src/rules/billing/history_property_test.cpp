// The fold of a point's history against `rate`, which reads the same facts from a usage document in
// another way, and against the oracle by that. A failing case prints its seed: run it again with
// MB_RATING_SEED.
#include "base/test_random.hpp"
#include "rules/billing/history.hpp"
#include "rules/billing/rating.hpp"
#include "rules/billing/settle.hpp"
#include "rules/billing/test_tariffs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace mb::rules::billing {
namespace {

using mb::test::Random;
using namespace test;
using metering::DayReading;
using metering::Outcome;
using metering::OutcomeReason;

tariff::TariffDocument document(Random& random, std::int32_t version, CivilDate from) {
    tariff::TariffDocument out = flat("0");
    out.code = "t";
    out.version = version;
    out.effective_from = from;
    out.rounding = random.one_in(2) ? tariff::RoundingPlace::line : tariff::RoundingPlace::total;
    out.periods = {{"00:00", "07:30", tariff::Band::valley},
                   {"07:30", "24:00", tariff::Band::peak}};
    out.tier_cycle = random.one_in(2) ? tariff::TierCycle::month : tariff::TierCycle::year;
    out.tier_split = random.one_in(2) ? tariff::TierSplit::share : tariff::TierSplit::time_order;
    out.tier_limits = {{random.in(1, 900'000)}};
    out.prices.clear();
    for (const auto band : {tariff::Band::valley, tariff::Band::peak}) {
        for (std::int32_t tier = 1; tier <= 2; ++tier) {
            out.prices.push_back({band, tier, {random.in(0, 20'000) * 1'000'000'000}});
        }
    }
    if (random.one_in(2)) {
        out.fixed.push_back({});
        out.fixed.back().item = "fee";
        out.fixed.back().price = {random.in(1, 990'000)};
        out.fixed.back().prorate = random.one_in(2);
    }
    return out;
}

struct Case {
    std::vector<tariff::TariffDocument> documents;
    Usage usage;
    PointHistory history;
};

class Making {
public:
    explicit Making(std::uint64_t seed) : random_(seed), zone_(shanghai()) {}

    Case run() {
        start_ = zone_.instant(day("2026-11-10"), static_cast<int>(random_.in(0, 1439)));
        end_ = start_ + Duration::days(random_.in(4, 70));
        out_.documents.push_back(document(random_, 1, day("2026-01-01")));
        if (random_.one_in(2)) {
            out_.documents.push_back(
                document(random_, 2, zone_.date(start_) + static_cast<int>(random_.in(1, 30))));
        }
        meters();
        occupants();
        random_.shuffle(*out_.usage.readings);
        for (PointMeter& meter : out_.history.meters) {
            random_.shuffle(meter.readings);
        }
        return std::move(out_);
    }

private:
    Instant between(Instant from, Instant to) {
        return from + Duration::minutes(random_.in(1, (to - from).us / 60'000'000 - 1));
    }

    void put(PointMeter& meter, Instant at, std::int64_t shown, OutcomeReason reason) {
        metering::Registers registers;
        registers.value[0] = {shown};
        meter.readings.push_back({at, registers, Outcome::charged, reason});
        UsageReading reading;
        reading.meter = meter.id.text();
        reading.at = zone_.text(at);
        reading.total = {shown};
        out_.usage.readings->push_back(reading);
    }

    std::int64_t one_meter(std::int64_t id, Instant from, Instant to, std::int64_t shown) {
        PointMeter meter;
        meter.id = MeterId{id};
        meter.spec.modulus_units = 10'000'000'000;
        meter.spec.ratio = static_cast<std::int32_t>(random_.one_in(2) ? 1 : random_.in(2, 50));
        meter.from = from;
        meter.to = to == end_ ? Instant{} : to;
        out_.usage.meters.push_back(
            {meter.id.text(), meter.spec.ratio, Quantity{meter.spec.modulus_units}, {}});
        if (random_.one_in(2)) {
            const RatioFrom change{between(from, to), static_cast<std::int32_t>(random_.in(1, 90))};
            meter.ratios.push_back(change);
            UsageEvent event;
            event.kind = UsageEventKind::ratio;
            event.meter = meter.id.text();
            event.from = zone_.text(change.from);
            event.ratio = change.ratio;
            out_.usage.events.push_back(event);
        }
        put(meter, from, shown, OutcomeReason::first);
        Instant at = from;
        while ((at = at + Duration::minutes(random_.in(10, 2'000))) < to) {
            shown = (shown + random_.in(0, 80'000)) % meter.spec.modulus_units;
            const bool late = random_.one_in(8);
            put(meter, at, shown, late ? OutcomeReason::late : OutcomeReason::none);
            if (late) {
                meter.readings.back().outcome = Outcome::excluded;
            }
        }
        shown = (shown + random_.in(1, 80'000)) % meter.spec.modulus_units;
        put(meter, to, shown, OutcomeReason::none);
        out_.history.meters.push_back(meter);
        return shown;
    }

    void meters() {
        out_.usage.readings.emplace();
        const std::int64_t shown = random_.one_in(3) ? 9'999'950'000 : random_.in(1, 1'000'000);
        if (random_.one_in(2)) {
            one_meter(1, start_, end_, shown);
            return;
        }
        const Instant change = between(start_, end_);
        one_meter(1, start_, change, shown);
        one_meter(2, change, end_, random_.in(1, 1'000'000));
    }

    void occupants() {
        out_.usage.terms.in_service_from = zone_.date(start_);
        out_.usage.terms.in_service_to = zone_.date({end_.us - 1}) + 1;
        PointAgreement first;
        first.id = AgreementId{1};
        first.tariff_code_index = 0;
        first.from = start_;
        first.terms.in_service_from = first.terms.tiers_from = zone_.date(start_);
        first.terms.in_service_to = first.terms.tiers_to = out_.usage.terms.in_service_to;
        first.settle_to = cycle_of(*first.terms.in_service_to + -1);
        out_.history.agreements.push_back(first);
        const CivilDate moved = zone_.date(between(start_, end_));
        if (random_.one_in(2) || zone_.instant(moved) <= start_) {
            return;
        }
        PointAgreement& before = out_.history.agreements[0];
        PointAgreement next = before;
        UsageEvent event;
        event.kind = UsageEventKind::occupant;
        event.at = moved.text();
        event.keeps_tiers = random_.one_in(2);
        out_.usage.events.push_back(event);
        before.to = next.from = zone_.instant(moved);
        before.terms.in_service_to = next.terms.in_service_from = moved;
        before.settle_to = cycle_of(moved + -1);
        next.id = AgreementId{2};
        if (event.keeps_tiers) {
            next.continues = before.id;
        } else {
            before.terms.tiers_to = next.terms.tiers_from = moved;
        }
        out_.history.agreements.push_back(next);
    }

    Random random_;
    Zone zone_;
    Instant start_;
    Instant end_;
    Case out_;
};

std::string said(const std::string& cycle, std::int32_t occupant, const std::string& item,
                 const std::string& key, const std::string& quantity, const std::string& exact,
                 Money amount) {
    return cycle + " " + std::to_string(occupant) + " " + item + " " + key + ": " + quantity +
           " = " + exact + " → " + amount.text();
}

std::vector<std::string> lines_of(const RatedBill& bill) {
    std::vector<std::string> out;
    for (const RatedLine& line : bill.lines) {
        const std::string band = line.band ? std::string(enum_text(*line.band)) : "";
        out.push_back(said(
            line.cycle, line.occupant, line.item,
            std::to_string(line.version) + " " + band + " " + std::to_string(line.tier.value_or(0)),
            line.quantity, line.exact, line.amount));
    }
    std::sort(out.begin(), out.end());
    return out;
}

std::vector<std::string> lines_of(const PointRating& rating, const tariff::TariffBook& book) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < rating.agreements.size(); ++i) {
        const AgreementAccrual& accrual = rating.agreements[i].accrual;
        const auto targets = posting_targets(accrual);
        for (std::size_t k = 0; k < targets.size(); ++k) {
            const BillLine& line = accrual.lines[k];
            if (line.quantity.units == 0 && targets[k].fen == 0) {
                continue;
            }
            const auto& version = *book.find(line.key.version);
            const bool banded =
                line.key.item == LineItem::energy || line.key.item == LineItem::free;
            out.push_back(said(cycle_text(line.key.cycle), static_cast<std::int32_t>(i) + 1,
                               item_name(version, line.key),
                               std::to_string(version.document.version) + " " +
                                   (banded ? std::string(enum_text(line.key.band)) : "") + " " +
                                   std::to_string(line.key.tier),
                               line.quantity.text(), line.exact.text(), targets[k]));
        }
    }
    std::sort(out.begin(), out.end());
    return out;
}

TEST(HistoryProperty, AFoldedHistoryComesToWhatRateSays) {
    const char* const wished = std::getenv("MB_RATING_SEED");
    const std::uint64_t from = wished != nullptr ? std::strtoull(wished, nullptr, 10) : 1;
    const std::uint64_t to = wished != nullptr ? from : 400;
    for (std::uint64_t seed = from; seed <= to; ++seed) {
        const Case one = Making(seed).run();
        const Calendar calendar;
        tariff::TariffBook book;
        for (std::size_t i = 0; i < one.documents.size(); ++i) {
            ASSERT_TRUE(book.publish(TariffId{static_cast<std::int64_t>(i) + 1}, one.documents[i],
                                     &calendar));
        }
        const auto bill = rate(one.documents, one.usage, shanghai(), calendar);
        ASSERT_TRUE(bill) << bill.error().text() << " MB_RATING_SEED=" << seed;
        const auto rating = rate_point(book, calendar, shanghai(), one.history, true);
        ASSERT_TRUE(rating) << rating.error().text() << " MB_RATING_SEED=" << seed;
        ASSERT_EQ(lines_of(*rating, book), lines_of(*bill)) << "MB_RATING_SEED=" << seed;
    }
}

DayReading reading(std::string_view when, std::string_view total, OutcomeReason reason = {},
                   Outcome outcome = Outcome::charged) {
    metering::Registers registers;
    registers.value[0] = kwh(total);
    return {at(when), registers, outcome, reason};
}

struct OneMeter {
    tariff::TariffBook book;
    PointHistory history;

    OneMeter() {
        EXPECT_TRUE(book.publish(TariffId{1}, flat("1.00"), nullptr));
        PointMeter meter;
        meter.id = MeterId{1};
        meter.spec = {10'000'000'000, 1, 60'000};
        meter.from = at("2026-11-01T00:00:00+08:00");
        meter.readings = {reading("2026-11-01T00:00:00+08:00", "100", OutcomeReason::first)};
        history.meters.push_back(meter);
        PointAgreement agreement;
        agreement.id = AgreementId{1};
        agreement.tariff_code_index = 0;
        agreement.from = meter.from;
        history.agreements.push_back(agreement);
    }
    void add(DayReading one) { history.meters[0].readings.push_back(one); }
    [[nodiscard]] Result<PointRating> rated() const {
        return rate_point(book, Calendar(), shanghai(), history, true);
    }
    [[nodiscard]] std::string used() const {
        Quantity sum;
        const PointRating rating = rated().value();
        for (const BillLine& line : rating.agreements[0].accrual.lines) {
            sum += line.quantity;
        }
        return sum.text();
    }
};

TEST(History, ALateReadingThatLeadsNowhereIsLeftOut) {
    OneMeter one;
    one.add(reading("2026-11-01T12:00:00+08:00", "110"));
    one.add(reading("2026-11-01T06:00:00+08:00", "115", OutcomeReason::late, Outcome::excluded));
    EXPECT_EQ(one.used(), "10.0000");
    EXPECT_EQ(one.rated()->steps.size(), 1U);
    one.add(reading("2026-11-01T06:00:00+08:00", "104", OutcomeReason::manual));
    EXPECT_EQ(one.rated()->steps.size(), 2U);
}

TEST(History, AMomentaryZeroDoesNotDriveAnEstimateOut) {
    OneMeter one;
    one.add(reading("2026-11-01T06:00:00+08:00", "105", OutcomeReason::estimated));
    one.add(reading("2026-11-01T07:00:00+08:00", "0", OutcomeReason::backward, Outcome::held));
    EXPECT_EQ(one.used(), "5.0000");
    EXPECT_TRUE(one.rated()->bases[0].estimated);
    one.add(reading("2026-11-01T08:00:00+08:00", "103", OutcomeReason::backward, Outcome::held));
    EXPECT_EQ(one.used(), "3.0000") << "a true reading does";
}

TEST(History, ReadingsThatHadNoPriceLieInTheNextInterval) {
    OneMeter one;
    auto winter = flat("2.00");
    winter.code = "later";
    winter.effective_from = day("2026-11-02");
    EXPECT_TRUE(one.book.publish(TariffId{2}, winter, nullptr));
    one.history.agreements[0].tariff_code_index = 1;
    one.add(reading("2026-11-01T12:00:00+08:00", "110", OutcomeReason::no_price, Outcome::held));
    EXPECT_EQ(one.rated()->bases[0].at, at("2026-11-01T00:00:00+08:00"));
}

TEST(History, ASecondCorrectionOfATimeReplacesTheFirst) {
    OneMeter one;
    one.add(reading("2026-11-01T12:00:00+08:00", "190"));
    one.add(reading("2026-11-01T12:00:00+08:00", "150", OutcomeReason::manual));
    one.add(reading("2026-11-01T12:00:00+08:00", "109", OutcomeReason::manual));
    EXPECT_EQ(one.used(), "9.0000");
}

}  // namespace
}  // namespace mb::rules::billing
