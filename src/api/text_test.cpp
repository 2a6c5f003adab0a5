// The pieces that need no server: UTF-8, order steps, timeline codes, problems.
#include <gtest/gtest.h>

#include "api/parameters.hpp"
#include "api/present.hpp"
#include "api/problem.hpp"
#include "api/test_campus.hpp"
#include "api/timeline_code.hpp"

namespace mb::api::test {
namespace {

TEST(Utf8, IsCheckedStrictly) {
    for (const char* good : {"", "a", "云杉", "\xF0\x9F\x94\x8C", "\xED\x9F\xBF"}) {
        EXPECT_TRUE(is_utf8(good)) << good;
    }
    for (const char* bad :
         {"\xff", "\x80", "\xC0\xAF", "\xE4\xBA", "\xE4\xBA\x41", "\xED\xA0\x80",
          "\xF4\x90\x80\x80", "\xE0\x80\x80", "\xF0\x80\x80\x80", "\xF5\x80\x80\x80"}) {
        EXPECT_FALSE(is_utf8(bad)) << bad;
    }
    EXPECT_EQ(characters("云a杉"), 3U);
}

std::string steps(const OrderRecord& record) {
    const engine::ProjectConfig config;
    std::string out;
    for (const dto::OrderStep& step : Presenter(config).order(record).steps) {
        out += (out.empty() ? "" : " ") + step.step + (step.at ? "+" : "-");
    }
    return out;
}

TEST(OrderSteps, FollowTheSupply) {
    OrderRecord record = order_record("1X0000000001", 17);
    EXPECT_EQ(steps(record), "created+ paid- credited-") << "the supply is on";
    record.cut_for_arrears = true;
    EXPECT_EQ(steps(record), "created+ paid- credited- sent- acknowledged- verified- load_seen-");
    record.cut_for_arrears = false;
    record.row.command = CommandId{4};
    record.row.paid = record.row.credited = record.row.sent = step(1);
    EXPECT_EQ(steps(record), "created+ paid+ credited+ sent+ acknowledged- verified- load_seen-");
    record.service_point.restore_mode = rules::relay::RestoreMode::permit;
    EXPECT_EQ(steps(record),
              "created+ paid+ credited+ sent+ acknowledged- permit_ready- load_seen-");
}

TEST(OrderDto, PayUrlOnlyWhileItCanBePaid) {
    const engine::ProjectConfig config;
    OrderRecord record = order_record("1X0000000001", 17);
    record.row.pay_url = "http://x/";
    EXPECT_EQ(Presenter(config).order(record).pay_url, "http://x/");
    EXPECT_EQ(Presenter(config).order(record).paid_amount, std::nullopt);
    record.row.state = engine::OrderState::crediting;
    record.row.paid = step(1);
    record.row.paid_amount = Money{4999};
    EXPECT_EQ(Presenter(config).order(record).pay_url, std::nullopt);
    EXPECT_EQ(Presenter(config).order(record).paid_amount, Money{4999});
}

TEST(MeterDto, DesiredFollowsReasonsAndPosition) {
    const engine::ProjectConfig config;
    const auto desired = [&](const MeterRecord& record) {
        return std::string(enum_text(Presenter(config).meter(record).desired));
    };
    MeterRecord record = meter_record(17);
    EXPECT_EQ(desired(record), "open");
    record.relay.protection.keep_power = true;
    record.relay.desired = rules::relay::Action::close;
    EXPECT_EQ(desired(record), "closed") << "the protection suppresses the reason";
    record.relay.desired = rules::relay::Action::permit;
    EXPECT_EQ(desired(record), "permit");
    record.relay = {};
    EXPECT_EQ(desired(record), "none");
    record.relay.position = rules::relay::Position::open;
    EXPECT_EQ(desired(record), "none") << "closes by itself, and no command is due";
    record.service_point.restore_mode = rules::relay::RestoreMode::permit;
    EXPECT_EQ(desired(record), "permit") << "waits for the key";
    record.relay.protection.lock_out = true;
    EXPECT_EQ(desired(record), "none");
    record.relay.position = rules::relay::Position::closed;
    EXPECT_EQ(desired(record), "closed");
}

TEST(CommandDto, CausesAreCodes) {
    const engine::ProjectConfig config;
    engine::CommandRow row = command_row(9, 17);
    EXPECT_EQ(Presenter(config).command(row).cause, "arrears");
    EXPECT_EQ(Presenter(config).command(row).created_by, "system");
    row.cause = "检修线路";
    row.actor = {engine::ActorKind::staff, LoginId{1}, "演示经理"};
    EXPECT_EQ(Presenter(config).command(row).cause, "manual");
    EXPECT_EQ(Presenter(config).command(row).created_by, "演示经理");
    row.state = engine::CommandState::unknown;
    row.ended = {};
    EXPECT_EQ(Presenter(config).command(row).steps.size(), 3U);
}

TEST(Timeline, EntriesHaveTheContractsCodes) {
    const auto code = [](const std::string& kind, const std::string& params) {
        engine::TimelineRow row;
        row.kind = kind;
        row.params = params;
        const TimelineCode out = timeline_code(row);
        return out.kind + " " + out.text_code + " " + out.params;
    };
    EXPECT_EQ(code("relay.opened", "{}"), "relay relay.read_open {}");
    EXPECT_EQ(code("credit.trip_due", "{}"), R"(relay relay.reason_added {"reason":"arrears"})");
    EXPECT_EQ(code("relay.trip_ordered", R"({"reason":"检修"})"),
              R"(relay relay.reason_added {"words":"检修","reason":"manual"})");
    EXPECT_EQ(code("command.queued", R"({"kind":"close"})"),
              R"(command command.queued {"command":"close"})");
    EXPECT_EQ(
        code("protection.keep_power_set", R"({"reason":"冷库"})"),
        R"(protection protection.changed {"reason":"冷库","field":"keep_power","value":"on"})");
    EXPECT_EQ(code("alarm.reading.backward", "{}"),
              R"(reading reading.held {"reason":"backward"})");
    EXPECT_EQ(code("order.load_seen", "{}"), "power power.load_seen {}");
    EXPECT_EQ(code("alarm.relay.stuck", "not JSON"), "relay alarm.relay.stuck {}");
    EXPECT_EQ(code("meter.installed", "{}"), "reading meter.installed {}");
}

TEST(Problem, CarriesCodeParamsAndWaits) {
    const auto answer = problem(error("auth.rate_limited", ErrorKind::too_many)
                                    .with("retry_after_s", "48")
                                    .with("empty", ""),
                                "0123456789abcdef");
    EXPECT_EQ(answer.status, 429);
    EXPECT_EQ(answer.body,
              R"({"type":"urn:meterbook:problem:auth.rate_limited","title":"Too many attempts",)"
              R"("status":429,"code":"auth.rate_limited","params":{"retry_after_s":48},)"
              R"("trace_id":"0123456789abcdef","retry_after_s":48})");
    EXPECT_EQ(problem_of_status(431).status, 413);
}

}  // namespace
}  // namespace mb::api::test
