#include "sim/fleet/saved_state.hpp"

#include "base/binary.hpp"
#include "sim/channel/state_file.hpp"

namespace mb::sim::fleet {
namespace {

constexpr std::uint8_t version = 1;

Error bad_file(const std::filesystem::path& path) {
    return error("fleet.bad_state_file", ErrorKind::internal).with("file", path.string());
}

/// The content behind the version byte; nothing when there is no file.
Result<std::optional<Bytes>> content_of(const std::filesystem::path& path) {
    auto content = read_file(path);
    if (!content) return std::optional<Bytes>();
    if (content->empty() || content->front() != version) return fail(bad_file(path));
    content->erase(content->begin());
    return content;
}

}  // namespace

void save_state(const std::filesystem::path& path, const SavedState& state, bool sync) {
    Bytes content{version};
    ByteWriter writer(content);
    write_binary(writer, state);
    replace_file(path, content, sync);
}

Result<std::optional<SavedState>> load_state(const std::filesystem::path& path) {
    const auto content = TRY(content_of(path));
    if (!content) return std::optional<SavedState>();
    auto state = from_binary<SavedState>(*content);
    if (!state) return fail(bad_file(path));
    return std::optional(std::move(*state));
}

Result<std::optional<Instant>> saved_business_time(const std::filesystem::path& path) {
    const auto content = TRY(content_of(path));
    if (!content) return std::optional<Instant>();
    ByteReader reader(*content);
    Instant at;
    read_binary(reader, at);
    if (!reader.ok()) return fail(bad_file(path));
    return std::optional(at);
}

}  // namespace mb::sim::fleet
