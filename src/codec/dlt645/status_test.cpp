#include "codec/dlt645/status.hpp"

#include <gtest/gtest.h>

#include <set>

#include "codec/dlt645/items.hpp"

namespace mb::codec::dlt645 {
namespace {

std::set<std::string> on(const StatusWord& word) {
    std::set<std::string> out;
    for (const auto& [name, value] : word.bits) {
        if (value) {
            out.emplace(name);
        }
    }
    return out;
}

StatusWord decode_word(int number, std::uint16_t raw) {
    const Bytes wire{static_cast<std::uint8_t>(raw), static_cast<std::uint8_t>(raw >> 8)};
    const DataId id{0x04000500U + static_cast<std::uint32_t>(number)};
    const Item item = decode_item(id, wire);
    EXPECT_EQ(item.words.size(), 1U);
    return item.words.at(0);
}

/// The bits of the standard, written down once more as they are read off its page.
std::vector<std::pair<int, std::string>> expected_bits(int word) {
    switch (word) {
        case 1:
            return {{2, "clock_battery_low"},
                    {3, "reading_battery_low"},
                    {4, "active_power_reversed"},
                    {5, "reactive_power_reversed"},
                    {8, "control_circuit_error"},
                    {9, "esam_error"},
                    {12, "program_error"},
                    {13, "memory_error"},
                    {14, "overdraft"},
                    {15, "clock_error"}};
        case 2:
            return {{0, "active_power_a_reversed"},   {1, "active_power_b_reversed"},
                    {2, "active_power_c_reversed"},   {4, "reactive_power_a_reversed"},
                    {5, "reactive_power_b_reversed"}, {6, "reactive_power_c_reversed"}};
        case 3:
            return {{0, "period_set_2"}, {3, "programming_allowed"}, {4, "relay_open"},
                    {5, "zone_set_2"},   {6, "commanded_open"},      {7, "pretrip_alarm"},
                    {12, "keep_power"},  {13, "authenticated"}};
        case 7:
            return {{0, "voltage_sequence_error"},
                    {2, "voltage_imbalance"},
                    {5, "power_down"},
                    {6, "over_demand"},
                    {7, "low_power_factor"},
                    {9, "cover_opened"},
                    {10, "terminal_cover_opened"}};
        default:
            return {{0, "loss_of_voltage"}, {1, "under_voltage"}, {2, "over_voltage"},
                    {3, "loss_of_current"}, {4, "over_current"},  {5, "overload"},
                    {6, "reversal"},        {7, "phase_loss"},    {8, "current_break"}};
    }
}

TEST(Dlt645Status, EveryBitOfEveryWord) {
    for (int word = 1; word <= 7; ++word) {
        std::vector<std::string> names(16);
        for (const auto& [bit, name] : expected_bits(word)) {
            names[static_cast<std::size_t>(bit)] = name;
        }
        for (int bit = 0; bit < 16; ++bit) {
            std::set<std::string> expected;
            if (!names[static_cast<std::size_t>(bit)].empty()) {
                expected.insert(names[static_cast<std::size_t>(bit)]);
            }
            if (word == 3 && bit != 14) {
                expected.insert("local_account_open");
            }
            if (word == 3 && bit != 15) {
                expected.insert("remote_account_open");
            }
            EXPECT_EQ(on(decode_word(word, static_cast<std::uint16_t>(1 << bit))), expected)
                << word << " b" << bit;
        }
    }
}

TEST(Dlt645Status, Word3TypedAndNamedAgreeForEveryValue) {
    for (int raw = 0; raw < 0xFFFF; ++raw) {
        const StatusWord3 word{static_cast<std::uint16_t>(raw)};
        const std::set<std::string> names = on(decode_word(3, word.raw));
        ASSERT_EQ(word.relay_open(), names.contains("relay_open")) << raw;
        ASSERT_EQ(word.commanded_open(), names.contains("commanded_open")) << raw;
        ASSERT_EQ(word.pretrip_alarm(), names.contains("pretrip_alarm")) << raw;
        ASSERT_EQ(word.keep_power(), names.contains("keep_power")) << raw;
        ASSERT_EQ(word.programming_allowed(), names.contains("programming_allowed")) << raw;
        ASSERT_EQ(word.authenticated(), names.contains("authenticated")) << raw;
        ASSERT_EQ(word.local_account_open(), names.contains("local_account_open")) << raw;
        ASSERT_EQ(word.remote_account_open(), names.contains("remote_account_open")) << raw;
    }
}

TEST(Dlt645Status, SupplyAndKind) {
    EXPECT_EQ(supply_name(StatusWord3{0x0000}.supply()), "main");
    EXPECT_EQ(supply_name(StatusWord3{0x0002}.supply()), "auxiliary");
    EXPECT_EQ(supply_name(StatusWord3{0x0004}.supply()), "battery");
    EXPECT_EQ(prepaid_kind_name(StatusWord3{0x0000}.prepaid_kind()), "none");
    EXPECT_EQ(prepaid_kind_name(StatusWord3{0x0100}.prepaid_kind()), "energy");
    EXPECT_EQ(prepaid_kind_name(StatusWord3{0x0200}.prepaid_kind()), "money");
}

TEST(Dlt645Status, AllFfIsUnknownNotOpen) {
    const Item item = decode_item(data_id::status_word_3, Bytes{0xFF, 0xFF});
    EXPECT_FALSE(item.words.at(0).raw);
    EXPECT_TRUE(std::holds_alternative<std::monostate>(item.find("relay_state")->fact));
}

TEST(Dlt645Status, BlockHasSevenWords) {
    Bytes wire(14, 0);
    wire[4] = 0x50;
    wire[5] = 0x10;
    wire[12] = 0x20;
    const Item item = decode_item(data_id::status_words, wire);
    ASSERT_EQ(item.words.size(), 7U);
    EXPECT_EQ(item.words[2].raw, 0x1050);
    EXPECT_EQ(on(item.words[6]), std::set<std::string>{"power_down"});
    EXPECT_EQ(std::get<std::string>(item.find("relay_state")->fact), "open");
    wire.push_back(0);
    EXPECT_EQ(decode_item(data_id::status_words, wire).problem, Problem::bad_length);
    wire.push_back(0);
    EXPECT_EQ(decode_item(data_id::status_words, wire).problem, Problem::bad_length);
}

}  // namespace
}  // namespace mb::codec::dlt645
