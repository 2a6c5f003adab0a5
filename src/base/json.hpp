// JSON by reflection: described structs ↔ text. Writing needs no tree; reading is strict: unknown
// fields, wrong types and missing members are refused with a JSON pointer. Members of type
// std::optional may be missing; they are written as null. A type with a static
// json_may_miss(member) says itself which members may be missing: they keep their value. Money,
// quantities and prices are decimal strings, ids decimal strings, instants RFC 3339 in UTC.
#pragma once

#include "base/describe.hpp"
#include "base/ids.hpp"
#include "base/money.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mb {

// ---- writing ---------------------------------------------------------------------------------

void append_json_string(std::string& out, std::string_view text);

/// A member whose name would be a keyword of C++ ends with an underscore, in JSON it does not.
inline std::string_view json_name(std::string_view member) {
    if (!member.empty() && member.back() == '_') {
        member.remove_suffix(1);
    }
    return member;
}

inline void append_json(std::string& out, bool value) { out += value ? "true" : "false"; }
template <class T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
void append_json(std::string& out, T value) {
    out += std::to_string(value);
}
inline void append_json(std::string& out, std::string_view value) {
    append_json_string(out, value);
}
inline void append_json(std::string& out, const std::string& value) {
    append_json_string(out, value);
}
inline void append_json(std::string& out, const char* value) { append_json_string(out, value); }
inline void append_json(std::string& out, Money value) { append_json_string(out, value.text()); }
inline void append_json(std::string& out, Price value) { append_json_string(out, value.text()); }
template <class Tag>
void append_json(std::string& out, const Amount<Tag>& value) {
    append_json_string(out, value.text());
}
template <class Tag>
void append_json(std::string& out, const Id<Tag>& value) {
    append_json_string(out, value.text());
}
inline void append_json(std::string& out, Instant value) {
    append_json_string(out, utc_text(value));
}
inline void append_json(std::string& out, CivilDate value) {
    append_json_string(out, value.text());
}
template <DescribedEnum E>
void append_json(std::string& out, E value) {
    append_json_string(out, enum_text(value));
}
template <class T>
void append_json(std::string& out, const std::optional<T>& value);
template <class T>
void append_json(std::string& out, const std::vector<T>& value);
template <class T>
void append_json(std::string& out, const std::map<std::string, T>& value);
template <Described T>
void append_json(std::string& out, const T& value);

/// Text that is JSON already.
struct RawJson {
    std::string text;
};
inline void append_json(std::string& out, const RawJson& value) { out += value.text; }

template <class T>
void append_json(std::string& out, const std::optional<T>& value) {
    if (value) {
        append_json(out, *value);
    } else {
        out += "null";
    }
}
template <class T>
void append_json(std::string& out, const std::vector<T>& value) {
    out += '[';
    bool first = true;
    for (const auto& item : value) {
        if (!first) {
            out += ',';
        }
        first = false;
        append_json(out, item);
    }
    out += ']';
}
template <class T>
void append_json(std::string& out, const std::map<std::string, T>& value) {
    out += '{';
    bool first = true;
    for (const auto& [name, item] : value) {
        if (!first) {
            out += ',';
        }
        first = false;
        append_json_string(out, name);
        out += ':';
        append_json(out, item);
    }
    out += '}';
}
template <Described T>
void append_json(std::string& out, const T& value) {
    out += '{';
    bool first = true;
    for_each_member(value, [&](const char* name, const auto& member) {
        if (!first) {
            out += ',';
        }
        first = false;
        append_json_string(out, json_name(name));
        out += ':';
        append_json(out, member);
    });
    out += '}';
}

template <class T>
std::string to_json(const T& value) {
    std::string out;
    append_json(out, value);
    return out;
}

// ---- reading ---------------------------------------------------------------------------------

/// A parsed document node; a thin handle over the parser's tree (Boost.JSON, in json.cpp only).
class JsonNode {
public:
    enum class Type : std::uint8_t { null, boolean, integer, number, string, array, object };

    [[nodiscard]] Type type() const;
    [[nodiscard]] bool boolean() const;
    [[nodiscard]] std::int64_t integer() const;
    [[nodiscard]] std::string_view string() const;
    [[nodiscard]] std::size_t size() const;                       // array or object
    [[nodiscard]] JsonNode at(std::size_t index) const;           // array
    [[nodiscard]] std::string_view key(std::size_t index) const;  // object, in text order
    [[nodiscard]] JsonNode value(std::size_t index) const;        // object
    [[nodiscard]] std::optional<JsonNode> find(std::string_view key) const;
    [[nodiscard]] std::string text() const;  // as JSON again

    explicit JsonNode(const void* value) : value_(value) {}

private:
    const void* value_;
};

/// Owns the tree. Depth ≤ 32, size ≤ 16 MiB. Errors: json.malformed {position}, json.too_large.
class JsonDocument {
public:
    static Result<JsonDocument> parse(std::string_view text);
    JsonDocument(JsonDocument&&) noexcept;
    JsonDocument& operator=(JsonDocument&&) noexcept;
    ~JsonDocument();
    [[nodiscard]] JsonNode root() const;

private:
    struct Tree;
    explicit JsonDocument(std::unique_ptr<Tree> tree);
    std::unique_ptr<Tree> tree_;
};

/// The closest of `names` to `unknown`, or "" when nothing is near.
std::string did_you_mean(std::string_view unknown, const std::vector<std::string>& names);

namespace detail {
Error json_type_error(std::string_view pointer, std::string_view wanted);
Error json_unknown(std::string_view pointer, std::string_view key,
                   const std::vector<std::string>& names);
Error json_missing(std::string_view pointer, std::string_view key);
Error at_pointer(Error e, std::string_view pointer);
}  // namespace detail

template <class T>
Result<void> read_json(const JsonNode& node, T& out, const std::string& pointer);

namespace detail {

template <class T>
struct JsonReader {
    static Result<void> read(const JsonNode& node, T& out, const std::string& pointer) {
        using Type = JsonNode::Type;
        if constexpr (std::is_same_v<T, bool>) {
            if (node.type() != Type::boolean) {
                return fail(json_type_error(pointer, "boolean"));
            }
            out = node.boolean();
        } else if constexpr (std::is_integral_v<T>) {
            if (node.type() != Type::integer || !std::in_range<T>(node.integer())) {
                return fail(json_type_error(pointer, "integer"));
            }
            out = static_cast<T>(node.integer());
        } else if constexpr (Described<T>) {
            return read_object(node, out, pointer);
        } else {
            if (node.type() != Type::string) {
                return fail(json_type_error(pointer, "string"));
            }
            return read_text(node.string(), out, pointer);
        }
        return {};
    }

private:
    static Result<void> read_text(std::string_view text, T& out, const std::string& pointer) {
        if constexpr (std::is_same_v<T, std::string>) {
            out = text;
        } else if constexpr (DescribedEnum<T>) {
            const auto value = enum_value<T>(text);
            if (!value) {
                return fail(error("json.unknown_value")
                                .with("pointer", pointer)
                                .with("value", std::string(text.substr(0, 40))));
            }
            out = *value;
        } else if constexpr (std::is_same_v<T, Instant>) {
            auto parsed = parse_rfc3339(text);
            if (!parsed) {
                return fail(at_pointer(parsed.error(), pointer));
            }
            out = *parsed;
        } else if constexpr (requires { out.value = std::int64_t{}; }) {
            auto parsed = parse_decimal(text, 0);  // ids
            if (!parsed) {
                return fail(at_pointer(parsed.error(), pointer));
            }
            out.value = *parsed;
        } else {
            auto parsed = T::parse(text);  // Money, Price, Amount, CivilDate
            if (!parsed) {
                return fail(at_pointer(parsed.error(), pointer));
            }
            out = *parsed;
        }
        return {};
    }

    static Result<void> read_object(const JsonNode& node, T& out, const std::string& pointer) {
        if (node.type() != JsonNode::Type::object) {
            return fail(json_type_error(pointer, "object"));
        }
        std::vector<std::string> names;
        for_each_member(out, [&](const char* name, auto&) { names.emplace_back(json_name(name)); });
        for (std::size_t i = 0; i < node.size(); ++i) {
            if (std::find(names.begin(), names.end(), node.key(i)) == names.end()) {
                return fail(json_unknown(pointer, node.key(i), names));
            }
        }
        Result<void> result;
        for_each_member(out, [&](const char* member_name, auto& member) {
            if (!result) {
                return;
            }
            const std::string name(json_name(member_name));
            if (const auto child = node.find(name)) {
                result = read_json(*child, member, pointer + "/" + name);
            } else if constexpr (requires { T::json_may_miss(name); }) {
                if (!T::json_may_miss(name)) {
                    result = fail(json_missing(pointer, name));
                }
            } else if constexpr (!requires { member.reset(); }) {
                result = fail(json_missing(pointer, name));
            }
        });
        return result;
    }
};

template <class T>
struct JsonReader<std::optional<T>> {
    static Result<void> read(const JsonNode& node, std::optional<T>& out,
                             const std::string& pointer) {
        out.reset();
        if (node.type() == JsonNode::Type::null) {
            return {};
        }
        return read_json(node, out.emplace(), pointer);
    }
};

template <>
struct JsonReader<RawJson> {
    static Result<void> read(const JsonNode& node, RawJson& out, const std::string&) {
        out.text = node.text();
        return {};
    }
};

template <class T>
struct JsonReader<std::map<std::string, T>> {
    static Result<void> read(const JsonNode& node, std::map<std::string, T>& out,
                             const std::string& pointer) {
        if (node.type() != JsonNode::Type::object) {
            return fail(json_type_error(pointer, "object"));
        }
        out.clear();
        for (std::size_t i = 0; i < node.size(); ++i) {
            const std::string key(node.key(i));
            TRY_VOID(read_json(node.value(i), out[key], pointer + "/" + key));
        }
        return {};
    }
};

template <class T>
struct JsonReader<std::vector<T>> {
    static Result<void> read(const JsonNode& node, std::vector<T>& out,
                             const std::string& pointer) {
        if (node.type() != JsonNode::Type::array) {
            return fail(json_type_error(pointer, "array"));
        }
        out.clear();
        for (std::size_t i = 0; i < node.size(); ++i) {
            T item{};
            TRY_VOID(read_json(node.at(i), item, pointer + "/" + std::to_string(i)));
            out.push_back(std::move(item));
        }
        return {};
    }
};

}  // namespace detail

template <class T>
Result<void> read_json(const JsonNode& node, T& out, const std::string& pointer) {
    return detail::JsonReader<T>::read(node, out, pointer);
}

/// Errors: json.malformed, json.unknown_field {pointer, field, did_you_mean}, json.missing_field,
/// json.wrong_type, json.unknown_value, and those of the value types with a pointer.
template <class T>
Result<T> from_json(std::string_view text) {
    const JsonDocument document = TRY(JsonDocument::parse(text));
    T out{};
    TRY_VOID(read_json(document.root(), out, ""));
    return out;
}

}  // namespace mb
