#include "base/json.hpp"

#include "base/check.hpp"

#include <boost/json.hpp>
#include <cstdio>
#include <limits>

namespace mb {

namespace json = boost::json;

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte >= 0x20) {
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else {
            char buffer[8];
            std::snprintf(buffer, sizeof buffer, "\\u%04x", byte);
            out += buffer;
        }
    }
    out += '"';
}

namespace {

const json::value& value_of(const void* p) { return *static_cast<const json::value*>(p); }

}  // namespace

JsonNode::Type JsonNode::type() const {
    switch (value_of(value_).kind()) {
        case json::kind::null: return Type::null;
        case json::kind::bool_: return Type::boolean;
        case json::kind::int64: return Type::integer;
        case json::kind::uint64:
        case json::kind::double_: return Type::number;
        case json::kind::string: return Type::string;
        case json::kind::array: return Type::array;
        case json::kind::object: return Type::object;
    }
    return Type::null;
}

bool JsonNode::boolean() const { return value_of(value_).as_bool(); }
std::int64_t JsonNode::integer() const { return value_of(value_).as_int64(); }
std::string_view JsonNode::string() const {
    const json::string& s = value_of(value_).as_string();
    return {s.data(), s.size()};
}
std::size_t JsonNode::size() const {
    const json::value& v = value_of(value_);
    return v.is_array() ? v.get_array().size() : v.as_object().size();
}
JsonNode JsonNode::at(std::size_t index) const {
    return JsonNode(&value_of(value_).as_array()[index]);
}
std::string_view JsonNode::key(std::size_t index) const {
    const json::string_view key = (value_of(value_).as_object().begin() + index)->key();
    return {key.data(), key.size()};
}
JsonNode JsonNode::value(std::size_t index) const {
    return JsonNode(&(value_of(value_).as_object().begin() + index)->value());
}
std::optional<JsonNode> JsonNode::find(std::string_view key) const {
    const json::value* found =
        value_of(value_).as_object().if_contains(json::string_view(key.data(), key.size()));
    return found == nullptr ? std::nullopt : std::optional<JsonNode>(JsonNode(found));
}

std::string JsonNode::text() const { return json::serialize(value_of(value_)); }

struct JsonDocument::Tree {
    json::value root;
};

JsonDocument::JsonDocument(std::unique_ptr<Tree> tree) : tree_(std::move(tree)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;
JsonNode JsonDocument::root() const { return JsonNode(&tree_->root); }

Result<JsonDocument> JsonDocument::parse(std::string_view text) {
    if (text.size() > (std::size_t{16} << 20)) {
        return fail("json.too_large");
    }
    json::parse_options options;
    options.max_depth = 32;
    json::stream_parser parser({}, options);
    json::error_code ec;
    const std::size_t read = parser.write_some(text.data(), text.size(), ec);
    if (!ec && read == text.size()) {
        parser.finish(ec);
    }
    if (ec || read != text.size() || !parser.done()) {
        return fail(error("json.malformed").with("position", std::to_string(read)));
    }
    auto tree = std::make_unique<Tree>();
    tree->root = parser.release();
    return JsonDocument(std::move(tree));
}

namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] =
                std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

}  // namespace

std::string did_you_mean(std::string_view unknown, const std::vector<std::string>& names) {
    std::string best;
    std::size_t best_distance = unknown.size() / 3 + 2;
    if (unknown.size() > 80) {
        return best;
    }
    for (const std::string& name : names) {
        const std::size_t distance = edit_distance(unknown, name);
        if (distance < best_distance) {
            best_distance = distance;
            best = name;
        }
    }
    return best;
}

namespace detail {

Error json_type_error(std::string_view pointer, std::string_view wanted) {
    return error("json.wrong_type")
        .with("pointer", std::string(pointer))
        .with("wanted", std::string(wanted));
}
Error json_unknown(std::string_view pointer, std::string_view key,
                   const std::vector<std::string>& names) {
    return error("json.unknown_field")
        .with("pointer", std::string(pointer))
        .with("field", std::string(key.substr(0, 40)))
        .with("did_you_mean", did_you_mean(key, names));
}
Error json_missing(std::string_view pointer, std::string_view key) {
    return error("json.missing_field")
        .with("pointer", std::string(pointer))
        .with("field", std::string(key));
}
Error at_pointer(Error e, std::string_view pointer) {
    return std::move(e).with("pointer", std::string(pointer));
}

}  // namespace detail

}  // namespace mb
