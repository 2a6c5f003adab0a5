#include "codec/dlt645/identifiers.hpp"

#include <algorithm>
#include <array>

#include "base/check.hpp"

namespace mb::codec::dlt645 {

DataId DataId::from_wire(ByteView low_first) {
    CHECK(low_first.size() == 4);
    DataId out;
    for (std::size_t i = 0; i < 4; ++i) {
        out.value |= static_cast<std::uint32_t>(low_first[i]) << (8 * i);
    }
    return out;
}

Result<DataId> DataId::parse(std::string_view text) {
    const Result<Bytes> high_first = parse_hex(text);
    if (text.size() != 8 || !high_first || high_first->size() != 4) {
        return fail(error("dlt645.data_id").with("text", std::string(text.substr(0, 40))));
    }
    std::array<std::uint8_t, 4> low_first{};
    std::reverse_copy(high_first->begin(), high_first->end(), low_first.begin());
    return from_wire(low_first);
}

std::string DataId::text() const {
    const std::array<std::uint8_t, 4> high_first{di(3), di(2), di(1), di(0)};
    return hex(high_first);
}

namespace {

constexpr Format energy{Kind::number, 4, 2};  // kWh, kvarh; money too
constexpr Format signed_energy{Kind::signed_number, 4, 2};
constexpr Format power{Kind::signed_number, 3, 4};
constexpr Format voltage{Kind::number, 2, 1};
constexpr Format current{Kind::signed_number, 3, 3};
constexpr Format power_factor{Kind::signed_number, 2, 3};
constexpr Format temperature{Kind::signed_number, 2, 1};
constexpr Format hundredths{Kind::number, 2, 2};
constexpr Format price{Kind::number, 4, 4};
constexpr Format demand{Kind::demand, 8, 4};
constexpr Format count1{Kind::number, 1, 0};
constexpr Format count2{Kind::number, 2, 0};
constexpr Format count3{Kind::number, 3, 0};
constexpr Format count4{Kind::number, 4, 0};
constexpr Format load_limit{Kind::number, 3, 4};
constexpr Format trip_current{Kind::number, 3, 2};
constexpr Format minute{Kind::minute, 5, 0};
constexpr Format second{Kind::second, 6, 0};
constexpr Format day_hour{Kind::day_hour, 2, 0};
constexpr Format digits6{Kind::digits, 6, 0};
constexpr Format status_word{Kind::status_word, 2, 0};
constexpr Format operator_code{Kind::code, 4, 0};
constexpr Format record{Kind::code, 0, 0};  // see fields

constexpr Format ascii(std::uint8_t bytes) { return {Kind::ascii, bytes, 0}; }

constexpr std::array<RecordField, 12> programming_record{{
    {"time", second, ""},
    {"operator", operator_code, "hex"},
    {"identifier_1", operator_code, "hex"},
    {"identifier_2", operator_code, "hex"},
    {"identifier_3", operator_code, "hex"},
    {"identifier_4", operator_code, "hex"},
    {"identifier_5", operator_code, "hex"},
    {"identifier_6", operator_code, "hex"},
    {"identifier_7", operator_code, "hex"},
    {"identifier_8", operator_code, "hex"},
    {"identifier_9", operator_code, "hex"},
    {"identifier_10", operator_code, "hex"},
}};
constexpr std::array<RecordField, 2> power_failure_record{
    {{"time", second, ""}, {"end", second, ""}}};

constexpr std::array<RecordField, 2> relay_record{
    {{"time", second, ""}, {"operator", operator_code, "hex"}}};

using enum Naming;

// pattern, name, zh, format, unit, naming, fields. Confidence of each line: protocols.md §1.5.
constexpr auto table = std::to_array<Identifier>({
    // Energy: DI2 kind, DI1 tariff, DI0 settlement
    {"0000ttmm", "combined_active_energy", "组合有功电能", signed_energy, "kWh", tariff},
    {"0001ttmm", "forward_active_energy", "正向有功电能", energy, "kWh", tariff},
    {"0002ttmm", "reverse_active_energy", "反向有功电能", energy, "kWh", tariff},
    {"0003ttmm", "combined_reactive_energy_1", "组合无功1电能", signed_energy, "kvarh", tariff},
    {"0004ttmm", "combined_reactive_energy_2", "组合无功2电能", signed_energy, "kvarh", tariff},
    {"0005ttmm", "reactive_energy_quadrant_1", "第一象限无功电能", energy, "kvarh", tariff},
    {"0006ttmm", "reactive_energy_quadrant_2", "第二象限无功电能", energy, "kvarh", tariff},
    {"0007ttmm", "reactive_energy_quadrant_3", "第三象限无功电能", energy, "kvarh", tariff},
    {"0008ttmm", "reactive_energy_quadrant_4", "第四象限无功电能", energy, "kvarh", tariff},
    {"0015ttmm", "forward_active_energy_a", "A相正向有功电能", energy, "kWh", tariff},
    {"0029ttmm", "forward_active_energy_b", "B相正向有功电能", energy, "kWh", tariff},
    {"003Dttmm", "forward_active_energy_c", "C相正向有功电能", energy, "kWh", tariff},
    {"00900100", "remaining_energy", "剩余电量", energy, "kWh"},
    {"00900101", "overdraft_energy", "透支电量", energy, "kWh"},
    {"00900200", "remaining_amount", "剩余金额", energy, "yuan"},
    {"00900201", "overdraft_amount", "透支金额", energy, "yuan"},
    // Maximum demand
    {"0101ttmm", "forward_active_demand", "正向有功最大需量", demand, "kW", tariff},
    {"0102ttmm", "reverse_active_demand", "反向有功最大需量", demand, "kW", tariff},
    // Instantaneous
    {"0201pp00", "voltage", "电压", voltage, "V", phase},
    {"0202pp00", "current", "电流", current, "A", phase},
    {"0203pp00", "active_power", "有功功率", power, "kW", total_phase},
    {"0204pp00", "reactive_power", "无功功率", power, "kvar", total_phase},
    {"0205pp00", "apparent_power", "视在功率", power, "kVA", total_phase},
    {"0206pp00", "power_factor", "功率因数", power_factor, "", total_phase},
    {"0207pp00", "phase_angle", "相角", voltage, "°", phase},
    {"02800001", "neutral_current", "零线电流", current, "A"},
    {"02800002", "frequency", "电网频率", hundredths, "Hz"},
    {"02800003", "average_power_1min", "一分钟平均有功功率", power, "kW"},
    {"02800004", "active_demand", "当前有功需量", power, "kW"},
    {"02800005", "reactive_demand", "当前无功需量", power, "kvar"},
    {"02800006", "apparent_demand", "当前视在需量", power, "kVA"},
    {"02800007", "temperature", "表内温度", temperature, "°C"},
    {"02800008", "clock_battery_voltage", "时钟电池电压", hundredths, "V"},
    {"02800009", "reading_battery_voltage", "抄表电池电压", hundredths, "V"},
    {"0280000A", "battery_minutes", "内部电池工作时间", count4, "min"},
    {"0280000B", "step_price", "当前阶梯电价", price, "yuan/kWh"},
    {"02800020", "price", "当前电价", price, "yuan/kWh"},
    {"02800022", "authentication_minutes_left", "身份认证时效剩余时间", count2, "min"},
    // Events
    {"03300000", "programming_count", "编程总次数", count3, ""},
    {"033000kk", "programming_record", "编程记录", record, "", fields, programming_record},
    {"03300D00", "cover_open_count", "开表盖总次数", count3, ""},
    {"03110000", "power_failure_count", "掉电总次数", count3, ""},
    {"031100kk", "power_failure_record", "掉电记录", record, "", fields, power_failure_record},
    {"1D000001", "trip_count", "跳闸次数", count3, ""},
    {"1D0001kk", "trip_time", "跳闸发生时刻", record, "", fields, relay_record},
    {"1D0002kk", "trip_operator", "跳闸操作者代码", operator_code, "hex"},
    {"1E000001", "close_count", "合闸次数", count3, ""},
    {"1E0001kk", "close_time", "合闸发生时刻", record, "", fields, relay_record},
    {"1E0002kk", "close_operator", "合闸操作者代码", operator_code, "hex"},
    // Purchases, kk = 01 the last
    {"033201kk", "energy_purchase_date", "购电日期", minute, ""},
    {"033202kk", "energy_purchase_count", "购电总次数", count2, ""},
    {"033203kk", "energy_purchased", "购电量", energy, "kWh"},
    {"033204kk", "energy_before_purchase", "购电前剩余电量", energy, "kWh"},
    {"033205kk", "energy_after_purchase", "购电后剩余电量", energy, "kWh"},
    {"033206kk", "energy_purchased_total", "累计购电量", energy, "kWh"},
    {"033301kk", "amount_purchase_date", "购电日期", minute, ""},
    {"033302kk", "amount_purchase_count", "购电总次数", count2, ""},
    {"033303kk", "amount_purchased", "购电金额", energy, "yuan"},
    {"033304kk", "amount_before_purchase", "购电前剩余金额", energy, "yuan"},
    {"033305kk", "amount_after_purchase", "购电后剩余金额", energy, "yuan"},
    {"033306kk", "amount_purchased_total", "累计购电金额", energy, "yuan"},
    // Parameters
    {"04000101", "date", "日期及星期", {Kind::date, 4, 0}, ""},
    {"04000102", "time_of_day", "时间", {Kind::time_of_day, 3, 0}, ""},
    {"04000103", "demand_period", "最大需量周期", count1, "min"},
    {"04000104", "demand_slip", "滑差时间", count1, "min"},
    {"04000105", "pulse_width", "校表脉冲宽度", count2, "ms"},
    {"04000106", "zone_switch_time", "两套时区表切换时间", minute, ""},
    {"04000107", "day_table_switch_time", "两套日时段表切换时间", minute, ""},
    {"04000108", "price_switch_time", "两套费率电价切换时间", minute, ""},
    {"04000109", "step_switch_time", "两套阶梯切换时间", minute, ""},
    {"0400010C", "clock", "日期及时间", {Kind::clock, 7, 0}, ""},
    {"04000201", "zone_count", "年时区数", count1, ""},
    {"04000202", "day_table_count", "日时段表数", count1, ""},
    {"04000203", "period_count", "日时段数", count1, ""},
    {"04000204", "tariff_count", "费率数", count1, ""},
    {"04000205", "holiday_count", "公共假日数", count2, ""},
    {"04000207", "step_count", "阶梯数", count1, ""},
    {"04000306", "current_transformer_ratio", "电流互感器变比", count3, ""},
    {"04000307", "voltage_transformer_ratio", "电压互感器变比", count3, ""},
    {"04000401", "address", "通信地址", digits6, "digits"},
    {"04000402", "meter_number", "表号", digits6, "digits"},
    {"04000403", "asset_code", "资产管理编码", ascii(32), "text"},
    {"04000404", "rated_voltage", "额定电压", ascii(6), "text"},
    {"04000405", "rated_current", "额定电流", ascii(6), "text"},
    {"04000406", "maximum_current", "最大电流", ascii(6), "text"},
    {"04000407", "active_accuracy_class", "有功准确度等级", ascii(4), "text"},
    {"04000408", "reactive_accuracy_class", "无功准确度等级", ascii(4), "text"},
    {"04000409", "active_constant", "电表有功常数", count3, "imp/kWh"},
    {"0400040A", "reactive_constant", "电表无功常数", count3, "imp/kvarh"},
    {"0400040B", "meter_model", "电表型号", ascii(10), "text"},
    {"0400040C", "production_date", "生产日期", ascii(10), "text"},
    {"0400040D", "protocol_version", "协议版本号", ascii(16), "text"},
    {"0400040E", "customer_number", "客户编号", digits6, "digits"},
    {"04000501", "status_word_1", "电表运行状态字1", status_word, ""},
    {"04000502", "status_word_2", "电表运行状态字2", status_word, ""},
    {"04000503", "status_word_3", "电表运行状态字3", status_word, ""},
    {"04000504", "status_word_4", "电表运行状态字4", status_word, ""},
    {"04000505", "status_word_5", "电表运行状态字5", status_word, ""},
    {"04000506", "status_word_6", "电表运行状态字6", status_word, ""},
    {"04000507", "status_word_7", "电表运行状态字7", status_word, ""},
    {"040005FF", "status_words", "电表运行状态字", status_word, ""},
    {"04000Bkk", "settlement_day", "每月结算日", day_hour, ""},
    {"04000Ckk", "password", "密码", {Kind::password, 4, 0}, ""},
    {"04000E01", "forward_power_limit", "正向有功功率上限值", load_limit, "kW"},
    {"04000E02", "reverse_power_limit", "反向有功功率上限值", load_limit, "kW"},
    {"04000E03", "voltage_upper_limit", "电压上限值", voltage, "V"},
    {"04000E04", "voltage_lower_limit", "电压下限值", voltage, "V"},
    {"04000F01", "alarm_energy_1", "报警电量1", energy, "kWh"},
    {"04000F02", "alarm_energy_2", "报警电量2", energy, "kWh"},
    {"04000F03", "hoarding_energy_limit", "囤积电量限值", energy, "kWh"},
    {"04000F04", "overdraft_energy_limit", "透支电量限值", energy, "kWh"},
    {"04001001", "alarm_amount_1", "报警金额1", energy, "yuan"},
    {"04001002", "alarm_amount_2", "报警金额2", energy, "yuan"},
    {"04001003", "overdraft_amount_limit", "透支金额限值", energy, "yuan"},
    {"04001004", "hoarding_amount_limit", "囤积金额限值", energy, "yuan"},
    {"04001005", "close_permit_amount", "合闸允许金额限值", energy, "yuan"},
    {"04001401", "pretrip_delay", "跳闸延时时间", count2, "min"},
    {"04001402", "relay_trip_current", "继电器拉闸控制电流门限值", trip_current, "A"},
    // Tariff tables
    {"04010000", "year_zones_1", "第一套时区表", {Kind::month_day_row, 3, 0}, "day_table", rows},
    {"04020000", "year_zones_2", "第二套时区表", {Kind::month_day_row, 3, 0}, "day_table", rows},
    {"0401000k", "day_table_1", "第一套日时段表", {Kind::time_row, 3, 0}, "tariff", rows},
    {"0402000k", "day_table_2", "第二套日时段表", {Kind::time_row, 3, 0}, "tariff", rows},
    {"0403kkkk", "holiday", "公共假日", {Kind::date_row, 4, 0}, "day_table", rows},
    {"040501tt", "tariff_price_1", "第一套费率电价", price, "yuan/kWh", tariff_by_di0},
    {"040502tt", "tariff_price_2", "第二套费率电价", price, "yuan/kWh", tariff_by_di0},
    {"040600ss", "step_limit_1", "第一套阶梯值", energy, "kWh", step_by_di0},
    {"040601ss", "step_price_1", "第一套阶梯电价", price, "yuan/kWh", step_by_di0},
    {"040602ss", "step_limit_2", "第二套阶梯值", energy, "kWh", step_by_di0},
    {"040603ss", "step_price_2", "第二套阶梯电价", price, "yuan/kWh", step_by_di0},
    // Freezes: DI2 kind (00 timed, 04 hourly, 06 daily …), kk = 01 the last
    {"05xx00kk", "freeze_time", "冻结时间", minute, ""},
    {"05xx01kk", "frozen_forward_active_energy", "冻结正向有功电能", energy, "kWh", tariff_block},
    {"05xx02kk", "frozen_reverse_active_energy", "冻结反向有功电能", energy, "kWh", tariff_block},
    {"05xx03kk", "frozen_combined_reactive_energy_1", "冻结组合无功1电能", signed_energy, "kvarh",
     tariff_block},
    {"05xx04kk", "frozen_combined_reactive_energy_2", "冻结组合无功2电能", signed_energy, "kvarh",
     tariff_block},
    {"05xx05kk", "frozen_reactive_energy_quadrant_1", "冻结第一象限无功电能", energy, "kvarh",
     tariff_block},
    {"05xx06kk", "frozen_reactive_energy_quadrant_2", "冻结第二象限无功电能", energy, "kvarh",
     tariff_block},
    {"05xx07kk", "frozen_reactive_energy_quadrant_3", "冻结第三象限无功电能", energy, "kvarh",
     tariff_block},
    {"05xx08kk", "frozen_reactive_energy_quadrant_4", "冻结第四象限无功电能", energy, "kvarh",
     tariff_block},
    {"05xx09kk", "frozen_forward_active_demand", "冻结正向有功最大需量", demand, "kW",
     tariff_block},
    {"05xx0Akk", "frozen_reverse_active_demand", "冻结反向有功最大需量", demand, "kW",
     tariff_block},
});

constexpr int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// Whether the byte at `at` (0 for DI3) has the class its letter asks for.
constexpr bool class_allows(char letter, std::uint8_t byte) {
    switch (letter) {
        case 't': return byte <= 0x3F || byte == 0xFF;
        case 'm': return byte <= 0x0C || byte == 0xFF;
        case 'p': return byte <= 0x03 || byte == 0xFF;
        case 's': return byte <= 0x3F || byte == 0xFF;
        default: return true;
    }
}

}  // namespace

bool Identifier::matches(DataId id) const {
    for (int i = 0; i < 8; ++i) {
        const char c = pattern[static_cast<std::size_t>(i)];
        const int wanted = hex_digit(c);
        const auto byte = id.di(3 - i / 2);
        const int nibble = i % 2 == 0 ? byte >> 4 : byte & 0xF;
        if (wanted >= 0 ? nibble != wanted : !class_allows(c, byte)) {
            return false;
        }
    }
    return true;
}

std::span<const Identifier> identifiers() { return table; }

const Identifier* find_identifier(DataId id) {
    const auto* found = std::ranges::find_if(table, [&](const auto& it) { return it.matches(id); });
    return found == table.end() ? nullptr : found;
}

}  // namespace mb::codec::dlt645
