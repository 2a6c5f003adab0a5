#include "headend/link_profile.hpp"

#include <toml++/toml.h>
#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>

#include "base/check.hpp"
#include "base/json.hpp"

namespace mb::headend {

namespace {

/// Reads the members of one table, remembers the first error, refuses what was not asked for.
class Table {
public:
    Table(const toml::table& table, std::string path, std::string_view file)
        : table_(table), path_(std::move(path)), file_(file) {}

    std::string text(std::string_view key, std::optional<std::string> fallback = {}) {
        const toml::node* node = want(key, fallback.has_value());
        if (node == nullptr) return fallback.value_or("");
        if (const auto value = node->value_exact<std::string>()) return *value;
        return wrong<std::string>(key);
    }
    std::int32_t number(std::string_view key, std::int32_t min, std::int32_t max,
                        std::optional<std::int32_t> fallback = {}) {
        const toml::node* node = want(key, fallback.has_value());
        if (node == nullptr) return fallback.value_or(min);
        const auto value = node->value_exact<std::int64_t>();
        if (!value) return wrong<std::int32_t>(key);
        if (*value < min || *value > max) {
            note("link_profile.out_of_range", key);
            return min;
        }
        return static_cast<std::int32_t>(*value);
    }
    Duration ms(std::string_view key, std::int32_t max, std::int32_t fallback) {
        return Duration::milliseconds(number(key, 0, max, fallback));
    }
    Duration seconds(std::string_view key, std::int32_t max, std::int32_t fallback) {
        return Duration::seconds(number(key, 0, max, fallback));
    }
    Bytes hex(std::string_view key) {
        auto bytes = parse_hex(text(key, ""));
        if (bytes && bytes->size() <= 32) return std::move(*bytes);
        note("link_profile.out_of_range", key);
        return {};
    }
    template <DescribedEnum E>
    E choice(std::string_view key) {
        const std::string name = text(key);
        if (const auto value = enum_value<E>(name)) return *value;
        if (!error_) note("link_profile.out_of_range", key);
        return E{};
    }
    /// Nothing when there is no such table.
    std::optional<Table> table(std::string_view key) {
        const toml::node* node = want(key, true);
        if (node == nullptr) return std::nullopt;
        if (const toml::table* inner = node->as_table()) return Table(*inner, path_of(key), file_);
        return wrong<std::optional<Table>>(key);
    }
    const toml::array* array(std::string_view key) {
        const toml::node* node = want(key, false);
        if (node == nullptr) return nullptr;
        if (const toml::array* out = node->as_array(); out != nullptr && !out->empty()) return out;
        return wrong<const toml::array*>(key);
    }

    void take(const Table& inner) {
        if (!error_) error_ = inner.finish();
    }
    void note(std::string_view code, std::string_view key) {
        if (!error_) error_ = problem(code, key);
    }
    [[nodiscard]] std::optional<Error> finish() const {
        if (error_) return error_;
        for (const auto& [key, node] : table_) {
            const std::string name(key.str());
            if (std::ranges::find(asked_, name) == asked_.end()) {
                return problem("link_profile.unknown_key", name)
                    .with("did_you_mean", did_you_mean(name, asked_));
            }
        }
        return std::nullopt;
    }
    [[nodiscard]] std::string path_of(std::string_view key) const {
        return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
    }

private:
    [[nodiscard]] Error problem(std::string_view code, std::string_view key) const {
        return error(code).with("file", std::string(file_)).with("key", path_of(key));
    }
    const toml::node* want(std::string_view key, bool optional) {
        asked_.emplace_back(key);
        const toml::node* node = table_.get(key);
        if (node == nullptr && !optional) note("link_profile.missing", key);
        return node;
    }
    template <class T>
    T wrong(std::string_view key) {
        note("link_profile.wrong_type", key);
        return T{};
    }

    const toml::table& table_;
    std::string path_;
    std::string_view file_;
    std::vector<std::string> asked_;
    std::optional<Error> error_;
};

Registration read_registration(Table& in) {
    Registration out;
    out.kind = in.choice<RegistrationKind>("kind");
    if (out.kind == RegistrationKind::wildcard) return out;
    out.match = in.choice<MatchBy>("match");
    out.prefix = in.hex("prefix");
    out.length_min = static_cast<std::uint8_t>(in.number("length_min", 1, 32));
    out.length_max = static_cast<std::uint8_t>(in.number("length_max", out.length_min, 32));
    out.reply = in.hex("reply");
    if (out.kind == RegistrationKind::line) {
        out.alphabet = in.choice<Alphabet>("alphabet");
        out.terminator = in.hex("terminator");
        if (out.terminator.empty()) in.note("link_profile.inconsistent", "terminator");
    } else if (out.length_min != out.length_max) {
        in.note("link_profile.inconsistent", "length_max");
    }
    if (out.match == MatchBy::address) in.note("link_profile.inconsistent", "match");
    return out;
}

Heartbeat read_heartbeat(Table& in) {
    Heartbeat out;
    out.bytes = in.hex("bytes");
    out.every = in.seconds("every_s", 86'400, 0);
    out.missed_max = in.number("missed_max", 1, 100, 3);
    // A 68 inside would look like the start of a frame, an FE like the filler before one.
    if (out.bytes.empty() || std::ranges::find(out.bytes, 0x68) != out.bytes.end() ||
        std::ranges::find(out.bytes, 0xFE) != out.bytes.end()) {
        in.note("link_profile.inconsistent", "bytes");
    }
    if (out.every == Duration{}) in.note("link_profile.inconsistent", "every_s");
    return out;
}

LinkTiming read_timing(Table& in) {
    LinkTiming out;
    out.reply_timeout = Duration::milliseconds(in.number("reply_timeout_ms", 100, 120'000, 3'000));
    out.inter_byte = Duration::milliseconds(in.number("inter_byte_ms", 50, 10'000, 500));
    out.gap = in.ms("gap_ms", 10'000, 0);
    out.identify_timeout = Duration::seconds(in.number("identify_timeout_s", 1, 600, 30));
    out.silent_requests_max = in.number("silent_requests_max", 1, 1'000, 6);
    out.preamble = in.number("preamble", 0, 16, 4);
    return out;
}

RelayTiming read_relay(Table& in) {
    RelayTiming out;
    out.actuation_delay = in.ms("actuation_delay_ms", 60'000, 0);
    out.pretrip_delay = in.seconds("pretrip_delay_s", 86'400, 0);
    out.read_back_window = Duration::seconds(in.number("read_back_window_s", 1, 600, 10));
    out.read_back_every =
        Duration::milliseconds(in.number("read_back_every_ms", 100, 60'000, 1'000));
    return out;
}

LinkLimits read_limits(Table& in) {
    LinkLimits out;
    out.bytes_per_s = in.number("bytes_per_s", 64, 1'000'000, out.bytes_per_s);
    out.burst_bytes = in.number("burst_bytes", 512, 1'000'000, out.burst_bytes);
    out.frames_per_s = in.number("frames_per_s", 1, 10'000, out.frames_per_s);
    out.meters_max = in.number("meters_max", 1, 4'096, out.meters_max);
    return out;
}

LinkSample read_sample(Table& in) {
    LinkSample out;
    out.name = in.text("name");
    if (const toml::array* segments = in.array("receive")) {
        for (const toml::node& node : *segments) {
            auto bytes = parse_hex(node.value_or(std::string("?")));
            if (!bytes) in.note("link_profile.wrong_type", "receive");
            if (bytes) out.receive.push_back(std::move(*bytes));
        }
    }
    out.id = in.text("id", "");
    out.heartbeats = in.number("heartbeats", 0, 1'000, 0);
    out.frames = in.number("frames", 0, 1'000, 0);
    return out;
}

/// Reads the table `key`, if there is one, by `read`.
template <class T>
void read_part(Table& root, std::string_view key, T (*read)(Table&), T& out) {
    if (auto part = root.table(key)) {
        out = read(*part);
        root.take(*part);
    }
}

void read_samples(Table& root, std::string_view file, std::vector<LinkSample>& out) {
    const toml::array* samples = root.array("sample");
    if (samples == nullptr) return;
    for (const toml::node& node : *samples) {
        const toml::table* table = node.as_table();
        if (table == nullptr) {
            root.note("link_profile.wrong_type", "sample");
            return;
        }
        Table part(*table, "sample", file);
        out.push_back(read_sample(part));
        root.take(part);
    }
}

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= 32 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

}  // namespace

Result<LinkProfile> parse_link_profile(std::string_view toml_text, std::string_view file) {
    toml::table parsed;
    try {
        parsed = toml::parse(toml_text);
    } catch (const toml::parse_error& problem) {
        return fail(error("link_profile.syntax")
                        .with("file", std::string(file))
                        .with("line", std::to_string(problem.source().begin.line))
                        .with("reason", std::string(problem.description())));
    }
    Table root(parsed, "", file);
    LinkProfile out;
    out.name = root.text("name");
    if (!out.name.empty() && !is_name(out.name)) root.note("link_profile.out_of_range", "name");
    out.title = root.text("title");
    out.title_zh = root.text("title_zh");
    if (auto part = root.table("registration")) {
        out.registration = read_registration(*part);
        root.take(*part);
    } else {
        root.note("link_profile.missing", "registration");
    }
    read_part(root, "heartbeat", read_heartbeat, out.heartbeat);
    read_part(root, "timing", read_timing, out.timing);
    read_part(root, "relay", read_relay, out.relay);
    read_part(root, "limits", read_limits, out.limits);
    read_samples(root, file, out.samples);
    if (auto problem = root.finish()) return fail(std::move(*problem));
    return out;
}

const LinkProfiles& LinkProfiles::built_in() {
    static const LinkProfiles profiles = [] {
        LinkProfiles out;
        for (const EmbeddedFile& file : embedded_link_profiles()) {
            auto profile = parse_link_profile(file.text, file.name);
            CHECK_MSG(profile.has_value(), profile.error().text());
            out.add(std::move(*profile));
        }
        return out;
    }();
    return profiles;
}

Result<LinkProfiles> LinkProfiles::with_folder(const std::filesystem::path& folder) {
    LinkProfiles out = built_in();
    std::error_code problem;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder, problem)) {
        if (entry.path().extension() == ".toml") files.push_back(entry.path());
    }
    if (problem) return fail(error("link_profile.folder").with("folder", folder.string()));
    std::ranges::sort(files);
    for (const auto& file : files) {
        std::ifstream in(file, std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(in),
                               std::istreambuf_iterator<char>()};
        out.add(TRY(parse_link_profile(text, file.filename().string())));
    }
    return out;
}

void LinkProfiles::add(LinkProfile profile) {
    std::string name = profile.name;
    by_name_.insert_or_assign(std::move(name),
                              std::make_shared<const LinkProfile>(std::move(profile)));
}

LinkProfiles::Ptr LinkProfiles::find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
}

std::vector<std::string> LinkProfiles::names() const {
    std::vector<std::string> out;
    for (const auto& [name, profile] : by_name_) out.push_back(name);
    return out;
}

}  // namespace mb::headend
