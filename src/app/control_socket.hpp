// The running server's local socket: command-line writes go through it, because only one process may write a
// data folder. One line in, one line out: "ok …" or "error CODE …". Owner only.
#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <thread>

namespace mb::app {

/// Answers one request; an error's text goes back.
using ControlHandler = std::function<Result<std::string>(const std::string &line)>;

class ControlSocket {
  public:
    /// Errors: control.socket {path, what}.
    static Result<ControlSocket> listen(const std::filesystem::path &path, ControlHandler handler);
    ControlSocket(ControlSocket &&) noexcept;
    ControlSocket &operator=(ControlSocket &&) = delete;
    ~ControlSocket();

  private:
    ControlSocket() = default;
    void serve(int listener, int wake) const;

    std::filesystem::path path_;
    ControlHandler handler_;
    int listener_ = -1;
    int wake_[2] = {-1, -1};
    std::thread thread_;
};

/// Errors: control.not_running (nobody listens there), control.failed, and those of the server.
Result<std::string> ask_server(const std::filesystem::path &path, const std::string &line);

std::filesystem::path control_path(const std::filesystem::path &data);

} // namespace mb::app
