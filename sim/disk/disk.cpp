#include "sim/disk/disk.hpp"

#include "base/check.hpp"

#include <sqlite3.h>
#include <algorithm>
#include <atomic>
#include <cstring>
#include <fstream>

namespace mb::sim::disk {

/// A file's bytes, and what since the last sync could still be lost.
struct Disk::File {
    struct Change {
        std::size_t offset = 0;
        Bytes old_bytes;           // what was there, as far as the file went
        std::size_t old_size = 0;  // of the file
        Bytes new_bytes;
        bool truncated = false;  // to `offset`
    };
    Bytes bytes;
    std::vector<Change> unsynced;

    void put(std::size_t offset, ByteView data) {
        if (bytes.size() < offset + data.size()) {
            bytes.resize(offset + data.size());
        }
        std::copy(data.begin(), data.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    }
    void write(std::size_t offset, ByteView data) {
        Change change;
        change.offset = offset;
        change.old_size = bytes.size();
        if (offset < bytes.size()) {
            const std::size_t known = std::min(data.size(), bytes.size() - offset);
            const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(offset);
            change.old_bytes.assign(from, from + static_cast<std::ptrdiff_t>(known));
        }
        change.new_bytes.assign(data.begin(), data.end());
        put(offset, data);
        unsynced.push_back(std::move(change));
    }
    void truncate(std::size_t size) {
        Change change;
        change.offset = size;
        change.old_size = bytes.size();
        change.truncated = true;
        if (size < bytes.size()) {
            change.old_bytes.assign(bytes.begin() + static_cast<std::ptrdiff_t>(size), bytes.end());
        }
        bytes.resize(size);
        unsynced.push_back(std::move(change));
    }
    /// Back to what the last sync left.
    void undo() {
        for (auto change = unsynced.rbegin(); change != unsynced.rend(); ++change) {
            bytes.resize(change->old_size);
            put(change->offset, change->old_bytes);
        }
    }
};

namespace {

constexpr std::size_t sector = 512;

struct OpenFile {
    sqlite3_file base;  // first: SQLite knows only this
    Disk* disk;
    Disk::File* file;
    std::shared_ptr<Disk::File>* held;
};

OpenFile& open_file(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }

int close_file(sqlite3_file* file) {
    delete open_file(file).held;
    return SQLITE_OK;
}

}  // namespace

struct Disk::Vfs {
    sqlite3_vfs vfs{};
    sqlite3_io_methods io{};

    static Disk& disk(sqlite3_vfs* vfs) { return *static_cast<Disk*>(vfs->pAppData); }

    static int read(sqlite3_file* handle, void* out, int count, sqlite3_int64 offset) {
        const OpenFile& open = open_file(handle);
        if (open.disk->death_ != Death::none) {
            return SQLITE_IOERR_READ;
        }
        const Bytes& bytes = open.file->bytes;
        const auto at = static_cast<std::size_t>(offset);
        const auto wanted = static_cast<std::size_t>(count);
        const std::size_t have = at < bytes.size() ? std::min(wanted, bytes.size() - at) : 0;
        if (have > 0) {
            std::memcpy(out, bytes.data() + at, have);
        }
        if (have < wanted) {
            std::memset(static_cast<char*>(out) + have, 0, wanted - have);
            return SQLITE_IOERR_SHORT_READ;
        }
        return SQLITE_OK;
    }
    static int write(sqlite3_file* handle, const void* data, int count, sqlite3_int64 offset) {
        const OpenFile& open = open_file(handle);
        const auto at = static_cast<std::size_t>(offset);
        const auto size = static_cast<std::size_t>(count);
        const std::size_t end = at + size;
        const std::size_t now = open.file->bytes.size();
        switch (open.disk->before_write(end > now ? static_cast<std::int64_t>(end - now) : 0)) {
            case Verdict::full: return SQLITE_FULL;
            case Verdict::dead:
            case Verdict::error: return SQLITE_IOERR_WRITE;
            case Verdict::go: break;
        }
        open.file->write(at, ByteView(static_cast<const std::uint8_t*>(data), size));
        return SQLITE_OK;
    }
    static int truncate(sqlite3_file* handle, sqlite3_int64 size) {
        const OpenFile& open = open_file(handle);
        if (open.disk->before_write(0) != Verdict::go) {
            return SQLITE_IOERR_TRUNCATE;
        }
        open.file->truncate(static_cast<std::size_t>(size));
        return SQLITE_OK;
    }
    static int sync(sqlite3_file* handle, int /*flags*/) {
        const OpenFile& open = open_file(handle);
        if (open.disk->before_sync() != Verdict::go) {
            return SQLITE_IOERR_FSYNC;
        }
        open.file->unsynced.clear();
        return SQLITE_OK;
    }
    static int file_size(sqlite3_file* handle, sqlite3_int64* out) {
        *out = static_cast<sqlite3_int64>(open_file(handle).file->bytes.size());
        return SQLITE_OK;
    }
    static int lock(sqlite3_file* /*file*/, int /*level*/) { return SQLITE_OK; }
    static int reserved(sqlite3_file* /*file*/, int* out) {
        *out = 0;
        return SQLITE_OK;
    }
    static int control(sqlite3_file* /*file*/, int /*op*/, void* /*arg*/) {
        return SQLITE_NOTFOUND;
    }
    static int sector_size(sqlite3_file* /*file*/) { return static_cast<int>(sector); }
    static int characteristics(sqlite3_file* /*file*/) {
        return SQLITE_IOCAP_POWERSAFE_OVERWRITE;  // a torn write harms only what it covers
    }

    static int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* handle, int flags,
                    int* out_flags) {
        Disk& on = disk(vfs);
        auto* open = reinterpret_cast<OpenFile*>(handle);
        open->base.pMethods = nullptr;
        if (on.death_ != Death::none) {
            return SQLITE_IOERR;
        }
        const std::string path = name == nullptr ? "" : name;
        auto found = on.files_.find(path);
        if (found == on.files_.end()) {
            if ((flags & SQLITE_OPEN_CREATE) == 0) {
                return SQLITE_CANTOPEN;
            }
            found = on.files_.emplace(path, std::make_shared<File>()).first;
        }
        open->base.pMethods = &on.registered_->io;
        open->disk = &on;
        open->file = found->second.get();
        open->held = new std::shared_ptr<File>(found->second);
        if (out_flags != nullptr) {
            *out_flags = flags;
        }
        return SQLITE_OK;
    }
    static int remove(sqlite3_vfs* vfs, const char* name, int /*sync_directory*/) {
        Disk& on = disk(vfs);
        if (on.before_write(0) != Verdict::go) {
            return SQLITE_IOERR_DELETE;
        }
        return on.files_.erase(name) == 0 ? SQLITE_IOERR_DELETE_NOENT : SQLITE_OK;
    }
    static int access(sqlite3_vfs* vfs, const char* name, int /*flags*/, int* out) {
        *out = disk(vfs).files_.contains(name) ? 1 : 0;
        return SQLITE_OK;
    }
    static int full_path(sqlite3_vfs* /*vfs*/, const char* name, int size, char* out) {
        sqlite3_snprintf(size, out, "%s", name);
        return SQLITE_OK;
    }
    static int randomness(sqlite3_vfs* vfs, int size, char* out) {
        for (int i = 0; i < size; ++i) {
            out[i] = static_cast<char>(disk(vfs).random_.next());
        }
        return size;
    }
    static int sleep(sqlite3_vfs* /*vfs*/, int microseconds) { return microseconds; }
    static int time_ms(sqlite3_vfs* /*vfs*/, sqlite3_int64* out) {
        *out = 212'000'000'000'000;  // the store asks no clock; some instant in 2006
        return SQLITE_OK;
    }
    static int last_error(sqlite3_vfs* /*vfs*/, int /*size*/, char* /*text*/) { return 0; }
};

Disk::Disk(Random random) : registered_(std::make_unique<Vfs>()), random_(random) {
    static std::atomic<int> count{0};
    vfs_ = "meterbook-sim-" + std::to_string(++count);
    sqlite3_io_methods& io = registered_->io;
    io.iVersion = 1;
    io.xClose = close_file;
    io.xRead = Vfs::read;
    io.xWrite = Vfs::write;
    io.xTruncate = Vfs::truncate;
    io.xSync = Vfs::sync;
    io.xFileSize = Vfs::file_size;
    io.xLock = Vfs::lock;
    io.xUnlock = Vfs::lock;
    io.xCheckReservedLock = Vfs::reserved;
    io.xFileControl = Vfs::control;
    io.xSectorSize = Vfs::sector_size;
    io.xDeviceCharacteristics = Vfs::characteristics;
    sqlite3_vfs& vfs = registered_->vfs;
    vfs.iVersion = 2;
    vfs.szOsFile = sizeof(OpenFile);
    vfs.mxPathname = 512;
    vfs.zName = vfs_.c_str();
    vfs.pAppData = this;
    vfs.xOpen = Vfs::open;
    vfs.xDelete = Vfs::remove;
    vfs.xAccess = Vfs::access;
    vfs.xFullPathname = Vfs::full_path;
    vfs.xRandomness = Vfs::randomness;
    vfs.xSleep = Vfs::sleep;
    vfs.xCurrentTimeInt64 = Vfs::time_ms;
    vfs.xGetLastError = Vfs::last_error;
    CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

Disk::~Disk() { sqlite3_vfs_unregister(&registered_->vfs); }

void Disk::die_at(std::int64_t call, Death how) {
    die_in_ = call;
    planned_ = how;
}

bool Disk::dies_now() {
    if (death_ == Death::none && die_in_ > 0 && --die_in_ == 0) {
        death_ = planned_;
    }
    return death_ != Death::none;
}

Disk::Verdict Disk::before_write(std::int64_t grows_by) {
    if (dies_now()) {
        return Verdict::dead;
    }
    ++counters_.writes;
    if (fail_write_ > 0 && --fail_write_ == 0) {
        ++counters_.write_errors;
        return Verdict::error;
    }
    if (quota_ > 0 && size() + grows_by > quota_) {
        ++counters_.full;
        return Verdict::full;
    }
    return Verdict::go;
}

Disk::Verdict Disk::before_sync() {
    if (dies_now()) {
        return Verdict::dead;
    }
    ++counters_.syncs;
    if (fail_sync_ > 0 && --fail_sync_ == 0) {
        ++counters_.sync_errors;
        return Verdict::error;
    }
    return Verdict::go;
}

std::int64_t Disk::size() const {
    std::int64_t sum = 0;
    for (const auto& [name, file] : files_) {
        sum += static_cast<std::int64_t>(file->bytes.size());
    }
    return sum;
}

void Disk::lose_power(File& file) {
    file.undo();
    for (const File::Change& change : file.unsynced) {
        const auto fate = random_.range(0, tear_ ? 2 : 1);
        if (fate == 0) {
            ++counters_.dropped;
        } else if (change.truncated) {
            file.bytes.resize(change.offset);
        } else if (fate == 1) {
            file.put(change.offset, change.new_bytes);
        } else {
            ++counters_.torn;
            for (std::size_t at = 0; at < change.new_bytes.size(); at += sector) {
                const std::size_t size = std::min(sector, change.new_bytes.size() - at);
                if (random_.chance(500'000)) {
                    file.put(change.offset + at, ByteView(change.new_bytes).subspan(at, size));
                }
            }
        }
    }
    file.unsynced.clear();
}

void Disk::revive() {
    counters_.kills += death_ == Death::killed ? 1 : 0;
    counters_.power_losses += death_ == Death::power_lost ? 1 : 0;
    if (death_ == Death::power_lost) {
        for (auto& [name, file] : files_) {
            lose_power(*file);
        }
    }
    // After a kill the operating system still holds, and will write, what the process wrote.
    for (auto& [name, file] : files_) {
        file->unsynced.clear();
    }
    death_ = Death::none;
    planned_ = Death::none;
    die_in_ = 0;
    fail_write_ = 0;
    fail_sync_ = 0;
}

void Disk::copy_to(const std::filesystem::path& folder) const {
    for (const auto& [name, file] : files_) {
        std::ofstream out(folder / std::filesystem::path(name).filename(), std::ios::binary);
        out.write(reinterpret_cast<const char*>(file->bytes.data()),
                  static_cast<std::streamsize>(file->bytes.size()));
        CHECK_MSG(out.good(), "cannot write " + name);
    }
}

}  // namespace mb::sim::disk
