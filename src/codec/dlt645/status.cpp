#include "codec/dlt645/status.hpp"

#include <array>

#include "base/check.hpp"

namespace mb::codec::dlt645 {

std::string_view supply_name(Supply supply) {
    switch (supply) {
        case Supply::main: return "main";
        case Supply::auxiliary: return "auxiliary";
        case Supply::battery: return "battery";
        case Supply::reserved: return "reserved";
    }
    return "reserved";
}

std::string_view prepaid_kind_name(PrepaidKind kind) {
    switch (kind) {
        case PrepaidKind::none: return "none";
        case PrepaidKind::energy: return "energy";
        case PrepaidKind::money: return "money";
        case PrepaidKind::reserved: return "reserved";
    }
    return "reserved";
}

namespace {

constexpr auto word_1 = std::to_array<StatusBit>({
    {2, "clock_battery_low", "时钟电池欠压"},
    {3, "reading_battery_low", "停电抄表电池欠压"},
    {4, "active_power_reversed", "有功功率反向"},
    {5, "reactive_power_reversed", "无功功率反向"},
    {8, "control_circuit_error", "控制回路错误"},
    {9, "esam_error", "ESAM错误"},
    {12, "program_error", "内部程序错误"},
    {13, "memory_error", "存储器故障"},
    {14, "overdraft", "透支状态"},
    {15, "clock_error", "时钟故障"},
});
constexpr auto word_2 = std::to_array<StatusBit>({
    {0, "active_power_a_reversed", "A相有功功率反向"},
    {1, "active_power_b_reversed", "B相有功功率反向"},
    {2, "active_power_c_reversed", "C相有功功率反向"},
    {4, "reactive_power_a_reversed", "A相无功功率反向"},
    {5, "reactive_power_b_reversed", "B相无功功率反向"},
    {6, "reactive_power_c_reversed", "C相无功功率反向"},
});
constexpr auto word_3 = std::to_array<StatusBit>({
    {0, "period_set_2", "运行第二套时段"},
    {3, "programming_allowed", "编程允许"},
    {4, "relay_open", "继电器断开"},
    {5, "zone_set_2", "运行第二套时区"},
    {6, "commanded_open", "继电器命令断"},
    {7, "pretrip_alarm", "预跳闸报警"},
    {12, "keep_power", "保电"},
    {13, "authenticated", "身份认证有效"},
    {14, "local_account_open", "本地开户", true},
    {15, "remote_account_open", "远程开户", true},
});
constexpr auto word_phase = std::to_array<StatusBit>({
    {0, "loss_of_voltage", "失压"},
    {1, "under_voltage", "欠压"},
    {2, "over_voltage", "过压"},
    {3, "loss_of_current", "失流"},
    {4, "over_current", "过流"},
    {5, "overload", "过载"},
    {6, "reversal", "潮流反向"},
    {7, "phase_loss", "断相"},
    {8, "current_break", "断流"},
});
constexpr auto word_7 = std::to_array<StatusBit>({
    {0, "voltage_sequence_error", "电压逆相序"},
    {2, "voltage_imbalance", "电压不平衡"},
    {5, "power_down", "掉电"},
    {6, "over_demand", "需量超限"},
    {7, "low_power_factor", "总功率因数超下限"},
    {9, "cover_opened", "开表盖"},
    {10, "terminal_cover_opened", "开端钮盖"},
});

}  // namespace

std::span<const StatusBit> status_bits(int word) {
    CHECK(word >= 1 && word <= 7);
    switch (word) {
        case 1: return word_1;
        case 2: return word_2;
        case 3: return word_3;
        case 7: return word_7;
        default: return word_phase;
    }
}

}  // namespace mb::codec::dlt645
