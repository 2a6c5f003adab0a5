// The effect of an amendment, shown before it is entered: on a copy, with the store's closed days.
#include "app/amend_preview.hpp"

#include "app/amend_form.hpp"
#include "engine/testing.hpp"
#include "store/open_store.hpp"
#include "store/point_history.hpp"
#include "store/test_folder.hpp"
#include "writer/writer.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace mb::app {
namespace {

using namespace engine;
using engine::testing::at;
using engine::testing::flat_tariff;
using engine::testing::total;

bool always() { return true; }

/// Two rooms on a store; a reading a day, 10 kWh at 1 yuan.
class AmendPreviewTest : public ::testing::Test {
protected:
    AmendPreviewTest() {
        store_ = store::open_store({"sqlite", folder_.path().string()}, "test", wall_).value();
        writer_ = std::make_unique<writer::Writer>(store_->writer_store(), writer::WriterOptions{},
                                                   [](ProjectId, const Now&, const Effects&) {});
        writer_->load();
        ProjectConfig config;
        config.name = "测试园区";
        ok(ProjectConfigured{config, {}});
        ok(TariffPublished{TariffId{1}, flat_tariff(), {}});
        for (const std::int64_t n : {1, 2}) {
            furnish(n);
        }
        for (int day = 1; day <= 4; ++day) {
            business_ = start_ + Duration::days(day);
            ok(Tick{});
            for (const std::int64_t n : {1, 2}) {
                ok(ReadingTaken{MeterId{n}, business_, total(std::to_string(100 + 10 * day)),
                                ReadingSource::poll});
            }
        }
        writer_->flush_all();
    }

    void furnish(std::int64_t n) {
        ok(ServicePointSet{{ServicePointId{n}, Commodity::electricity, "A", "1", std::to_string(n),
                            rules::relay::RestoreMode::direct},
                           {}});
        ok(AccountSet{{AccountId{n}, "张三", "13800000001"}, {}});
        ok(AgreementStarted{{AgreementId{n},
                             ServicePointId{n},
                             AccountId{n},
                             "flat",
                             PaymentMode::prepaid,
                             start_,
                             {}},
                            {}});
        Meter meter;
        meter.id = MeterId{n};
        meter.service_point = ServicePointId{n};
        meter.link.address = "00000000000" + std::to_string(n);
        meter.from = start_;
        ok(MeterInstalled{meter, total("100"), {}});
        ok(OpeningBalance{AccountId{n}, Money{100'000}, "open" + std::to_string(n), {}});
    }

    EventOutcome submit(Event event) {
        EventOutcome out;
        EXPECT_TRUE(writer_->submit(
            {project_, std::move(event), {}, [&](const EventOutcome& o) { out = o; }}));
        writer_->run_batch(now());
        return out;
    }
    void ok(Event event) {
        const EventOutcome outcome = submit(std::move(event));
        ASSERT_FALSE(outcome.refused) << outcome.error.text();
    }
    [[nodiscard]] Now now() const { return {business_, wall_, 1}; }
    [[nodiscard]] const Engine& engine() const { return *writer_->engine(project_); }

    Result<AmendPreview> preview(const Event& event) {
        auto copy = Engine::from_image(project_, engine().image(), false).value();
        return preview_amendment(store_->database(), std::move(copy), event, now(), always);
    }
    Result<AmendPreview> preview(const AmendForm& form) {
        return amendment_event(engine().state(), form, "key", {}).and_then([&](const Event& e) {
            return preview(e);
        });
    }
    /// Enters it, and does the job of the server.
    void enter(const Event& event) {
        ok(event);
        for (const ServicePointId point : {ServicePointId{1}, ServicePointId{2}}) {
            if (engine().state().service_points.find(point)->rerate) {
                ok(store::rerate_point(store_->database(), project_, engine().snapshot(point))
                       .value());
            }
        }
    }
    [[nodiscard]] Money balance(std::int64_t account) const {
        return engine().state().accounts.find(AccountId{account})->balance();
    }

    const ProjectId project_{1};
    const Instant start_ = at("2026-11-20T09:30:00+08:00");
    const Instant wall_ = at("2026-11-22T10:00:00Z");
    Instant business_ = start_;
    store::test::TestFolder folder_;
    std::unique_ptr<store::OpenStore> store_;
    std::unique_ptr<writer::Writer> writer_;
};

AmendForm reading(const std::string& when, const std::string& kwh) {
    AmendForm out;
    out.kind = "reading";
    out.meter = "000000000001";
    out.at = when;
    out.registers = ShownRegisters{{"total", kwh}};
    out.reason = "核对";
    return out;
}

TEST_F(AmendPreviewTest, SaysWhatTheAmendmentThenDoesAndChangesNothingItself) {
    const Bytes before = engine().image();
    AmendForm ratio;
    ratio.kind = "ratio";
    ratio.meter = "1";
    ratio.at = "2026-11-21T09:30";
    ratio.ratio = 3;
    ratio.reason = "倍率录错";
    const auto shown = preview(ratio);
    ASSERT_TRUE(shown) << shown.error().text();
    EXPECT_EQ(engine().image(), before);
    EXPECT_EQ(shown->points, std::vector{ServicePointId{1}});
    ASSERT_EQ(shown->adjustments.size(), 1U);
    EXPECT_EQ(shown->adjustments[0].amount, Money{6'000});
    ASSERT_EQ(shown->balances.size(), 1U);
    EXPECT_EQ(shown->balances[0].charged(), Money{6'000});

    enter(amendment_event(engine().state(), ratio, "key", {}).value());
    EXPECT_EQ(balance(1), shown->balances[0].after);
    EXPECT_EQ(balance(1), Money{100'000 - 4'000 - 6'000});
}

TEST_F(AmendPreviewTest, AReadingAheadOfTheLastChargesAtOnce) {
    business_ = business_ + Duration::hours(3);
    const auto shown = preview(reading("2026-11-24T12:00", "141.00"));
    ASSERT_TRUE(shown) << shown.error().text();
    EXPECT_TRUE(shown->points.empty());
    ASSERT_EQ(shown->balances.size(), 1U);
    EXPECT_EQ(shown->balances[0].charged(), Money{100});
}

TEST_F(AmendPreviewTest, RefusesWhatTheEngineRefuses) {
    AmendForm form = reading("2026-11-22T09:30", "115.00");
    form.reason.reset();
    EXPECT_EQ(preview(form).error().code, "amendment.reason_required");
    EXPECT_EQ(preview(reading("2026-11-29T09:30", "115.00")).error().code, "reading.future");
    form.meter = "nobody";
    EXPECT_EQ(preview(form).error().code, "meter.unknown");
}

TEST_F(AmendPreviewTest, RefusesWhatCouldNotBeRated) {
    const auto shown = preview(reading("2026-11-22T09:30", "135.00"));  // the next one says 130
    ASSERT_FALSE(shown);
    EXPECT_EQ(shown.error().text(),
              "rating.does_not_fit meter=1 at=2026-11-22T01:30:00Z service_point=1");
}

TEST_F(AmendPreviewTest, OfATariffCountsEveryPoint) {
    auto cheaper = flat_tariff("0.50");
    cheaper.version = 2;
    cheaper.effective_from = CivilDate::from_ymd(2026, 11, 22);
    EXPECT_EQ(preview(Event(TariffPublished{TariffId{2}, cheaper, {}, ""})).error().code,
              "tariff.reason_required");
    const auto shown = preview(Event(TariffPublished{TariffId{2}, cheaper, {}, "发改委通知"}));
    ASSERT_TRUE(shown) << shown.error().text();
    EXPECT_EQ(shown->points.size(), 2U);
    ASSERT_EQ(shown->balances.size(), 2U);
    EXPECT_LT(shown->balances[0].charged(), Money{-1'000});
    EXPECT_EQ(shown->balances[0].charged(), shown->balances[1].charged());
}

TEST_F(AmendPreviewTest, EndsWhenTheServerStops) {
    auto copy = Engine::from_image(project_, engine().image(), false).value();
    const Event event =
        amendment_event(engine().state(), reading("2026-11-22T09:30", "115.00"), "", {}).value();
    EXPECT_EQ(
        preview_amendment(store_->database(), std::move(copy), event, now(), [] { return false; })
            .error()
            .code,
        "amend.stopped");
}

TEST_F(AmendPreviewTest, FormsNameWhatIsMissing) {
    const auto refused = [&](const AmendForm& form) {
        return amendment_event(engine().state(), form, "", {}).error().text();
    };
    AmendForm form = reading("2026-11-22T09:30", "115.00");
    form.at.reset();
    EXPECT_EQ(refused(form), "amend.missing member=at");
    form = reading("2026-11-22T09:30", "115.00");
    (*form.registers)["peak"] = "3";
    EXPECT_EQ(refused(form), "amend.bands_incomplete band=sharp");
    form.registers = ShownRegisters{{"sharp", "3"}};
    EXPECT_EQ(refused(form), "amend.missing member=total");
    form.registers = ShownRegisters{{"total", "3"}, {"night", "3"}};
    EXPECT_EQ(refused(form), "amend.unknown_register register=night");
    form.kind = "wish";
    EXPECT_EQ(refused(form), "amend.unknown_kind kind=wish");
}

}  // namespace
}  // namespace mb::app
