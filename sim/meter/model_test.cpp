#include "sim/meter/model.hpp"

#include "base/binary.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mb::sim::meter {
namespace {

/// Monday 2026-11-23 at this local time (UTC+8).
Instant at(int hour, int minute = 0, int second = 0) {
    const LocalUs local =
        local_of({2026, 11, 23, 0, 0, 0}) + (hour * 3600LL + minute * 60 + second) * second_us;
    return {local - 8 * 3600 * second_us};
}

MeterConfig config_of(std::int64_t watt = 3600) {
    MeterConfig config;
    config.address = "002611150042";
    config.password = "123456";
    config.load = {LoadKind::flat, watt, 960};
    config.actuation = Duration::seconds(1);
    return config;
}

/// Sends plain request data, returns the only answer.
std::optional<wire::Frame> ask(MeterModel& meter, std::uint8_t control, const Bytes& data,
                               Instant now) {
    const auto answers = meter.on_bytes(wire::encode({meter.address(), control, data}), now);
    if (answers.empty()) return std::nullopt;
    EXPECT_EQ(answers.size(), 1U);
    wire::Scanner scanner;
    scanner.feed(answers[0].bytes);
    return scanner.next();
}

/// Reads one identifier; the value bytes after it as hex, or "DI xx" for a refusal.
std::string read(MeterModel& meter, std::uint32_t identifier, Instant now) {
    Bytes data;
    wire::put_identifier(data, identifier);
    const auto reply = ask(meter, 0x11, data, now);
    if (!reply) return "silent";
    if (reply->control == 0xD1) return "refused " + hex(reply->data);
    EXPECT_EQ(reply->control, 0x91);
    EXPECT_EQ(wire::get_identifier(reply->data), identifier);
    return hex(ByteView(reply->data).subspan(4));
}

/// Relay command; "ok" or the error bytes. An empty deadline is year 99.
std::string relay(MeterModel& meter, std::uint8_t command, Instant now,
                  const std::string& deadline = "000000010199", std::uint8_t n2 = 0,
                  const std::string& password = "02563412") {
    Bytes data = parse_hex(password + "78563412").value();
    data.push_back(command);
    data.push_back(n2);
    const Bytes until = parse_hex(deadline).value();
    data.insert(data.end(), until.begin(), until.end());
    const auto reply = ask(meter, 0x1C, data, now);
    if (!reply) return "silent";
    return reply->control == 0x9C ? "ok" : hex(reply->data);
}

/// The next answer only.
MeterFaults fault(std::int32_t MeterFaults::* which) {
    MeterFaults out;
    out.*which = 1;
    return out;
}

constexpr std::uint32_t word3 = 0x04000503;

TEST(MeterModel, CountsExactlyIntoTheBandsOfItsDayTable) {
    MeterModel meter(config_of(3600), at(7));
    meter.advance(at(9));
    // 3.6 kW: 3 600 J a second, 10 units of 0.1 Wh a second; one hour each side of 08:00.
    EXPECT_EQ(meter.band(4).units, 36'000);
    EXPECT_EQ(meter.band(2).units, 36'000);
    EXPECT_EQ(meter.total().units, 72'000);
    EXPECT_EQ(read(meter, 0x0001FF00, at(9)),
              "20070000"
              "00000000"
              "60030000"
              "00000000"
              "60030000");
    EXPECT_EQ(read(meter, 0x00010200, at(9)), "60030000");
    EXPECT_EQ(read(meter, 0x00020000, at(9)), "00000000");
}

RC_GTEST_PROP(MeterModel, AdvancingInPiecesChangesNothing, ()) {
    MeterConfig config = config_of();
    config.load = {LoadKind::g4, *rc::gen::inRange<std::int64_t>(1, 50'000), 930};
    config.drift_ppb = *rc::gen::inRange(-200'000, 200'000);
    config.clock_error = Duration::seconds(*rc::gen::inRange(-600, 600));
    config.seed = *rc::gen::arbitrary<std::uint64_t>();
    MeterModel whole(config, at(9));
    MeterModel pieces(config, at(9));
    const Instant end = at(9 + *rc::gen::inRange(1, 60));
    std::uint64_t random = config.seed;
    for (Instant now = at(9); now < end;) {  // up to two hours, often much less
        pieces.advance(now);
        random = mix(random);
        const std::uint64_t longest = random % 3 == 0 ? 50'000 : 7'200'000'000;
        now.us += 1 + static_cast<std::int64_t>(mix(random) % longest);
    }
    whole.advance(end);
    pieces.advance(end);
    RC_ASSERT(to_binary(whole.state()) == to_binary(pieces.state()));
    std::int64_t sum = 0;
    for (int band = 1; band <= 4; ++band) sum += whole.band(band).units;
    RC_ASSERT(sum == whole.total().units);
}

TEST(MeterModel, FollowsTheLoadShape) {
    MeterConfig config = config_of();
    config.load = {LoadKind::g1, 1000, 950};
    MeterModel meter(config, at(3));
    const std::int64_t night = meter.power_mw();
    meter.advance(at(10));
    const std::int64_t day = meter.power_mw();
    EXPECT_GT(day, 3 * night);
    // A year at 1 kW mean is 8 760 kWh; seasons and weekdays of the calendar leave a little.
    meter.advance(at(3));
    const Energy before = meter.total();
    meter.advance(at(10) + Duration::days(365));
    EXPECT_NEAR(static_cast<double>((meter.total() - before).units), 8760e4, 8760e4 * 0.06);
}

TEST(MeterModel, TripsAfterPretripAndActuationAndStopsTheLoad) {
    MeterModel meter(config_of(), at(9));
    EXPECT_EQ(read(meter, word3, at(9)), "0000");
    // Pre-trip delay of 10 minutes, written with the password.
    const Bytes write = parse_hex("01140004 02563412 78563412 1000").value();
    EXPECT_EQ(ask(meter, 0x14, write, at(9))->control, 0x94);
    EXPECT_EQ(read(meter, 0x04001401, at(9)), "1000");
    EXPECT_EQ(relay(meter, 0x1A, at(9)), "ok");
    EXPECT_EQ(read(meter, word3, at(9, 9, 59)), "C000");  // commanded open, pre-trip alarm
    EXPECT_EQ(read(meter, word3, at(9, 10)), "4000");     // driving
    EXPECT_EQ(read(meter, word3, at(9, 10, 1)), "5000");  // open
    EXPECT_EQ(meter.total().units, 6'010);
    meter.advance(at(10));
    EXPECT_EQ(meter.total().units, 6'010);
    EXPECT_EQ(read(meter, 0x02030000, at(10)), "000000");
    EXPECT_EQ(read(meter, 0x1D000001, at(10)), "010000");
    EXPECT_EQ(read(meter, 0x1D000101, at(10)), "011009231126");
    EXPECT_EQ(read(meter, 0x1D000201, at(10)), "78563412");
    EXPECT_EQ(relay(meter, 0x1C, at(10)), "ok");
    EXPECT_EQ(read(meter, word3, at(10)), "1000");
    EXPECT_EQ(read(meter, word3, at(10, 0, 1)), "0000");
    EXPECT_EQ(read(meter, 0x1E000001, at(10, 0, 1)), "010000");
    EXPECT_EQ(read(meter, 0x02030000, at(10, 0, 1)), "006003");
}

TEST(MeterModel, RefusesWithTheRightErrors) {
    MeterModel meter(config_of(), at(9));
    EXPECT_EQ(relay(meter, 0x1A, at(9), "000000010199", 0, "02563413"), "04");
    EXPECT_EQ(relay(meter, 0x1A, at(9), "000000010199", 0, "04563412"), "04");
    EXPECT_EQ(relay(meter, 0x1F, at(9)), "01");
    EXPECT_EQ(read(meter, 0x00900200, at(9)), "refused 02");  // not a prepaid meter
    EXPECT_EQ(read(meter, 0x00010001, at(9)), "refused 02");
    EXPECT_EQ(read(meter, 0x07123456, at(9)), "refused 02");
    EXPECT_EQ(ask(meter, 0x12, {0, 0, 1, 0, 1}, at(9))->control, 0xD2);
    EXPECT_EQ(ask(meter, 0x03, {0xFF, 0, 0, 7}, at(9))->control, 0xC3);
    EXPECT_EQ(ask(meter, 0x1F, {}, at(9))->control, 0xDF);
    EXPECT_FALSE(meter.relay().commanded_open);

    MeterConfig config = config_of();
    config.long_refusals = true;
    MeterModel chatty(config, at(9));
    EXPECT_EQ(relay(chatty, 0x1A, at(9), "000000010199", 0, "02563413"), "0400");
    EXPECT_EQ(relay(chatty, 0x1A, at(9), "000008231126"), "1000");
    EXPECT_EQ(relay(chatty, 0x3A, at(9)), "ok");
    EXPECT_EQ(relay(chatty, 0x1A, at(9)), "2000");
}

TEST(MeterModel, JudgesTheDeadlineByItsOwnClock) {
    MeterConfig config = config_of();
    config.clock_error = Duration::minutes(10);
    MeterModel meter(config, at(9));
    const std::string half_past = "003009231126";
    EXPECT_EQ(relay(meter, 0x1A, at(9, 20), half_past), "ok");  // its clock shows 09:30:00
    EXPECT_EQ(relay(meter, 0x1C, at(9, 20, 1), half_past), "01");
    EXPECT_EQ(relay(meter, 0x1C, at(9, 21), "000000000000"), "ok");
    EXPECT_EQ(relay(meter, 0x1C, at(9, 21), "0000FF231126"), "01");
}

TEST(MeterModel, KeepPowerSuppressesTrips) {
    MeterModel meter(config_of(), at(9));
    EXPECT_EQ(relay(meter, 0x3A, at(9)), "ok");
    EXPECT_EQ(relay(meter, 0x1A, at(9)), "01");
    EXPECT_EQ(read(meter, word3, at(9)), "0010");
    EXPECT_EQ(relay(meter, 0x3B, at(9)), "ok");
    EXPECT_EQ(read(meter, word3, at(9, 30)), "0000");  // stays on until the master sends a trip
    EXPECT_EQ(relay(meter, 0x1A, at(9, 30)), "ok");
    EXPECT_EQ(relay(meter, 0x3A, at(9, 30)), "ok");  // before the contact moved
    EXPECT_EQ(read(meter, word3, at(9, 31)), "0010");
}

TEST(MeterModel, PermitWaitsForTheKey) {
    MeterModel meter(config_of(), at(9));
    EXPECT_EQ(relay(meter, 0x1A, at(9)), "ok");
    EXPECT_FALSE(meter.press_key(at(9, 1)));
    EXPECT_EQ(relay(meter, 0x1B, at(9, 2)), "ok");
    EXPECT_EQ(read(meter, word3, at(9, 30)), "1000");  // open, no longer commanded open
    EXPECT_TRUE(meter.press_key(at(9, 30)));
    EXPECT_EQ(read(meter, word3, at(9, 30, 1)), "0000");

    MeterConfig config = config_of();
    config.key_press_after = Duration::minutes(3);
    MeterModel with_tenant(config, at(9));
    EXPECT_EQ(relay(with_tenant, 0x1A, at(9)), "ok");
    EXPECT_EQ(relay(with_tenant, 0x1B, at(10)), "ok");
    EXPECT_EQ(read(with_tenant, word3, at(10, 3, 0)), "1000");
    EXPECT_EQ(read(with_tenant, word3, at(10, 3, 1)), "0000");
}

TEST(MeterModel, TripWithRestoreClosesByItself) {
    MeterModel meter(config_of(), at(9));
    EXPECT_EQ(relay(meter, 0x1D, at(9)), "01");  // N2 = 0
    EXPECT_EQ(relay(meter, 0x1D, at(9), "000000010199", 5), "ok");
    EXPECT_EQ(read(meter, word3, at(9, 5)), "5000");
    EXPECT_EQ(read(meter, word3, at(9, 5, 2)), "0000");
}

TEST(MeterModel, StuckRelayIsAcceptedButDoesNotMove) {
    MeterModel meter(config_of(), at(9));
    MeterFaults faults;
    faults.stuck = Stuck::closed;
    meter.set_faults(faults, at(9));
    EXPECT_EQ(relay(meter, 0x1A, at(9)), "ok");
    EXPECT_EQ(read(meter, word3, at(9, 5)), "4000");
    EXPECT_TRUE(meter.supplied());
    faults.status_follows_command = true;
    meter.set_faults(faults, at(9, 5));
    EXPECT_EQ(read(meter, word3, at(9, 5)), "5000");  // claims to be open, load flows
    EXPECT_EQ(read(meter, 0x02030000, at(9, 5)), "006003");
    meter.set_faults({}, at(9, 6));
    EXPECT_EQ(relay(meter, 0x1A, at(9, 6)), "ok");
    EXPECT_EQ(read(meter, word3, at(9, 7)), "5000");
}

TEST(MeterModel, PowerCutIsSilentAndKeepsTheRelay) {
    MeterModel meter(config_of(), at(9));
    MeterFaults faults;
    faults.power_cut = true;
    meter.set_faults(faults, at(9, 10));
    EXPECT_EQ(read(meter, word3, at(9, 20)), "silent");
    EXPECT_EQ(meter.total().units, 6'000);
    meter.set_faults({}, at(9, 30));
    EXPECT_EQ(read(meter, word3, at(9, 30)), "0000");
    EXPECT_EQ(read(meter, 0x03110000, at(9, 30)), "010000");
    EXPECT_EQ(read(meter, 0x04000102, at(9, 30)), "003009");  // the clock has a battery
    EXPECT_EQ(meter.total().units, 6'000);
    // A drive that was due in the dark happens when the mains return.
    EXPECT_EQ(relay(meter, 0x1A, at(9, 30)), "ok");
    meter.set_faults(faults, at(9, 30));
    meter.advance(at(9, 40));
    EXPECT_FALSE(meter.relay().open);
    meter.set_faults({}, at(9, 40));
    EXPECT_TRUE(meter.relay().open);
}

TEST(MeterModel, RollsOverAndReadsZeroForAMoment) {
    MeterConfig config = config_of(360'000);
    config.digits = 4;
    config.day_table = {{0, 3}};
    config.initial_total = Energy::parse("9999.5").value();
    MeterModel meter(config, at(9));
    EXPECT_EQ(read(meter, 0x00010000, at(9)), "50999900");
    EXPECT_EQ(read(meter, 0x00010000, at(9, 0, 10)), "50000000");
    EXPECT_EQ(meter.total().text(2), "10000.50");
    MeterFaults faults;
    faults.momentary_zero = 1;
    meter.set_faults(faults, at(9, 0, 10));
    EXPECT_EQ(read(meter, 0x00010000, at(9, 0, 10)), "00000000");
    EXPECT_EQ(read(meter, 0x00010000, at(9, 0, 10)), "50000000");
}

TEST(MeterModel, FreezesAtItsOwnMidnight) {
    MeterConfig config = config_of();
    config.clock_error = Duration::minutes(2);
    MeterModel meter(config, at(9));
    EXPECT_EQ(read(meter, 0x05060101, at(9)), std::string(40, 'F'));
    meter.advance(at(24 + 1));
    EXPECT_EQ(read(meter, 0x05060001, at(25)), "0000241126");
    // 14 h 58 min of true time until its clock shows midnight, 12 h 58 min until it shows 22:00.
    EXPECT_EQ(read(meter, 0x05060101, at(25)),
              "88530000"
              "00000000"
              "68460000"
              "00000000"
              "20070000");
    EXPECT_EQ(read(meter, 0x05060201, at(25)), std::string(40, '0'));
    EXPECT_EQ(read(meter, 0x05060108, at(25)), "refused 02");
    meter.advance(at(24 * 20));
    EXPECT_EQ(meter.state().daily.size(), freezes_max);
    EXPECT_EQ(ask(meter, 0x16, {0x99, 0x99, 0x99, 0x99}, at(24 * 20))->control, 0x96);
    EXPECT_NE(read(meter, 0x05010101, at(24 * 20 + 1)), std::string(40, 'F'));
}

TEST(MeterModel, KeepsTimeWithDriftAndTakesItWithinLimits) {
    MeterConfig config = config_of();
    config.drift_ppb = 1'000'000;  // 3.6 s an hour
    MeterModel meter(config, at(9));
    meter.advance(at(10));
    EXPECT_EQ(meter.clock_error().us, 3'600'000);
    EXPECT_EQ(read(meter, 0x0400010C, at(10)), "03001001231126");
    const auto broadcast = [&](const char* plain, Instant now) {
        EXPECT_TRUE(
            meter.on_bytes(wire::encode({wire::broadcast, 0x08, parse_hex(plain).value()}), now)
                .empty());
        return meter.clock_error().us;
    };
    EXPECT_NE(broadcast("000610231126", at(10)), 6 * minute_us);  // too far
    EXPECT_EQ(broadcast("000010231126", at(10)), 0);
    EXPECT_NE(broadcast("000011231126", at(11)), 0);  // once a day
    EXPECT_NE(broadcast("005923231126", at(23, 59) + Duration::days(1)), 0);
    EXPECT_EQ(broadcast("000010251126", at(10) + Duration::days(2)), 0);
    // Write with the password.
    const auto write = [&](const char* plain, Instant now) {
        return ask(meter, 0x14, parse_hex(plain).value(), now)->control;
    };
    const Instant now = at(11) + Duration::days(2);
    EXPECT_EQ(write("02010004 02563413 78563412 000012", now), 0xD4);
    EXPECT_EQ(write("02010004 02563412 78563412 000012", now), 0x94);
    EXPECT_EQ(read(meter, 0x04000102, now), "000012");
    EXPECT_EQ(write("01010004 02563412 78563412 04261126", now), 0x94);
    EXPECT_EQ(read(meter, 0x04000101, now), "04261126");
    EXPECT_EQ(write("0C010004 02563412 78563412 00001103251126", now), 0x94);
    EXPECT_EQ(meter.clock_error().us, 0);
    EXPECT_EQ(write("0C010004 02563412 78563412 00001103311126", now), 0xD4);  // 31 November
    EXPECT_EQ(read(meter, 0x03300000, now), "030000");
}

TEST(MeterModel, VoltageCurrentAndPowerBelongTogether) {
    MeterConfig config = config_of(6000);
    config.phases = 3;
    MeterModel meter(config, at(9));
    const auto value = [&](std::uint32_t identifier) {
        return *wire::get_bcd(parse_hex(read(meter, identifier, at(9))).value());
    };
    EXPECT_EQ(value(0x02030000), 60'000);
    EXPECT_EQ(value(0x02030100), 20'000);
    EXPECT_EQ(value(0x02060000), 960);
    const double volt = static_cast<double>(value(0x02010100)) / 10;
    const double ampere = static_cast<double>(value(0x02020100)) / 1000;
    EXPECT_NEAR(volt * ampere * 0.96, 2000, 1);
    EXPECT_NEAR(volt, 220, 7);
    config.phases = 1;
    MeterModel single(config, at(9));
    EXPECT_EQ(read(single, 0x0201FF00, at(9)).substr(4), "FFFFFFFF");
    EXPECT_EQ(read(single, 0x02010200, at(9)), "refused 02");
}

TEST(MeterModel, SpoilsAnswersWhenAsked) {
    MeterModel meter(config_of(), at(9));
    const Bytes request = wire::encode({wire::wildcard, 0x13, {}});
    const auto frames_of = [&](const MeterFaults& faults) {
        meter.set_faults(faults, at(9));
        wire::Scanner scanner;
        for (const Answer& answer : meter.on_bytes(request, at(9))) scanner.feed(answer.bytes);
        std::vector<wire::Frame> out;
        while (const auto frame = scanner.next()) out.push_back(*frame);
        return out;
    };
    EXPECT_EQ(frames_of({}).at(0).data, Bytes(meter.address().begin(), meter.address().end()));
    EXPECT_EQ(frames_of(fault(&MeterFaults::duplicate)).size(), 2U);
    EXPECT_EQ(frames_of(fault(&MeterFaults::mute)).size(), 0U);
    EXPECT_EQ(frames_of(fault(&MeterFaults::corrupt)).size(), 0U);
    EXPECT_EQ(frames_of(fault(&MeterFaults::garbage)).size(), 1U);
    EXPECT_EQ(frames_of(fault(&MeterFaults::foreign)).at(0).address[0], 0x43);
    MeterFaults late;
    late.late = Duration::seconds(9);
    meter.set_faults(late, at(9));
    EXPECT_EQ(meter.on_bytes(request, at(9)).at(0).delay.us, 9'020'000);
    // A foreign frame and an echo stay unanswered.
    EXPECT_TRUE(meter.on_bytes(wire::encode({{0x41}, 0x11, {0, 0, 1, 0}}), at(9)).empty());
    EXPECT_TRUE(meter.on_bytes(wire::encode({meter.address(), 0x91, {0, 0, 1, 0}}), at(9)).empty());
}

TEST(MeterModel, SurvivesARestart) {
    MeterConfig config = config_of();
    config.load = {LoadKind::h0, 3000, 950};
    config.drift_ppb = 40'000;
    MeterModel meter(config, at(9));
    EXPECT_EQ(relay(meter, 0x1A, at(10)), "ok");
    EXPECT_EQ(relay(meter, 0x1B, at(30)), "ok");
    const auto state = from_binary<MeterState>(to_binary(meter.state())).value();
    MeterModel again(config, state);
    EXPECT_EQ(again.press_key(at(40)), meter.press_key(at(40)));
    for (MeterModel* m : {&meter, &again}) m->advance(at(90));
    EXPECT_EQ(to_binary(again.state()), to_binary(meter.state()));
    EXPECT_FALSE(again.relay().open);
}

TEST(MeterModel, ChangesThePassword) {
    MeterModel meter(config_of(), at(9));
    const Bytes change = parse_hex("010C0004 02563412 02665544").value();
    EXPECT_EQ(hex(ask(meter, 0x18, change, at(9))->data), "02665544");
    EXPECT_EQ(relay(meter, 0x1A, at(9)), "04");
    EXPECT_EQ(relay(meter, 0x1A, at(9), "000000010199", 0, "02665544"), "ok");
}

}  // namespace
}  // namespace mb::sim::meter
