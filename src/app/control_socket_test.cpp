#include "app/control_socket.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>
#include <optional>

namespace mb::app {
namespace {

class Control : public testing::Test {
protected:
    Control() {
        std::string made = (std::filesystem::temp_directory_path() / "control-XXXXXX").string();
        folder_ = ::mkdtemp(made.data());
    }
    ~Control() override { std::filesystem::remove_all(folder_); }

    static Result<std::string> answer(const std::string& line) {
        if (line == "bad") {
            return fail("control.unknown_request");
        }
        if (line == "broken") {
            throw std::runtime_error("disk full");
        }
        return "heard " + line;
    }

    std::filesystem::path folder_;
    std::filesystem::path path_ = folder_ / "control.sock";
};

TEST_F(Control, AnswersALineWithALine) {
    const auto socket = ControlSocket::listen(path_, answer);
    ASSERT_TRUE(socket) << socket.error().text();
    EXPECT_EQ(ask_server(path_, "code 123456").value(), "heard code 123456");
    EXPECT_EQ(ask_server(path_, "bad").error().code, "control.refused");
    EXPECT_EQ(ask_server(path_, "broken").error().code, "control.refused");
    EXPECT_EQ(ask_server(path_, "on").value(), "heard on");
    EXPECT_EQ(std::filesystem::status(path_).permissions() & std::filesystem::perms::all,
              std::filesystem::perms::owner_all);
}

TEST_F(Control, TakesAWholeTariffDocument) {
    const auto socket = ControlSocket::listen(path_, answer);
    ASSERT_TRUE(socket) << socket.error().text();
    const std::string document(300'000, 'x');
    EXPECT_EQ(ask_server(path_, document).value(), "heard " + document);
}

// The thread answered through the object it was started from; once that had been moved, as the
// server does, its handler was empty and the process ended.
TEST_F(Control, StillAnswersWhenMoved) {
    auto socket = ControlSocket::listen(path_, answer);
    ASSERT_TRUE(socket) << socket.error().text();
    std::optional<ControlSocket> kept;
    kept.emplace(std::move(*socket));
    EXPECT_EQ(ask_server(path_, "one").value(), "heard one");
    EXPECT_EQ(ask_server(path_, "two").value(), "heard two");
    kept.reset();
    EXPECT_FALSE(std::filesystem::exists(path_));
    EXPECT_EQ(ask_server(path_, "three").error().code, "control.not_running");
}

TEST_F(Control, TakesTheFileOfAServerThatWasKilled) {
    {
        std::optional<ControlSocket> gone(std::move(*ControlSocket::listen(path_, answer)));
    }
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    const auto socket = ControlSocket::listen(path_, answer);
    ASSERT_TRUE(socket) << socket.error().text();
    EXPECT_EQ(ask_server(path_, "one").value(), "heard one");
}

TEST_F(Control, RefusesAPathThatIsTooLong) {
    const auto socket = ControlSocket::listen(folder_ / std::string(200, 'x'), answer);
    ASSERT_FALSE(socket);
    EXPECT_EQ(socket.error().code, "control.socket");
}

}  // namespace
}  // namespace mb::app
