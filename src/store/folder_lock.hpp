// The lock of a data folder: one server at a time. Held as long as the object lives; the kernel
// lets go when the process ends, however it ends.
#pragma once

#include <string>

#include "base/result.hpp"

namespace mb::store {

class FolderLock {
public:
    /// Locks `folder`/meterbook.lock. Errors: store.in_use {folder, holder}. Throws
    /// StoreUnavailable when the file cannot be made.
    static Result<FolderLock> take(const std::string& folder);

    FolderLock(FolderLock&& other) noexcept;
    FolderLock& operator=(FolderLock&&) = delete;
    ~FolderLock();

private:
    explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

}  // namespace mb::store
