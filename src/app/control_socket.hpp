// The running server's local socket: command-line writes go through it, because only one process
// may write a data folder. One line in, one line out: "ok …" or "error CODE …", at most 16 MiB.
// Owner only.
#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace mb::app {

/// Answers one request; an error's text goes back.
using ControlHandler = std::function<Result<std::string>(const std::string& line)>;

class ControlSocket {
public:
    /// Errors: control.socket {path, what}.
    static Result<ControlSocket> listen(const std::filesystem::path& path, ControlHandler handler);
    ControlSocket(ControlSocket&&) noexcept;
    ControlSocket& operator=(ControlSocket&&) = delete;
    /// Ends the request under way; the socket's file goes.
    ~ControlSocket();

private:
    class Listener;  // stays where it is: its thread knows its address
    explicit ControlSocket(std::unique_ptr<Listener> listener);

    std::unique_ptr<Listener> listener_;
};

/// Errors: control.not_running (nobody listens there), control.refused {answer}: what the server
/// said, "" when it did not in `patience_ms`.
Result<std::string> ask_server(const std::filesystem::path& path, const std::string& line,
                               int patience_ms = 5000);

std::filesystem::path control_path(const std::filesystem::path& data);

}  // namespace mb::app
