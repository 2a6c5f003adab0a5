#include "store/folder_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "writer/store.hpp"

namespace mb::store {

namespace {

std::string holder_of(int descriptor) {
    char text[64] = {};
    const ssize_t length = pread(descriptor, text, sizeof text - 1, 0);
    std::string out(text, length > 0 ? static_cast<std::size_t>(length) : 0);
    out.erase(out.find_last_not_of('\n') + 1);
    return out;
}

[[noreturn]] void throw_broken(const std::string& path) {
    throw writer::StoreUnavailable(path + ": " + std::strerror(errno), errno == ENOSPC, false);
}

}  // namespace

Result<FolderLock> FolderLock::take(const std::string& folder) {
    const std::string path = folder + "/meterbook.lock";
    const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        throw_broken(path);
    }
    FolderLock lock(descriptor);
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            throw_broken(path);
        }
        return fail(error("store.in_use", ErrorKind::conflict)
                        .with("folder", folder)
                        .with("holder", holder_of(descriptor)));
    }
    // For the eyes of whoever is refused; a full disk must not keep the server from starting.
    const std::string text = "process " + std::to_string(getpid()) + "\n";
    if (ftruncate(descriptor, 0) == 0) {
        static_cast<void>(pwrite(descriptor, text.data(), text.size(), 0) < 0);
    }
    return lock;
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock::~FolderLock() {
    if (descriptor_ >= 0) {
        close(descriptor_);
    }
}

}  // namespace mb::store
