#include "app/decode_command.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <utility>

#include "base/bytes.hpp"
#include "base/json.hpp"
#include "tests/support/source_dir.hpp"

namespace mb::app {
namespace {

struct Ran {
    int code = 0;
    std::string out;
    std::string err;
};

Ran run(std::vector<std::string> hex, bool json = true, const std::string& input = "",
        const std::string& protocol = "dlt645") {
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    const int code = run_decode({protocol, std::move(hex), json}, in, out, err);
    return {code, out.str(), err.str()};
}

/// Whether `text` is one JSON object on one line.
bool is_json_line(const std::string& text) {
    return text.ends_with('\n') && text.find('\n') == text.size() - 1 &&
           JsonDocument::parse(text.substr(0, text.size() - 1)).has_value();
}

const std::string registers =
    "68 42 00 15 11 26 00 68 91 18 33 32 34 33 67 45 33 33 43 34 33 33 58 38 33 33 93 37 33 33 6C "
    "34 33 33 EE 16";
const std::string trip =
    "68 42 00 15 11 26 00 68 1C 10 35 89 67 45 AB 89 67 45 4D 33 33 33 4B 64 45 59 07 16";
const std::string accepted = "68 42 00 15 11 26 00 68 9C 00 FA 16";
const std::string refused = "68 42 00 15 11 26 00 68 DC 01 37 72 16";
const std::string word_3 = "68 42 00 15 11 26 00 68 91 06 36 38 33 37 83 43 93 16";

TEST(DecodeCommand, OneFrameIsTheObjectItself) {
    const Ran ran = run({registers});
    EXPECT_EQ(ran.code, 0);
    EXPECT_EQ(ran.out, R"({"valid":true,"position":0,"address":"002611150042","control":"91",)"
                       R"("direction":"reply","function":"read","items":[{"id":"0001FF00",)"
                       R"("name":"forward_active_energy","values":[)"
                       R"({"name":"total","value":"12.34","unit":"kWh"},)"
                       R"({"name":"t1","value":"1.10","unit":"kWh"},)"
                       R"({"name":"t2","value":"5.25","unit":"kWh"},)"
                       R"({"name":"t3","value":"4.60","unit":"kWh"},)"
                       R"({"name":"t4","value":"1.39","unit":"kWh"}]}]})"
                       "\n");
    EXPECT_TRUE(ran.err.empty());
}

TEST(DecodeCommand, PreambleIsNoFrame) {
    const Ran ran = run({"FE FE FE FE 68 42 00 15 11 26 00 68 11 04 33 32 34 33 3F 16"});
    EXPECT_EQ(ran.code, 0);
    EXPECT_EQ(ran.out, R"({"valid":true,"position":4,"address":"002611150042","control":"11",)"
                       R"("direction":"request","function":"read","items":[{"id":"0001FF00",)"
                       R"("name":"forward_active_energy","values":[]}]})"
                       "\n");
}

TEST(DecodeCommand, RelayCommand) {
    const Ran ran = run({trip});
    EXPECT_EQ(ran.code, 0);
    EXPECT_EQ(ran.out, R"({"valid":true,"position":0,"address":"002611150042","control":"1C",)"
                       R"("direction":"request","function":"relay","items":[],"command":"trip",)"
                       R"("command_code":"1A","password_level":"02","operator":"12345678",)"
                       R"("deadline":"2026-12-31T18:00:00"})"
                       "\n");
}

TEST(DecodeCommand, RelayStateAndBits) {
    const Ran ran = run({word_3});
    EXPECT_EQ(ran.out,
              R"({"valid":true,"position":0,"address":"002611150042","control":"91",)"
              R"("direction":"reply","function":"read","items":[{"id":"04000503",)"
              R"("name":"status_word_3","values":[],"relay_state":"open","supply":"main",)"
              R"("prepaid":"none","raw":"1050","bits":{"period_set_2":false,)"
              R"("programming_allowed":false,"relay_open":true,"zone_set_2":false,)"
              R"("commanded_open":true,"pretrip_alarm":false,"keep_power":true,)"
              R"("authenticated":false,"local_account_open":true,"remote_account_open":true}}],)"
              R"("relay_state":"open"})"
              "\n");
}

TEST(DecodeCommand, SeveralFramesInArgumentsOrInOne) {
    const std::string expected =
        R"({"frames":[{"valid":true,"position":0,"address":"002611150042","control":"9C",)"
        R"("direction":"reply","function":"relay","items":[]},)"
        R"({"valid":true,"position":12,"address":"002611150042","control":"DC",)"
        R"("direction":"reply","function":"relay","items":[],"error_raw":"04",)"
        R"("errors":["password_or_authorisation"]}]})"
        "\n";
    EXPECT_EQ(run({accepted, refused}).out, expected);
    EXPECT_EQ(run({accepted + refused}).out, expected);
    EXPECT_EQ(run({"-"}, true, accepted + "\n" + refused + "\n").out, expected);
    std::vector<std::string> bytes;
    std::istringstream words(accepted + ' ' + refused);
    for (std::string word; words >> word;) {
        bytes.push_back(word);
    }
    EXPECT_EQ(run(bytes).out, expected);
    EXPECT_EQ(run({accepted, refused}).code, 0);
}

TEST(DecodeCommand, BadFrameHasCodeAndPositionInTheWholeInput) {
    const std::string bad = "68 42 00 15 11 26 00 68 DC 01 37 73 16";
    const Ran alone = run({"FE" + bad});
    EXPECT_EQ(alone.code, 1);
    EXPECT_EQ(alone.out,
              R"({"valid":false,"error":{"code":"dlt645.checksum","position":1,"length":13,)"
              R"("expected":"72","found":"73"}})"
              "\n");
    const Ran between = run({accepted, bad, accepted});
    EXPECT_EQ(between.code, 1);
    EXPECT_NE(
        between.out.find(R"({"valid":false,"error":{"code":"dlt645.checksum","position":12,)"),
        std::string::npos);
    EXPECT_NE(between.out.find(R"("valid":true,"position":25)"), std::string::npos);
    const Ran cut = run({accepted, "68 42 00 15 11 26 00 68 DC 01 37"});
    EXPECT_EQ(cut.code, 1);
    EXPECT_NE(
        cut.out.find(
            R"({"valid":false,"error":{"code":"dlt645.truncated","position":12,"length":11}})"),
        std::string::npos);
    const Ran end = run({"68 42 00 15 11 26 00 68 DC 01 37 72 17"});
    EXPECT_NE(end.out.find(R"("code":"dlt645.end_mark","position":0)"), std::string::npos);
}

TEST(DecodeCommand, GarbageIsToldAndIsNoFrame) {
    const Ran ran = run({"0102" + accepted + "16"});
    EXPECT_EQ(ran.code, 0);
    EXPECT_EQ(ran.out, R"({"valid":true,"position":2,"address":"002611150042","control":"9C",)"
                       R"("direction":"reply","function":"relay","items":[],)"
                       R"("garbage":[{"position":0,"length":2},{"position":14,"length":1}]})"
                       "\n");
}

TEST(DecodeCommand, NoFrameAtAllIsRefused) {
    for (const char* nothing : {"FE FE FE", "00 11 22", ""}) {
        const Ran ran = run({nothing});
        EXPECT_EQ(ran.code, 1) << nothing;
        EXPECT_TRUE(ran.out.starts_with(
            R"({"valid":false,"error":{"code":"dlt645.no_frame","position":0})"))
            << ran.out;
        EXPECT_TRUE(is_json_line(ran.out));
        EXPECT_EQ(run({nothing}, false).code, 1);
    }
}

TEST(DecodeCommand, WrongUsageSaysWhat) {
    const Ran odd = run({"6842", "68 4"});
    EXPECT_EQ(odd.code, 2);
    EXPECT_EQ(odd.err,
              "meterbook decode: argument 2: character 4 is no hex digit or lacks its pair; bytes "
              "are two digits each, blanks between them\n");
    EXPECT_EQ(odd.out,
              R"({"valid":false,"error":{"code":"hex.malformed","position":4,"argument":"2"}})"
              "\n");
    EXPECT_EQ(run({"zz"}, false).code, 2);
    EXPECT_EQ(run({"zz"}, false).out, "");
    EXPECT_EQ(run({"-"}, true, "xyz").code, 2);
    EXPECT_EQ(run({}).code, 2);
    EXPECT_EQ(run({registers}, true, "", "dlt697").code, 2);
    EXPECT_NE(run({registers}, true, "", "dlt697").err.find("there is dlt645"), std::string::npos);
}

TEST(DecodeCommand, TimesAreIsoText) {
    const Ran ran = run({"68 99 99 99 99 99 99 68 08 06 63 3C 48 55 44 59 4D 16"});
    EXPECT_NE(ran.out.find(R"("time":"2026-11-22T15:09:30")"), std::string::npos);
}

TEST(DecodeCommand, OutputIsAlwaysOneJsonLine) {
    // Every control code over the same data: whatever it says, it is one object.
    for (int control = 0; control < 256; ++control) {
        for (const int length : {0, 1, 4, 5, 6, 8, 12, 16, 20}) {
            std::vector<std::uint8_t> frame{0x68,
                                            1,
                                            2,
                                            3,
                                            4,
                                            5,
                                            6,
                                            0x68,
                                            static_cast<std::uint8_t>(control),
                                            static_cast<std::uint8_t>(length)};
            for (int i = 0; i < length; ++i) {
                frame.push_back(static_cast<std::uint8_t>(0x22 + 37 * i));
            }
            unsigned sum = 0;
            for (const std::uint8_t byte : frame) {
                sum += byte;
            }
            frame.push_back(static_cast<std::uint8_t>(sum));
            frame.push_back(0x16);
            const Ran ran = run({mb::hex(frame)});
            ASSERT_EQ(ran.code, 0) << mb::hex(frame);
            ASSERT_TRUE(is_json_line(ran.out)) << ran.out;
            ASSERT_FALSE(run({mb::hex(frame)}, false).out.empty());
        }
    }
}

TEST(DecodeCommand, TableIsReadable) {
    EXPECT_EQ(run({registers}, false).out,
              "byte 0: read reply, control 91, address 002611150042\n"
              "  0001FF00 forward_active_energy 正向有功电能\n"
              "    total                 12.34 kWh\n"
              "    t1                    1.10 kWh\n"
              "    t2                    5.25 kWh\n"
              "    t3                    4.60 kWh\n"
              "    t4                    1.39 kWh\n");
    EXPECT_EQ(run({"01" + refused + "6842"}, false).out,
              "byte 1: relay reply, control DC, address 002611150042\n"
              "  error_raw               04\n"
              "  refused                 password_or_authorisation\n"
              "byte 14: BAD FRAME, dlt645.truncated, 2 bytes\n"
              "byte 0: outside of any frame, skipped: 1\n");
}

/// Arguments as a shell splits them; single quotes only.
std::vector<std::string> split(const std::string& command) {
    std::vector<std::string> out;
    std::string word;
    bool quoted = false;
    for (const char c : command + ' ') {
        if (c == '\'') {
            quoted = !quoted;
        } else if (c == ' ' && !quoted) {
            if (!word.empty()) {
                out.push_back(std::exchange(word, {}));
            }
        } else {
            word += c;
        }
    }
    return out;
}

TEST(DecodeCommand, ExamplesOfTheManualAreTrue) {
    std::ifstream manual(test::source_dir() / "docs/reference/decode.md");
    const std::string start = "$ meterbook decode dlt645 --json ";
    int examples = 0;
    for (std::string line; std::getline(manual, line);) {
        if (line.starts_with(start)) {
            std::string expected;
            std::getline(manual, expected);
            EXPECT_EQ(run(split(line.substr(start.size()))).out, expected + '\n');
            ++examples;
        }
    }
    EXPECT_EQ(examples, 4);
}

}  // namespace
}  // namespace mb::app
