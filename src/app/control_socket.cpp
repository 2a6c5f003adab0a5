#include "app/control_socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <thread>

namespace mb::app {

namespace {

constexpr std::size_t line_max =
    16 * 1024 * 1024;  // a tariff document, the answer about all points
constexpr int request_patience_ms = 5000;

Error socket_error(const std::filesystem::path& path) {
    return error("control.socket", ErrorKind::unavailable)
        .with("path", path.string())
        .with("what", std::strerror(errno));
}

bool address_of(const std::filesystem::path& path, sockaddr_un& out) {
    out = {};
    out.sun_family = AF_UNIX;
    const std::string text = path.string();
    if (text.size() >= sizeof out.sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    std::memcpy(out.sun_path, text.data(), text.size());
    return true;
}

/// A line without its end; "" when none came in time. Nothing follows a line on its connection.
std::string read_line(int fd, int patience_ms) {
    std::string out;
    pollfd waiting{fd, POLLIN, 0};
    char piece[4096];
    while (out.size() < line_max && ::poll(&waiting, 1, patience_ms) > 0) {
        const ssize_t came = ::read(fd, piece, sizeof piece);
        if (came <= 0) {
            break;
        }
        out.append(piece, static_cast<std::size_t>(came));
        if (out.back() == '\n') {
            out.pop_back();
            return out;
        }
    }
    return {};
}

void write_line(int fd, std::string line) {
    line += '\n';
    std::size_t at = 0;
    while (at < line.size()) {
        const ssize_t sent = ::send(fd, line.data() + at, line.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        at += static_cast<std::size_t>(sent);
    }
}

}  // namespace

std::filesystem::path control_path(const std::filesystem::path& data) {
    return data / "control.sock";
}

class ControlSocket::Listener {
public:
    Listener(std::filesystem::path path, ControlHandler handler)
        : path_(std::move(path)), handler_(std::move(handler)) {}
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener();

    /// False: errno says why.
    bool open(const sockaddr_un& address);

private:
    void serve() const;
    [[nodiscard]] Result<std::string> judge(const std::string& line) const;

    std::filesystem::path path_;
    ControlHandler handler_;
    int listener_ = -1;
    int wake_[2] = {-1, -1};
    std::thread thread_;
};

bool ControlSocket::Listener::open(const sockaddr_un& address) {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ::unlink(address.sun_path);  // of a server that was killed; the folder's lock is ours
    const mode_t before = ::umask(0077);
    const bool bound =
        listener_ >= 0 &&
        ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::umask(before);
    if (!bound || ::listen(listener_, 4) != 0 || ::pipe2(wake_, O_CLOEXEC) != 0) {
        return false;
    }
    thread_ = std::thread([this] { serve(); });
    return true;
}

ControlSocket::Listener::~Listener() {
    if (thread_.joinable()) {
        (void)!::write(wake_[1], "x", 1);
        thread_.join();
        ::unlink(path_.c_str());
    }
    for (const int fd : {listener_, wake_[0], wake_[1]}) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
}

void ControlSocket::Listener::serve() const {
    for (;;) {
        pollfd waiting[2] = {{listener_, POLLIN, 0}, {wake_[0], POLLIN, 0}};
        if (::poll(waiting, 2, -1) < 0 && errno != EINTR) {
            return;
        }
        if (waiting[1].revents != 0) {
            return;
        }
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) {
            continue;
        }
        const std::string line = read_line(fd, request_patience_ms);
        const auto answer = judge(line);
        write_line(fd, answer ? "ok " + *answer : "error " + answer.error().text());
        ::close(fd);
    }
}

/// A request that breaks, on a full disk say, must not end the server.
Result<std::string> ControlSocket::Listener::judge(const std::string& line) const {
    try {
        return handler_(line);
    } catch (const std::exception& why) {
        return fail(error("control.failed", ErrorKind::unavailable).with("what", why.what()));
    }
}

ControlSocket::ControlSocket(std::unique_ptr<Listener> listener) : listener_(std::move(listener)) {}
ControlSocket::ControlSocket(ControlSocket&&) noexcept = default;
ControlSocket::~ControlSocket() = default;

Result<ControlSocket> ControlSocket::listen(const std::filesystem::path& path,
                                            ControlHandler handler) {
    sockaddr_un address{};
    if (!address_of(path, address)) {
        return fail(socket_error(path));
    }
    auto listener = std::make_unique<Listener>(path, std::move(handler));
    if (!listener->open(address)) {
        return fail(socket_error(path));
    }
    return ControlSocket(std::move(listener));
}

Result<std::string> ask_server(const std::filesystem::path& path, const std::string& line,
                               int patience_ms) {
    sockaddr_un address{};
    const Error not_running =
        error("control.not_running", ErrorKind::unavailable).with("socket", path.string());
    if (!address_of(path, address)) {
        return fail(socket_error(path));
    }
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        if (fd >= 0) {
            ::close(fd);
        }
        return fail(not_running);
    }
    write_line(fd, line);
    const std::string answer = read_line(fd, patience_ms);
    ::close(fd);
    if (answer.starts_with("ok ")) {
        return answer.substr(3);
    }
    return fail(error("control.refused").with("answer", answer));
}

}  // namespace mb::app
