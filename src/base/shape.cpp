#include "base/shape.hpp"

#include <algorithm>
#include <set>

namespace mb {

// ---- a shape as bytes
// ----------------------------------------------------------------------------

namespace {

constexpr std::size_t name_max = 256;

bool names_items(ShapeKind kind) {
    return kind == ShapeKind::record || kind == ShapeKind::variant ||
           kind == ShapeKind::enumeration || kind == ShapeKind::flags;
}

bool has_shapes(ShapeKind kind) {
    return kind != ShapeKind::enumeration && kind != ShapeKind::flags;
}

/// How many items a node of that kind has; −1: any number.
int items_wanted(ShapeKind kind) {
    switch (kind) {
        case ShapeKind::list:
        case ShapeKind::array:
        case ShapeKind::optional: return 1;
        case ShapeKind::map: return 2;
        case ShapeKind::record:
        case ShapeKind::variant:
        case ShapeKind::enumeration:
        case ShapeKind::flags: return -1;
        default: return 0;
    }
}

void write_node(ByteWriter& out, const ShapeNode& node) {
    out.u8(static_cast<std::uint8_t>(node.kind));
    out.varint(node.size);
    out.sized(as_bytes(node.name));
    out.varint(node.items.size());
    for (const ShapeItem& item : node.items) {
        if (names_items(node.kind)) {
            out.sized(as_bytes(item.name));
        }
        out.varint(has_shapes(node.kind) ? item.shape : item.value);
    }
}

bool read_name(ByteReader& in, std::string& name) {
    name = as_text(in.sized());
    return in.ok() && name.size() <= name_max;
}

/// False when it is not sound in itself; `index`: its own.
bool read_node(ByteReader& in, std::size_t index, ShapeNode& node) {
    const std::uint8_t kind = in.u8();
    const std::uint64_t size = in.varint();
    if (kind > static_cast<std::uint8_t>(ShapeKind::flags) || size > UINT32_MAX ||
        !read_name(in, node.name)) {
        return false;
    }
    node.kind = static_cast<ShapeKind>(kind);
    node.size = static_cast<std::uint32_t>(size);
    const std::size_t count = detail::read_length(in);
    const int wanted = items_wanted(node.kind);
    if (!in.ok() || (wanted >= 0 && count != static_cast<std::size_t>(wanted))) {
        return false;
    }
    std::set<std::string> names;
    for (std::size_t i = 0; i < count; ++i) {
        ShapeItem& item = node.items.emplace_back();
        if (names_items(node.kind) &&
            (!read_name(in, item.name) || !names.insert(item.name).second)) {
            return false;
        }
        const std::uint64_t value = in.varint();
        if (!has_shapes(node.kind)) {
            item.value = value;
        } else if (value < index) {
            item.shape = static_cast<std::uint32_t>(value);
        } else {
            return false;
        }
    }
    return in.ok();
}

}  // namespace

Bytes Shape::bytes() const {
    Bytes out;
    ByteWriter writer(out);
    writer.varint(nodes.size());
    for (const ShapeNode& node : nodes) {
        write_node(writer, node);
    }
    return out;
}

Result<Shape> Shape::parse(ByteView bytes) {
    const auto malformed = [] { return fail("shape.malformed", ErrorKind::internal); };
    ByteReader in(bytes);
    const std::size_t count = detail::read_length(in);
    if (count == 0 || count > nodes_max) {
        return malformed();
    }
    Shape shape;
    std::vector<std::size_t> depth;
    for (std::size_t i = 0; i < count; ++i) {
        ShapeNode& node = shape.nodes.emplace_back();
        if (!read_node(in, i, node)) {
            return malformed();
        }
        std::size_t below = 0;
        for (const ShapeItem& item : node.items) {
            below = has_shapes(node.kind) ? std::max(below, depth[item.shape]) : below;
        }
        depth.push_back(below + 1);
        if (depth.back() > depth_max) {
            return malformed();
        }
    }
    if (!in.at_end()) {
        return malformed();
    }
    return shape;
}

// ---- reading by a shape
// --------------------------------------------------------------------------

namespace {

/// Each step reads a byte or belongs to one of at most depth_max nodes above a byte that is read;
/// the rest is for what is empty.
std::uint64_t steps_for(std::size_t bytes) {
    return (static_cast<std::uint64_t>(bytes) + 1024) * Shape::depth_max;
}

}  // namespace

ShapedReader::ShapedReader(ByteReader& in, const Shape& shape, std::string_view root)
    : in_(in), shape_(shape), root_(root), steps_left_(steps_for(in.left())) {}

const ShapeNode* ShapedReader::enter(std::uint32_t at) {
    if (steps_left_ == 0) {
        in_.fail();
    }
    if (!ok()) {
        return nullptr;
    }
    --steps_left_;
    return &shape_.nodes[at];
}

void ShapedReader::leave() {
    if (!ok() && failed_at_.empty()) {
        failed_at_ = place();
    }
    place_.pop_back();
}

std::string ShapedReader::place() const {
    std::string out = root_;
    for (const Step& step : place_) {
        if (step.member.empty()) {
            out += "[" + std::to_string(step.index) + "]";
        } else {
            out += step.member.front() == '[' ? "" : ".";
            out += step.member;
        }
    }
    return out;
}

void ShapedReader::refuse(std::string why) {
    if (ok()) {
        failed_at_ = place();
        why_ = std::move(why);
        in_.fail();
    }
}

Result<void> ShapedReader::result() const {
    if (ok()) {
        return {};
    }
    const std::string& at = failed_at_.empty() ? root_ : failed_at_;
    if (why_.empty()) {
        return fail(error("shape.malformed", ErrorKind::internal).with("at", at));
    }
    return fail(error("shape.mismatch", ErrorKind::internal).with("at", at).with("why", why_));
}

bool ShapedReader::expect(const ShapeNode& node, ShapeKind kind) {
    if (node.kind != kind) {
        refuse("was stored as " + std::string(enum_text(node.kind)) + ", " +
               std::string(enum_text(kind)) + " is wanted");
    }
    return ok();
}

int128 ShapedReader::number(const ShapeNode& node) {
    switch (node.kind) {
        case ShapeKind::signed_number: return in_.signed_varint();
        case ShapeKind::unsigned_number: return in_.varint();
        case ShapeKind::wide_number: {
            int128 value = 0;
            read_binary(in_, value);
            return value;
        }
        default:
            refuse("was stored as " + std::string(enum_text(node.kind)) + ", a number is wanted");
            return 0;
    }
}

void ShapedReader::too_large(int128 value, std::size_t bits) {
    const bool short_enough = value >= INT64_MIN && value <= INT64_MAX;
    refuse((short_enough ? std::to_string(static_cast<std::int64_t>(value)) : "a number") +
           " does not fit its " + std::to_string(bits) + " bits");
}

std::string ShapedReader::text(const ShapeNode& node) {
    return expect(node, ShapeKind::text) ? std::string(as_text(in_.sized())) : std::string();
}

ByteView ShapedReader::document(const ShapeNode& node, std::string_view name) {
    if (expect(node, ShapeKind::document) && node.name != name) {
        refuse("was stored as " + node.name + ", " + std::string(name) + " is wanted");
    }
    return ok() ? in_.sized() : ByteView();
}

std::string_view ShapedReader::enumerator(const ShapeNode& node, std::uint64_t value) {
    if (!ok()) {
        return {};
    }
    for (const ShapeItem& item : node.items) {
        if (item.value == value) {
            return item.name;
        }
    }
    refuse("enumerator " + std::to_string(value) + " has no name");
    return {};
}

const ShapeItem* ShapedReader::alternative(const ShapeNode& node) {
    if (!expect(node, ShapeKind::variant)) {
        return nullptr;
    }
    const std::uint64_t index = in_.varint();
    if (index >= node.items.size()) {
        in_.fail();
        return nullptr;
    }
    return &node.items[static_cast<std::size_t>(index)];
}

const std::vector<int>& ShapedReader::matched(const ShapeNode& node,
                                              const std::vector<std::string_view>& names) {
    const auto [known, is_new] = matched_.try_emplace({&node, &names});
    if (is_new) {
        for (const ShapeItem& item : node.items) {
            const auto found = std::find(names.begin(), names.end(), item.name);
            known->second.push_back(found == names.end() ? -1
                                                         : static_cast<int>(found - names.begin()));
        }
    }
    return known->second;
}

void ShapedReader::skip(std::uint32_t at) {
    const ShapeNode* node = enter(at);
    if (node == nullptr) {
        return;
    }
    const auto skip_all = [&](std::uint64_t rounds) {
        for (; rounds > 0 && ok(); --rounds) {
            for (const ShapeItem& item : node->items) {
                skip(item.shape);
            }
        }
    };
    switch (node->kind) {
        case ShapeKind::boolean: in_.u8(); break;
        case ShapeKind::signed_number:
        case ShapeKind::unsigned_number:
        case ShapeKind::enumeration:
        case ShapeKind::flags: in_.varint(); break;
        case ShapeKind::wide_number:
            in_.varint();
            in_.fixed64();
            break;
        case ShapeKind::text:
        case ShapeKind::document: in_.sized(); break;
        case ShapeKind::list:
        case ShapeKind::map: skip_all(detail::read_length(in_)); break;
        case ShapeKind::array: skip_all(node->size); break;
        case ShapeKind::optional: skip_all(in_.u8() != 0 ? 1 : 0); break;
        case ShapeKind::record: skip_all(1); break;
        case ShapeKind::variant:
            if (const ShapeItem* stored = alternative(*node)) {
                skip(stored->shape);
            }
            break;
    }
}

}  // namespace mb
