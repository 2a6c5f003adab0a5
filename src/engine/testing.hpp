// A small project for tests of the engine: one room, one meter, one payer, a flat price.
#pragma once

#include "engine/engine.hpp"
#include "engine/events.hpp"
#include "engine/state.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace mb::engine::testing {

inline Instant at(const std::string& text) { return parse_rfc3339(text).value(); }

inline rules::tariff::TariffDocument flat_tariff(const std::string& price = "1.00") {
    rules::tariff::TariffDocument doc;
    doc.code = "flat";
    doc.name = "统一价";
    doc.version = 1;
    doc.effective_from = CivilDate::from_ymd(2026, 1, 1);
    doc.prices.push_back({{}, {}, Price::parse(price).value()});
    return doc;
}

inline rules::metering::Registers total(const std::string& kwh) {
    rules::metering::Registers out;
    out.value[0] = Quantity::parse(kwh).value();
    out.count = 1;
    return out;
}

/// An engine with its effects of the last step. Starts on a Monday, 09:30 in Shanghai.
struct Bench {
    Engine engine{ProjectId{1}};
    Now now{at("2026-11-23T09:30:00+08:00"), at("2026-11-22T10:00:00Z"), 1};
    Effects out;

    explicit Bench(const std::string& balance = "100.00",
                   rules::relay::RestoreMode mode = rules::relay::RestoreMode::direct) {
        ProjectConfig config;
        config.name = "测试园区";
        ok(ProjectConfigured{config, {}});
        ok(TariffPublished{TariffId{1}, flat_tariff(), {}});
        ok(ServicePointSet{{ServicePointId{1}, Commodity::electricity, "A", "1", "101", mode}, {}});
        ok(AccountSet{{AccountId{1}, "张三", "13800000001"}, {}});
        ok(AgreementStarted{{AgreementId{1},
                             ServicePointId{1},
                             AccountId{1},
                             "flat",
                             PaymentMode::prepaid,
                             now.business,
                             {}},
                            {}});
        Meter meter;
        meter.id = MeterId{1};
        meter.service_point = ServicePointId{1};
        meter.link.address = "002611150042";
        meter.from = now.business;
        ok(MeterInstalled{meter, total("100.00"), {}});
        ok(OpeningBalance{AccountId{1}, Money::parse(balance).value(), "seed", {}});
    }

    EventOutcome apply(Event event) {
        out.clear();
        const std::vector<Event> events{std::move(event)};
        engine.apply(events, now, out);
        return out.outcomes.at(0);
    }
    std::string ok(Event event) {
        const EventOutcome outcome = apply(std::move(event));
        EXPECT_FALSE(outcome.refused) << outcome.error.text();
        return outcome.ref;
    }
    std::string refused(Event event) {
        const EventOutcome outcome = apply(std::move(event));
        EXPECT_TRUE(outcome.refused);
        return outcome.error.code;
    }
    void later(Duration by) {
        now.business = now.business + by;
        now.wall = now.wall + by;
    }
    void minutes(int n) { later(Duration::minutes(n)); }

    void reading(const std::string& kwh) {
        ok(ReadingTaken{MeterId{1}, now.business, total(kwh), ReadingSource::poll});
    }
    void clock_ok() { ok(SampleTaken{MeterId{1}, now.business, {}, 0}); }
    void power(std::int64_t dw) { ok(SampleTaken{MeterId{1}, now.business, dw, {}}); }
    void status(bool open, CommandId command = {}, bool commanded_open = false) {
        ok(StatusRead{MeterId{1}, now.business, open, commanded_open, false, command});
    }
    void report(CommandId id, CommandPhase phase, const std::string& code = "",
                std::int32_t attempt = 1) {
        ok(CommandReported{id, attempt, phase, code});
    }
    void pay(const std::string& order, const std::string& amount,
             const std::string& transaction = "T1") {
        ok(PaymentReceived{"sandbox", 1, transaction, order, Money::parse(amount).value(), now.wall,
                           InboxId{1}});
    }

    template <class T>
    std::vector<T> rows() const {
        std::vector<T> found;
        for (const Row& row : out.rows()) {
            if (const T* match = std::get_if<T>(&row)) {
                found.push_back(*match);
            }
        }
        return found;
    }
    const ServicePointState& point() const {
        return *engine.state().service_points.find(ServicePointId{1});
    }
    const AccountState& account() const { return *engine.state().accounts.find(AccountId{1}); }
    CommandId command() const { return point().relay.command; }
    Money balance() const { return account().balance(); }
};

}  // namespace mb::engine::testing
