// A small file that is replaced whole: a reader sees the old or the new content, never a part.
#pragma once

#include "base/bytes.hpp"

#include <filesystem>
#include <optional>

namespace mb::sim {

/// Writes beside the file, then renames. `sync`: on disk before it returns. Throws
/// std::system_error.
void replace_file(const std::filesystem::path& path, ByteView content, bool sync);
/// Nothing when there is no such file. Throws std::system_error.
std::optional<Bytes> read_file(const std::filesystem::path& path);

}  // namespace mb::sim
