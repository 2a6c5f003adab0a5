#include "app/backup_command.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "store/test_scene.hpp"

namespace mb::app {

namespace {

using namespace store::test;

TEST(BackupCommand, says_how_far_it_is_and_what_a_restore_means) {
    const TestFolder folder;
    const std::string data = folder.file("data");
    std::filesystem::create_directory(data);
    auto opened = open_store(data);
    write_scene(opened->writer_store());

    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(run_backup({data, "sqlite", folder.file("copy"), true}, out, err), 0) << err.str();
    EXPECT_NE(out.str().find("100 % of 1 MiB\nproject 1: up to log row 3, business time "),
              std::string::npos)
        << out.str();
    EXPECT_NE(out.str().find("is whole, 1 MiB, verified\n"), std::string::npos) << out.str();

    std::ostringstream restored;
    EXPECT_EQ(run_restore({folder.file("copy"), folder.file("new")}, restored, err), 0)
        << err.str();
    EXPECT_NE(restored.str().find("project 1: up to log row 3"), std::string::npos);
    EXPECT_NE(restored.str().find("is lost here"), std::string::npos);
    EXPECT_EQ(err.str(), "");
}

TEST(BackupCommand, a_refusal_names_the_way_out) {
    const TestFolder folder;
    const std::string here = folder.path().string();
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(run_backup({here, "sqlite", folder.file("copy")}, out, err), 1);
    EXPECT_EQ(err.str(), "meterbook backup: store.missing path=" + here +
                             "/meterbook.db\n  give --data, and --store when it is on "
                             "PostgreSQL\n");
    std::ostringstream again;
    EXPECT_EQ(run_restore({here, folder.file("new")}, out, again), 1);
    EXPECT_NE(again.str().find("backup.not_one path="), std::string::npos) << again.str();
    EXPECT_NE(again.str().find("with its manifest.json"), std::string::npos) << again.str();
    EXPECT_EQ(out.str(), "");
}

}  // namespace

}  // namespace mb::app
