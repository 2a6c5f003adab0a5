#include "app/migrate_command.hpp"

#include "store/open_store.hpp"
#include "store/test_folder.hpp"
#include "writer/writer.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace mb::app {
namespace {

class Migrate : public testing::Test {
protected:
    int run() {
        out_.str("");
        err_.str("");
        return run_migrate({folder_.file(""), "sqlite", false}, out_, err_);
    }
    [[nodiscard]] std::unique_ptr<store::OpenStore> open() const {
        return store::open_store({"sqlite", folder_.file("")}, "test", Instant{1}).value();
    }

    store::test::TestFolder folder_;
    std::ostringstream out_;
    std::ostringstream err_;
};

TEST_F(Migrate, LeavesACheckpointOfEveryProject) {
    {
        const auto store = open();
        writer::Writer writer(store->writer_store(), {}, {});
        engine::ProjectConfig config;
        config.name = "campus";
        ASSERT_TRUE(writer.submit({ProjectId{1}, engine::ProjectConfigured{config, {}}, {}, {}}));
        ASSERT_TRUE(writer.run_batch({Instant{1'000'000}, Instant{1'000'000}, 1}));
        ASSERT_TRUE(store->writer_store().checkpoints(ProjectId{1}).empty());
    }
    EXPECT_EQ(run(), 0) << err_.str();
    EXPECT_NE(out_.str().find("1 projects"), std::string::npos) << out_.str();
    const auto store = open();
    ASSERT_EQ(store->writer_store().checkpoints(ProjectId{1}).size(), 1U);
    EXPECT_EQ(store->writer_store().checkpoints(ProjectId{1}).front().seq, 1);
}

TEST_F(Migrate, ARunningServerIsLeftAlone) {
    const auto store = open();
    EXPECT_EQ(run(), 1);
    EXPECT_NE(err_.str().find("store.in_use"), std::string::npos) << err_.str();
}

TEST_F(Migrate, AMissingFolderIsNamed) {
    EXPECT_EQ(run_migrate({"/nowhere/at/all", "sqlite", false}, out_, err_), 1);
    EXPECT_NE(err_.str().find("/nowhere/at/all"), std::string::npos);
}

}  // namespace
}  // namespace mb::app
