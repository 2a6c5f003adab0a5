// The platform's VFS with faults: the n-th writing call fails, once or from then on. For tests of
// this room; the simulator has a disk of its own.
#pragma once

#include <sqlite3.h>

#include <cstring>
#include <string>

namespace mb::store::sqlite::test {

class FaultVfs {
public:
    enum class Call : unsigned char { any, write, sync };
    struct Plan {
        int at = 0;  // the n-th call of that kind, from 1; 0: no fault
        Call call = Call::any;
        int code = SQLITE_IOERR_WRITE;
        bool from_then_on = false;
    };

    explicit FaultVfs(const char* name) : name_(name) {
        real_ = sqlite3_vfs_find(nullptr);
        vfs_ = *real_;
        vfs_.zName = name_.c_str();
        vfs_.pNext = nullptr;
        vfs_.pAppData = this;
        vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
        vfs_.xOpen = &FaultVfs::open;
        sqlite3_vfs_register(&vfs_, 0);
    }
    FaultVfs(const FaultVfs&) = delete;
    FaultVfs& operator=(const FaultVfs&) = delete;
    ~FaultVfs() { sqlite3_vfs_unregister(&vfs_); }

    void arm(const Plan& plan) {
        plan_ = plan;
        count_ = 0;
        fired_ = false;
    }
    void disarm() { plan_ = {}; }
    /// Calls of fsync since the VFS is there.
    [[nodiscard]] int syncs() const { return syncs_; }
    [[nodiscard]] bool fired() const { return fired_; }

private:
    struct File {
        sqlite3_file base;
        FaultVfs* vfs;
        sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
    };

    static File& file_of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
    static const sqlite3_io_methods& real_methods(sqlite3_file* file) {
        return *file_of(file).real()->pMethods;
    }

    int fault(Call call) {
        if (plan_.at == 0 || (plan_.call != Call::any && plan_.call != call)) {
            return SQLITE_OK;
        }
        ++count_;
        if (count_ == plan_.at || (plan_.from_then_on && count_ > plan_.at)) {
            fired_ = true;
            return plan_.code;
        }
        return SQLITE_OK;
    }

    static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
        auto* self = static_cast<FaultVfs*>(vfs->pAppData);
        File& mine = file_of(file);
        mine.vfs = self;
        mine.base.pMethods = nullptr;
        std::memset(mine.real(), 0, static_cast<std::size_t>(self->real_->szOsFile));
        const int code = self->real_->xOpen(self->real_, name, mine.real(), flags, out);
        if (mine.real()->pMethods != nullptr) {
            mine.base.pMethods = &methods();
        }
        return code;
    }

    static const sqlite3_io_methods& methods() {
        static const sqlite3_io_methods all = [] {
            sqlite3_io_methods m{};
            m.iVersion = 2;  // shared memory, no memory-mapped files
            m.xClose = [](sqlite3_file* f) { return real_methods(f).xClose(file_of(f).real()); };
            m.xRead = [](sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
                return real_methods(f).xRead(file_of(f).real(), to, n, at);
            };
            m.xWrite = [](sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
                const int code = file_of(f).vfs->fault(Call::write);
                return code != SQLITE_OK ? code
                                         : real_methods(f).xWrite(file_of(f).real(), from, n, at);
            };
            m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
                const int code = file_of(f).vfs->fault(Call::write);
                return code != SQLITE_OK ? code
                                         : real_methods(f).xTruncate(file_of(f).real(), size);
            };
            m.xSync = [](sqlite3_file* f, int flags) {
                ++file_of(f).vfs->syncs_;
                const int code = file_of(f).vfs->fault(Call::sync);
                return code != SQLITE_OK ? code : real_methods(f).xSync(file_of(f).real(), flags);
            };
            m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
                return real_methods(f).xFileSize(file_of(f).real(), size);
            };
            m.xLock = [](sqlite3_file* f, int how) {
                return real_methods(f).xLock(file_of(f).real(), how);
            };
            m.xUnlock = [](sqlite3_file* f, int how) {
                return real_methods(f).xUnlock(file_of(f).real(), how);
            };
            m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
                return real_methods(f).xCheckReservedLock(file_of(f).real(), out);
            };
            m.xFileControl = [](sqlite3_file* f, int op, void* arg) {
                return real_methods(f).xFileControl(file_of(f).real(), op, arg);
            };
            m.xSectorSize = [](sqlite3_file* f) {
                return real_methods(f).xSectorSize(file_of(f).real());
            };
            m.xDeviceCharacteristics = [](sqlite3_file* f) {
                return real_methods(f).xDeviceCharacteristics(file_of(f).real());
            };
            m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
                return real_methods(f).xShmMap(file_of(f).real(), page, size, extend, out);
            };
            m.xShmLock = [](sqlite3_file* f, int offset, int n, int flags) {
                return real_methods(f).xShmLock(file_of(f).real(), offset, n, flags);
            };
            m.xShmBarrier = [](sqlite3_file* f) { real_methods(f).xShmBarrier(file_of(f).real()); };
            m.xShmUnmap = [](sqlite3_file* f, int remove) {
                return real_methods(f).xShmUnmap(file_of(f).real(), remove);
            };
            return m;
        }();
        return all;
    }

    std::string name_;
    sqlite3_vfs* real_ = nullptr;
    sqlite3_vfs vfs_{};
    Plan plan_;
    int count_ = 0;
    int syncs_ = 0;
    bool fired_ = false;
};

}  // namespace mb::store::sqlite::test
