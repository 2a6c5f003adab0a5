#include "store/postgres/program.hpp"

#include <gtest/gtest.h>

#include "store/postgres/dump.hpp"

namespace mb::store::postgres {

namespace {

TEST(PostgresProgram, a_password_does_not_come_on_a_command_line) {
    const auto words = address_of(R"(host=/run/x dbname=b user=u password='it\'s' )");
    ASSERT_TRUE(words) << words.error().text();
    EXPECT_EQ(words->password, "it's");
    EXPECT_EQ(words->conninfo.find("it"), std::string::npos) << words->conninfo;
    EXPECT_NE(words->conninfo.find("host='/run/x'"), std::string::npos) << words->conninfo;

    const auto address = address_of("postgresql://u:secret@127.0.0.1:1/b?passfile=/x%27y");
    ASSERT_TRUE(address) << address.error().text();
    EXPECT_EQ(address->password, "secret");
    EXPECT_EQ(address->conninfo.find("secret"), std::string::npos) << address->conninfo;
    EXPECT_NE(address->conninfo.find(R"(passfile='/x\'y')"), std::string::npos)
        << address->conninfo;
    EXPECT_EQ(address_of("no such thing").error().code, "store.conninfo");
}

TEST(PostgresProgram, a_missing_one_names_its_package) {
    EXPECT_EQ(run_program("pg_nothing", {}).error().text(),
              "backup.no_program program=pg_nothing package=postgresql-client-15");
}

TEST(PostgresProgram, a_failing_one_says_why) {
    const auto failed = read_dump("/nowhere/meterbook.dump");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, "backup.program_failed");
    EXPECT_NE(failed.error().text().find("No such file"), std::string::npos)
        << failed.error().text();
}

}  // namespace

}  // namespace mb::store::postgres
