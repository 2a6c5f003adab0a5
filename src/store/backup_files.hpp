// The files of a backup: its manifest, their digests, and how a folder comes to be whole or not at
// all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/describe.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "store/moment.hpp"

namespace mb::store {

struct BackupFile {
    std::string name;  // inside the backup's folder
    std::int64_t size = 0;
    std::string sha256;  // lower-case hex
};
MB_DESCRIBE(BackupFile, (name, size, sha256))

/// manifest.json of a backup.
struct BackupManifest {
    static constexpr std::int32_t format_now = 1;
    std::int32_t format = format_now;
    std::string engine;  // "sqlite", "postgres"
    Instant made_at;     // wall time, before the copied moment
    std::int64_t schema_version = 0;
    std::int64_t writer_epoch = 0;
    std::vector<ProjectMark> projects;
    std::vector<BackupFile> files;  // the first one is the books
    std::string check;              // SHA-256 of this object's JSON with an empty check
};
MB_DESCRIBE(BackupManifest,
            (format, engine, made_at, schema_version, writer_epoch, projects, files, check))

/// Name of the books inside a backup.
std::string backup_data_name(const std::string& engine);

/// Makes it durable. Throws StoreUnavailable.
void write_manifest(const std::filesystem::path& backup, BackupManifest manifest);
/// Errors: backup.not_one {path}, backup.damaged {file}, backup.newer_format {format}.
Result<BackupManifest> read_manifest(const std::filesystem::path& backup);

/// Size and digest as they are on the disk. Throws StoreUnavailable.
BackupFile describe_file(const std::filesystem::path& folder, const std::string& name);
/// Reads every byte. Errors: backup.damaged {file}.
Result<void> check_files(const std::filesystem::path& backup, const BackupManifest& manifest);

/// fsync of a file or folder. Throws StoreUnavailable.
void make_durable(const std::filesystem::path& path);
/// Copies and makes durable. Throws StoreUnavailable.
void copy_durably(const std::filesystem::path& from, const std::filesystem::path& to);
/// Errors: backup.no_space {folder, needs_mib, free_mib}.
Result<void> check_space(const std::filesystem::path& folder, std::int64_t bytes);

}  // namespace mb::store
