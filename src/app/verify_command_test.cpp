#include "app/verify_command.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "store/test_scene.hpp"

namespace mb::app {

namespace {

using namespace store::test;

struct VerifyRun {
    int code = 0;
    std::string out;
    std::string err;
};

VerifyRun run(const std::string& folder, bool json) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = run_verify({folder, json}, out, err);
    return {code, out.str(), err.str()};
}

TEST(VerifyCommand, clean_beside_a_running_server_and_after_it) {
    const TestFolder folder;
    const std::string path = folder.path().string();
    auto opened = open_store(path);
    write_scene(opened->writer_store());
    EXPECT_EQ(0, run(path, false).code) << run(path, false).out;
    opened.reset();
    const VerifyRun json = run(path, true);
    EXPECT_EQ(0, json.code);
    EXPECT_EQ(0U, json.out.find(R"({"clean":true,"projects":1,)")) << json.out;
}

TEST(VerifyCommand, findings_are_listed) {
    const TestFolder folder;
    const std::string path = folder.path().string();
    auto opened = open_store(path);
    write_scene(opened->writer_store());
    opened->database().write()->script(
        "UPDATE posting SET amount = amount + 1 WHERE posting_id = 3");
    const VerifyRun list = run(path, false);
    EXPECT_EQ(1, list.code);
    EXPECT_NE(list.out.find("project 1 posting 3: row.damaged"), std::string::npos) << list.out;
    EXPECT_NE(list.out.find("orders A0000001: order.amount"), std::string::npos) << list.out;
    EXPECT_NE(run(path, true).out.find(R"("table":"posting","key":"3","code":"row.damaged")"),
              std::string::npos);
}

TEST(VerifyCommand, a_folder_without_a_store_is_wrong_usage) {
    const TestFolder folder;
    const VerifyRun nothing = run(folder.path().string(), false);
    EXPECT_EQ(2, nothing.code);
    EXPECT_NE(nothing.err.find("holds no store"), std::string::npos);
}

}  // namespace

}  // namespace mb::app
