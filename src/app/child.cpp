#include "app/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

namespace mb::app {

namespace {

/// Standard output goes to us, standard error to where ours goes. A terminal's Ctrl-C is for the
/// parent: it stops its children in order. When the parent dies, so does the child, from its first
/// moment on: it could not ask for that itself before it has come up.
[[noreturn]] void become(const std::vector<std::string>& args, int output, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) {
        ::_exit(127);
    }
    ::setpgid(0, 0);
    ::dup2(output, STDOUT_FILENO);
    std::vector<char*> argv;
    std::string name = "meterbook";
    argv.push_back(name.data());
    for (const std::string& arg : args) {
        argv.push_back(const_cast<char*>(arg.c_str()));
    }
    argv.push_back(nullptr);
    ::execv("/proc/self/exe", argv.data());
    ::_exit(127);
}

std::string read_line(int fd, int timeout_ms) {
    std::string line;
    char c = 0;
    pollfd waiting{fd, POLLIN, 0};
    while (::poll(&waiting, 1, timeout_ms) > 0 && ::read(fd, &c, 1) == 1) {
        if (c == '\n') {
            return line;
        }
        line += c;
    }
    return {};
}

}  // namespace

Result<Child> Child::start(const std::vector<std::string>& args) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
        return fail(error("child.failed", ErrorKind::internal).with("what", "pipe"));
    }
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) {
        become(args, pipe[1], parent);
    }
    ::close(pipe[1]);
    Child out;
    out.pid_ = pid;
    out.output_ = pipe[0];
    if (pid < 0) {
        return fail(error("child.failed", ErrorKind::internal).with("what", "fork"));
    }
    out.first_line_ = read_line(pipe[0], 20'000);
    if (out.first_line_.empty()) {
        return fail(error("child.failed", ErrorKind::internal).with("what", args.front()));
    }
    return out;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::exchange(other.output_, -1)),
      first_line_(std::move(other.first_line_)) {}

Child& Child::operator=(Child&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(output_, other.output_);
    std::swap(first_line_, other.first_line_);
    return *this;
}

Child::~Child() {
    stop();
    if (output_ >= 0) {
        ::close(output_);
    }
}

void Child::stop() {
    if (pid_ <= 0) {
        return;
    }
    ::kill(pid_, SIGTERM);
    int status = 0;
    for (int i = 0; i < 100; ++i) {
        if (::waitpid(pid_, &status, WNOHANG) == pid_) {
            pid_ = -1;
            return;
        }
        ::usleep(100'000);
    }
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
}

}  // namespace mb::app
