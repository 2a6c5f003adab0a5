#include "store/backup_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "base/json.hpp"
#include "crypto/digest.hpp"
#include "writer/store.hpp"

namespace mb::store {

namespace {

namespace fs = std::filesystem;

constexpr const char* manifest_name = "manifest.json";

[[noreturn]] void throw_broken(const fs::path& path, const std::string& doing, int code) {
    throw writer::StoreUnavailable(path.string() + ": " + doing + ": " + std::strerror(code),
                                   code == ENOSPC || code == EFBIG || code == EDQUOT, false);
}

std::string check_of(BackupManifest manifest) {
    manifest.check.clear();
    return crypto::hex_lower(crypto::sha256(to_json(manifest)));
}

Error damaged(const std::string& file) {
    return error("backup.damaged", ErrorKind::unprocessable).with("file", file);
}

}  // namespace

std::string backup_data_name(const std::string& engine) {
    return engine == "sqlite" ? "meterbook.db" : "meterbook.dump";
}

void make_durable(const fs::path& path) {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool good = descriptor >= 0 && fsync(descriptor) == 0;
    const int code = errno;
    if (descriptor >= 0) {
        close(descriptor);
    }
    if (!good) {
        throw_broken(path, "fsync", code);
    }
}

void copy_durably(const fs::path& from, const fs::path& to) {
    std::error_code failed;
    if (!fs::copy_file(from, to, failed)) {
        throw_broken(to, "copy", failed.value());
    }
    make_durable(to);
}

void write_manifest(const fs::path& backup, BackupManifest manifest) {
    manifest.check = check_of(manifest);
    const fs::path path = backup / manifest_name;
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << to_json(manifest) << "\n" << std::flush;
    if (!file) {
        throw_broken(path, "write", errno);
    }
    file.close();
    make_durable(path);
}

Result<BackupManifest> read_manifest(const fs::path& backup) {
    std::ifstream file(backup / manifest_name, std::ios::binary);
    if (!file) {
        return fail(error("backup.not_one", ErrorKind::not_found).with("path", backup.string()));
    }
    std::ostringstream text;
    text << file.rdbuf();
    auto read = from_json<BackupManifest>(text.str());
    if (!read) {
        return fail(damaged(manifest_name));
    }
    if (read->check != check_of(*read)) {
        return fail(damaged(manifest_name));
    }
    if (read->format > BackupManifest::format_now) {
        return fail(error("backup.newer_format", ErrorKind::conflict)
                        .with("format", std::to_string(read->format)));
    }
    return std::move(*read);
}

BackupFile describe_file(const fs::path& folder, const std::string& name) {
    std::ifstream file(folder / name, std::ios::binary);
    crypto::Sha256 digest;
    BackupFile out;
    out.name = name;
    std::array<char, 1 << 16> block{};
    while (file.read(block.data(), block.size()), file.gcount() > 0) {
        out.size += file.gcount();
        digest.update(std::string_view(block.data(), static_cast<std::size_t>(file.gcount())));
    }
    if (!file.eof()) {
        throw_broken(folder / name, "read", errno);
    }
    out.sha256 = crypto::hex_lower(digest.finish());
    return out;
}

Result<void> check_files(const fs::path& backup, const BackupManifest& manifest) {
    if (manifest.files.empty() ||
        manifest.files.front().name != backup_data_name(manifest.engine)) {
        return fail(damaged(manifest_name));
    }
    for (const BackupFile& wanted : manifest.files) {
        if (!fs::is_regular_file(backup / wanted.name)) {
            return fail(damaged(wanted.name));
        }
        const BackupFile found = describe_file(backup, wanted.name);
        if (found.size != wanted.size || found.sha256 != wanted.sha256) {
            return fail(damaged(wanted.name));
        }
    }
    return {};
}

Result<void> check_space(const fs::path& folder, std::int64_t bytes) {
    constexpr std::int64_t mib = 1024 * 1024;
    const auto free = static_cast<std::int64_t>(fs::space(folder).available);
    if (free >= bytes) {
        return {};
    }
    return fail(error("backup.no_space", ErrorKind::unavailable)
                    .with("folder", folder.string())
                    .with("needs_mib", std::to_string((bytes + mib - 1) / mib))
                    .with("free_mib", std::to_string(free / mib)));
}

}  // namespace mb::store
