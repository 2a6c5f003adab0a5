#include "sim/channel/state_file.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <system_error>

namespace mb::sim {
namespace {

class File {
public:
    File(const std::filesystem::path& path, int flags) : fd_(::open(path.c_str(), flags, 0600)) {}
    ~File() {
        if (fd_ >= 0) ::close(fd_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    [[nodiscard]] int fd() const { return fd_; }

private:
    int fd_;
};

[[noreturn]] void failed(const std::filesystem::path& path) {
    throw std::system_error(errno, std::generic_category(), path.string());
}

}  // namespace

void replace_file(const std::filesystem::path& path, ByteView content, bool sync) {
    std::filesystem::path fresh = path;
    fresh += ".new";
    {
        const File file(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
        if (file.fd() < 0) failed(fresh);
        while (!content.empty()) {
            const ssize_t written = ::write(file.fd(), content.data(), content.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) failed(fresh);
            content = content.subspan(static_cast<std::size_t>(written));
        }
        if (sync && ::fsync(file.fd()) != 0) failed(fresh);
    }
    if (::rename(fresh.c_str(), path.c_str()) != 0) failed(path);
}

std::optional<Bytes> read_file(const std::filesystem::path& path) {
    const File file(path, O_RDONLY | O_CLOEXEC);
    if (file.fd() < 0) {
        if (errno == ENOENT) return std::nullopt;
        failed(path);
    }
    Bytes out;
    std::array<std::uint8_t, 65536> piece{};
    while (true) {
        const ssize_t got = ::read(file.fd(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) failed(path);
        if (got == 0) return out;
        out.insert(out.end(), piece.begin(), piece.begin() + got);
    }
}

}  // namespace mb::sim
