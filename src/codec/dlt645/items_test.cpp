#include "codec/dlt645/items.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

namespace mb::codec::dlt645 {
namespace {

std::string fact_text(const Attribute& attribute) {
    std::string out = std::string(attribute.name) + '=';
    if (const auto* text = std::get_if<std::string>(&attribute.fact)) {
        return out + *text;
    }
    if (const auto* number = std::get_if<std::int64_t>(&attribute.fact)) {
        return out + std::to_string(*number);
    }
    return out + "null";
}

/// "total=12.34kWh t1=null … [time=…] !problem"
std::string summary(const Item& item) {
    std::string out(item.name);
    for (const Value& value : item.values) {
        out += ' ' + value.name + '=' + value.text.value_or("null") + std::string(value.unit);
        for (const Attribute& attribute : value.attributes) {
            out += '[' + fact_text(attribute) + ']';
        }
        if (value.problem != Problem::none) {
            out += '!' + std::string(problem_name(value.problem));
        }
    }
    for (const Attribute& attribute : item.attributes) {
        out += " [" + fact_text(attribute) + ']';
    }
    if (item.problem != Problem::none) {
        out += " !" + std::string(problem_name(item.problem));
    }
    return out;
}

struct Case {
    std::string_view id;
    std::string_view wire;  // plain, low byte first
    std::string_view expected;
};

const Case energy_cases[] = {
    {"0001FF00", "34120000 10010000 25050000 60040000 39010000",
     "forward_active_energy total=12.34kWh t1=1.10kWh t2=5.25kWh t3=4.60kWh t4=1.39kWh"},
    {"00010000", "99999999", "forward_active_energy total=999999.99kWh"},
    {"00010200", "00000000", "forward_active_energy t2=0.00kWh"},
    {"00010001", "34120000", "forward_active_energy total=12.34kWh [settlement=1]"},
    {"000100FF", "34120000 11000000", "forward_active_energy total=12.34kWh total_last_1=0.11kWh"},
    {"0001FF00", "34120000 FFFFFFFF 0A000000",
     "forward_active_energy total=12.34kWh t1=nullkWh t2=nullkWh[raw=0A000000]!not_bcd"},
    {"0001FF00", "341200", "forward_active_energy [raw=341200] !bad_length"},
    {"0001FF00", "", "forward_active_energy [raw=] !bad_length"},
    {"00010000", "3412000000", "forward_active_energy [raw=3412000000] !bad_length"},
    {"00000000", "34120080", "combined_active_energy total=-12.34kWh"},
    {"0000FF00", "34120080 01000000", "combined_active_energy total=-12.34kWh t1=0.01kWh"},
    {"00000000", "FFFFFFFF", "combined_active_energy total=nullkWh"},
    {"00020000", "01000000", "reverse_active_energy total=0.01kWh"},
    {"00030000", "01000080", "combined_reactive_energy_1 total=-0.01kvarh"},
    {"00080000", "01000000", "reactive_energy_quadrant_4 total=0.01kvarh"},
    {"00150000", "01000000", "forward_active_energy_a total=0.01kWh"},
    {"01010000", "503412 0930221126",  // 30:09 is no time of day
     "forward_active_demand total=12.3450kW[time=null][raw=5034120930221126]!bad_time"},
    {"01010000", "503412 3009221126",
     "forward_active_demand total=12.3450kW[time=2026-11-22T09:30:00]"},
    {"00900100", "75480300", "remaining_energy value=348.75kWh"},
    {"00900200", "75480300", "remaining_amount value=348.75yuan"},
    {"00900201", "FFFFFFFF", "overdraft_amount value=nullyuan"},
};

const Case instantaneous_cases[] = {
    {"02010100", "0522", "voltage a=220.5V"},
    {"0201FF00", "0522 FFFF 1822", "voltage a=220.5V b=nullV c=221.8V"},
    {"02020100", "563412", "current a=123.456A"},
    {"0202FF00", "563492 000000 FFFFFF", "current a=-123.456A b=0.000A c=nullA"},
    {"02030000", "502180", "active_power total=-0.2150kW"},
    {"02030200", "502100", "active_power b=0.2150kW"},
    {"0203FF00", "502100 010000 020080 030000",
     "active_power total=0.2150kW a=0.0001kW b=-0.0002kW c=0.0003kW"},
    {"02040000", "502180", "reactive_power total=-0.2150kvar"},
    {"02050000", "502100", "apparent_power total=0.2150kVA"},
    {"02060000", "8089", "power_factor total=-0.980"},
    {"0206FF00", "0010 9809 FFFF 9889", "power_factor total=1.000 a=0.998 b=null c=-0.998"},
    {"02070100", "0012", "phase_angle a=120.0°"},
    {"02800001", "010080", "neutral_current value=-0.001A"},
    {"02800002", "9849", "frequency value=49.98Hz"},
    {"02800003", "502180", "average_power_1min value=-0.2150kW"},
    {"02800004", "502100", "active_demand value=0.2150kW"},
    {"02800007", "2581", "temperature value=-12.5°C"},
    {"02800008", "6503", "clock_battery_voltage value=3.65V"},
    {"0280000A", "01000000", "battery_minutes value=1min"},
    {"02800020", "55680000", "price value=0.6855yuan/kWh"},
    {"02800022", "3000", "authentication_minutes_left value=30min"},
};

const Case event_cases[] = {
    {"03300000", "120000", "programming_count value=12"},
    {"03300D00", "FFFFFF", "cover_open_count value=null"},
    {"1D000001", "030000", "trip_count value=3"},
    {"1D000101", "300915221126", "trip_time [index=1] [time=2026-11-22T15:09:30]"},
    {"1D000101", "300915221126 78563412",
     "trip_time operator=12345678hex [index=1] [time=2026-11-22T15:09:30]"},
    {"1E000102", "000000000000", "close_time [index=2] [time=null]"},
    {"1E000102", "0000000000", "close_time [index=2] [raw=0000000000] !bad_length"},
    {"03110001", "300915221126 310915221126",
     "power_failure_record end=nulltime[time=2026-11-22T15:09:31] [index=1] "
     "[time=2026-11-22T15:09:30]"},
    {"033201"
     "01",
     "0915221126", "energy_purchase_date [index=1] [time=2026-11-22T15:09:00]"},
    {"03330201", "1200", "amount_purchase_count value=12 [index=1]"},
    {"03330301", "00500000", "amount_purchased value=50.00yuan [index=1]"},
    {"05060001", "0000221126", "freeze_time [freeze=daily] [index=1] [time=2026-11-22T00:00:00]"},
    {"05060101", "34120000 10010000",
     "frozen_forward_active_energy total=12.34kWh t1=1.10kWh [freeze=daily] [index=1]"},
    {"0506020A", "34120000",
     "frozen_reverse_active_energy total=12.34kWh [freeze=daily] [index=10]"},
    {"05040101", "34120000",
     "frozen_forward_active_energy total=12.34kWh [freeze=hourly] [index=1]"},
    {"05000001", "FFFFFFFFFF", "freeze_time [freeze=timed] [index=1] [time=null]"},
};

const Case parameter_cases[] = {
    {"04000101", "00221126", "date [time=2026-11-22] [weekday=0]"},
    {"04000102", "300915", "time_of_day [time=15:09:30]"},
    {"0400010C", "30091500221126", "clock [time=2026-11-22T15:09:30] [weekday=0]"},
    {"0400010C", "30091500221326", "clock [time=null] [weekday=0] [raw=30091500221326] !bad_time"},
    {"04000103", "15", "demand_period value=15min"},
    {"04000106", "0000010127", "zone_switch_time [time=2027-01-01T00:00:00]"},
    {"04000205", "1200", "holiday_count value=12"},
    {"04000306", "400000", "current_transformer_ratio value=40"},
    {"04000401", "420015112600", "address value=002611150042digits"},
    {"04000402", "FFFFFFFFFFFF", "meter_number value=nulldigits"},
    {"04000407", "30 2E 31 20", "active_accuracy_class value=1.0text"},
    {"04000407", "302E3107", "active_accuracy_class value=nulltext[raw=302E3107]!not_text"},
    {"04000409", "001200", "active_constant value=1200imp/kWh"},
    {"04000B01", "0001", "settlement_day day=1day hour=0h [index=1]"},
    {"04000C02", "02563412", "password [index=2] [password_level=02]"},
    {"04000E01", "005008", "forward_power_limit value=8.5000kW"},
    {"04000E03", "4026", "voltage_upper_limit value=264.0V"},
    {"04001001", "00200000", "alarm_amount_1 value=20.00yuan"},
    {"04001401", "0500", "pretrip_delay value=5min"},
    {"04001402", "000060", "relay_trip_current value=6000.00A"},
    {"04010000", "01 01 03 02 01 09",
     "year_zones_1 1=1day_table[from=03-01] 2=2day_table[from=09-01]"},
    {"04010001", "04 00 00 02 30 08 0C 00 22",
     "day_table_1 1=4tariff[from=00:00] 2=2tariff[from=08:30] "
     "3=nulltariff[raw=0C][from=22:00]!not_bcd"},
    {"04030001", "02011026", "holiday 1=2day_table[from=2026-10-01] [index=1]"},
    {"04050101", "55680000", "tariff_price_1 t1=0.6855yuan/kWh"},
    {"040502FF", "55680000 FFFFFFFF", "tariff_price_2 t1=0.6855yuan/kWh t2=nullyuan/kWh"},
    {"040600FF", "00300200 00000400", "step_limit_1 step_1=230.00kWh step_2=400.00kWh"},
    {"04060302", "55680000", "step_price_2 step_2=0.6855yuan/kWh"},
    {"04999999", "01FF", "unknown [raw=01FF]"},
    {"06000001", "A0A0EB", "load_profile [raw=A0A0EB]"},
};

void check(std::span<const Case> cases) {
    for (const Case& each : cases) {
        const DataId id = DataId::parse(each.id).value();
        EXPECT_EQ(id.text(), each.id);
        EXPECT_EQ(summary(decode_item(id, parse_hex(each.wire).value())), each.expected) << each.id;
    }
}

TEST(Dlt645Items, Energy) { check(energy_cases); }
TEST(Dlt645Items, Instantaneous) { check(instantaneous_cases); }
TEST(Dlt645Items, EventsPurchasesFreezes) { check(event_cases); }
TEST(Dlt645Items, Parameters) { check(parameter_cases); }

TEST(Dlt645Items, FirstPartShowsWholeValuesOnly) {
    const Bytes wire = parse_hex("34120000 1001").value();
    EXPECT_EQ(summary(decode_item(data_id::forward_energy_block, wire, {true, 0})),
              "forward_active_energy total=12.34kWh");
    const Bytes joined = parse_hex("34120000 10010000 25050000").value();
    EXPECT_EQ(summary(decode_item(data_id::forward_energy_block, joined, {false, 1})),
              "forward_active_energy t1=1.10kWh t2=5.25kWh");
}

/// An identifier that the pattern allows.
DataId sample(std::string_view pattern) {
    std::string text(pattern);
    for (char& c : text) {
        c = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') ? c : '1';
    }
    if (pattern.find("tt") != std::string_view::npos || pattern.find("mm") == 6 ||
        pattern.find("pp") != std::string_view::npos) {
        std::replace(text.begin(), text.end(), 'x', '1');
        for (const std::string_view letters : {"tt", "mm", "pp"}) {
            const std::size_t at = pattern.find(letters);
            if (at != std::string_view::npos) {
                text.replace(at, 2, "01");
            }
        }
    }
    return DataId::parse(text).value();
}

TEST(Dlt645Items, EveryLineOfTheTableIsReachedAndNamed) {
    std::set<std::string_view> names;
    for (const Identifier& entry : identifiers()) {
        EXPECT_EQ(entry.pattern.size(), 8U);
        EXPECT_EQ(find_identifier(sample(entry.pattern)), &entry) << entry.pattern;
        EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
        EXPECT_FALSE(entry.zh.empty());
        EXPECT_EQ(entry.fields.empty(), entry.naming != Naming::fields);
        EXPECT_EQ(entry.format.bytes == 0, entry.naming == Naming::fields);
    }
}

TEST(Dlt645Items, ClassesBoundTheTable) {
    EXPECT_EQ(find_identifier({0x00014000}), nullptr);  // T64
    EXPECT_EQ(find_identifier({0x0001000D}), nullptr);  // 13 months ago
    EXPECT_EQ(find_identifier({0x02010400}), nullptr);  // a fourth phase
    EXPECT_NE(find_identifier({0x00013F0C}), nullptr);
}

RC_GTEST_PROP(Dlt645Items, AnyBytesUnderAnyLineGiveAnItem, ()) {
    const std::span<const Identifier> all = identifiers();
    const auto index = *rc::gen::inRange<std::size_t>(0, all.size());
    DataId id = sample(all[index].pattern);
    if (*rc::gen::arbitrary<bool>()) {
        id.value |= 0xFF00;
    }
    const auto wire = *rc::gen::arbitrary<Bytes>();
    const Item item = decode_item(id, wire, {*rc::gen::arbitrary<bool>(), 0});
    RC_ASSERT(item.id == id);
    for (const Value& value : item.values) {
        RC_ASSERT(value.problem == Problem::none || all[index].format.kind == Kind::demand ||
                  !value.text);
    }
}

}  // namespace
}  // namespace mb::codec::dlt645
