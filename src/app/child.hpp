// A child process running another subcommand of this very program.
#pragma once

#include "base/result.hpp"

#include <sys/types.h>
#include <string>
#include <vector>

namespace mb::app {

class Child {
public:
    /// Starts `meterbook args…`; waits for its first line of output (its address) at most 20 s.
    /// Errors: child.failed {what}.
    static Result<Child> start(const std::vector<std::string>& args);
    Child(Child&& other) noexcept;
    Child& operator=(Child&& other) noexcept;
    /// Stops it (SIGTERM, after 10 s SIGKILL) and waits.
    ~Child();

    [[nodiscard]] const std::string& first_line() const { return first_line_; }
    void stop();

private:
    Child() = default;
    pid_t pid_ = -1;
    int output_ = -1;
    std::string first_line_;
};

}  // namespace mb::app
