// A disk in memory, as an SQLite VFS, that breaks on purpose. What was written is there at once,
// what was synced stays. A killed process loses nothing it wrote; a power loss drops, keeps or
// tears (by 512-byte sectors, from the seed) each write since the last sync of its file. Creating,
// deleting and truncating to nothing are durable at once. No shared memory: databases are opened
// with exclusive = true.
#pragma once

#include "base/bytes.hpp"
#include "sim/random.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mb::sim::disk {

/// How the process dies at a call.
enum class Death : std::uint8_t { none, killed, power_lost };

struct DiskCounters {
    std::int64_t writes = 0;
    std::int64_t syncs = 0;
    std::int64_t full = 0;          // writes refused for want of space
    std::int64_t write_errors = 0;  // EIO
    std::int64_t sync_errors = 0;
    std::int64_t dropped = 0;  // un-synced writes a power loss took
    std::int64_t torn = 0;     // … of which a part stayed
    std::int64_t kills = 0;    // deaths survived
    std::int64_t power_losses = 0;
};

class Disk {
public:
    explicit Disk(Random random);
    ~Disk();
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

    /// Name of the VFS; registered while this lives.
    [[nodiscard]] const std::string& vfs() const { return vfs_; }

    // ---- faults ----
    /// The n-th write or sync from now on (1 = the next) does not happen: the process is dead,
    /// every later call fails.
    void die_at(std::int64_t call, Death how);
    void die(Death how) { death_ = how; }
    [[nodiscard]] Death death() const { return death_; }
    /// All files are closed; the machine is started again.
    void revive();
    /// Whether a power loss tears writes; else each stays whole or is gone.
    void tear(bool on) { tear_ = on; }
    /// Most bytes in all files; 0: no limit. Below what is there: nothing can be written at all, as
    /// on a file system that copies on write.
    void set_quota(std::int64_t bytes) { quota_ = bytes; }
    void fail_write_at(std::int64_t call) { fail_write_ = call; }
    void fail_sync_at(std::int64_t call) { fail_sync_ = call; }

    /// Takes back what was planned.
    void calm() { die_in_ = fail_write_ = fail_sync_ = quota_ = 0; }

    [[nodiscard]] std::int64_t size() const;
    [[nodiscard]] const DiskCounters& counters() const { return counters_; }
    /// Writes the files as they are into a real folder.
    void copy_to(const std::filesystem::path& folder) const;

    struct File;
    struct Vfs;  // the C side
    friend struct Vfs;

private:
    enum class Verdict : std::uint8_t { go, dead, full, error };
    Verdict before_write(std::int64_t grows_by);
    Verdict before_sync();
    bool dies_now();
    void lose_power(File& file);

    std::string vfs_;
    std::unique_ptr<Vfs> registered_;
    std::map<std::string, std::shared_ptr<File>> files_;
    Random random_;
    Death death_ = Death::none;
    Death planned_ = Death::none;
    std::int64_t die_in_ = 0;
    std::int64_t fail_write_ = 0;
    std::int64_t fail_sync_ = 0;
    std::int64_t quota_ = 0;
    bool tear_ = true;
    DiskCounters counters_;
};

}  // namespace mb::sim::disk
