// The shape of a type in binary form (binary.hpp): names of members and enumerators, kinds and
// widths. Written before a value it makes it readable by a program whose types have changed since:
// members are matched by name, what is no longer known is skipped, what is missing keeps the
// default of its struct, and what cannot be matched without doubt is refused with its place.
#pragma once

#include "base/binary.hpp"
#include "base/check.hpp"

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <typeindex>
#include <utility>
#include <vector>

namespace mb {

/// Stored as a number: append only, never renumber.
enum class ShapeKind : std::uint8_t {
    boolean,
    signed_number,    // `size` bits; zigzag varint
    unsigned_number,  // `size` bits; varint
    wide_number,      // 128 bits
    text,
    document,     // sized bytes with a form of their own, which `name` names
    list,         // items: of what. Vectors and sets
    array,        // `size` items: of what
    map,          // items: key and value
    optional,     // items: of what
    record,       // items: members in stored order
    variant,      // items: alternatives in order of their index
    enumeration,  // items: enumerators
    flags,        // items: enumerators, each a bit
};
MB_ENUM(ShapeKind, boolean, signed_number, unsigned_number, wide_number, text, document, list,
        array, map, optional, record, variant, enumeration, flags)

struct ShapeItem {
    std::string name;         // "" for what has none
    std::uint32_t shape = 0;  // index of its node; 0 for enumerators
    std::uint64_t value = 0;  // of an enumerator
    friend bool operator==(const ShapeItem&, const ShapeItem&) = default;
};

struct ShapeNode {
    ShapeKind kind = ShapeKind::boolean;
    std::uint32_t size = 0;
    std::string name;
    std::vector<ShapeItem> items;
    friend bool operator==(const ShapeNode&, const ShapeNode&) = default;
};

/// Nodes, the root last. A node stands behind all it is made of, so there are no cycles.
struct Shape {
    std::vector<ShapeNode> nodes;

    static constexpr std::size_t nodes_max = 4096;
    static constexpr std::size_t depth_max = 64;

    [[nodiscard]] std::uint32_t root() const {
        return static_cast<std::uint32_t>(nodes.size()) - 1;
    }
    [[nodiscard]] Bytes bytes() const;
    /// Errors: shape.malformed.
    static Result<Shape> parse(ByteView bytes);
    friend bool operator==(const Shape&, const Shape&) = default;
};

class ShapeBuilder;
class ShapedReader;

/// How a type is shaped and read by a shape. A type with a BinaryForm of its own needs one here.
template <class T>
struct ShapeForm;

/// Collects the nodes of a type, each type once.
class ShapeBuilder {
public:
    template <class T>
    std::uint32_t of() {
        const auto [known, is_new] = known_.try_emplace(typeid(T), in_progress);
        if (!is_new) {
            CHECK_MSG(known->second != in_progress, "a type that contains itself has no shape");
            return known->second;
        }
        const std::uint32_t index = ShapeForm<T>::build(*this);
        known_[typeid(T)] = index;
        return index;
    }
    std::uint32_t add(ShapeNode node) {
        shape_.nodes.push_back(std::move(node));
        return shape_.root();
    }
    std::uint32_t add(ShapeKind kind, std::uint32_t size, std::vector<ShapeItem> items = {}) {
        return add(ShapeNode{kind, size, {}, std::move(items)});
    }
    template <DescribedEnum E>
    std::uint32_t add_enumerators(ShapeKind kind) {
        std::vector<ShapeItem> items;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>(
            [&](auto d) { items.push_back({d.name, 0, static_cast<std::uint64_t>(d.value)}); });
        return add(kind, 0, std::move(items));
    }
    [[nodiscard]] Shape take() { return std::move(shape_); }

private:
    static constexpr std::uint32_t in_progress = UINT32_MAX;
    std::map<std::type_index, std::uint32_t> known_;
    Shape shape_;
};

template <class T>
Shape shape_of() {
    ShapeBuilder builder;
    builder.of<T>();
    return builder.take();
}

/// Reads a value by the shape it was written in.
class ShapedReader {
public:
    /// `root`: how the value is called in the place of a refusal.
    ShapedReader(ByteReader& in, const Shape& shape, std::string_view root);

    template <class T>
    void read(std::uint32_t at, T& value) {
        if (const ShapeNode* node = enter(at)) {
            ShapeForm<T>::read(*this, *node, value);
        }
    }
    void skip(std::uint32_t at);

    /// False once something was refused or the bytes have ended.
    [[nodiscard]] bool ok() const { return in_.ok(); }
    /// What was refused, if anything. Errors: shape.mismatch {at, why}, shape.malformed {at}.
    [[nodiscard]] Result<void> result() const;

    // ---- for ShapeForm -----------------------------------------------------------------------
    [[nodiscard]] ByteReader& in() { return in_; }
    /// Ends the reading: `why` is for the log of whoever runs the program.
    void refuse(std::string why);
    /// True when the stored thing is of that kind; else refuses.
    bool expect(const ShapeNode& node, ShapeKind kind);
    /// A number of any width and sign, within what T holds.
    template <class T>
    void number(const ShapeNode& node, T& value) {
        const int128 raw = number(node);
        if constexpr (std::is_same_v<T, int128>) {
            value = raw;
        } else if (raw < std::numeric_limits<T>::min() || raw > std::numeric_limits<T>::max()) {
            too_large(raw, sizeof(T) * 8);
        } else {
            value = static_cast<T>(raw);
        }
    }
    std::string text(const ShapeNode& node);
    /// The sized bytes of a document of that name.
    ByteView document(const ShapeNode& node, std::string_view name);
    /// Name of the stored enumerator; "" after a refusal.
    std::string_view enumerator(const ShapeNode& node, std::uint64_t value);
    /// Stored alternative of a variant; nullptr after a refusal.
    const ShapeItem* alternative(const ShapeNode& node);

    /// Calls f() for each stored item of a list, within the place "[0]", "[1]", …
    template <class F>
    void each_item(const ShapeNode& node, F&& f) {
        if (!expect(node, ShapeKind::list)) {
            return;
        }
        const std::size_t count = detail::read_length(in_);
        for (std::size_t i = 0; i < count && ok(); ++i) {
            inside(static_cast<std::int64_t>(i), f);
        }
    }
    /// Calls f() one step further along the place: a member's name, an index, a key.
    template <class F>
    void inside(std::string_view member, F&& f) {
        place_.push_back({member, 0});
        f();
        leave();
    }
    template <class F>
    void inside(std::int64_t index, F&& f) {
        place_.push_back({{}, index});
        f();
        leave();
    }
    /// For each stored member its place in `names`, −1 for one the program does not have.
    const std::vector<int>& matched(const ShapeNode& node,
                                    const std::vector<std::string_view>& names);

private:
    struct Step {
        std::string_view member;  // "": the index
        std::int64_t index = 0;
    };
    const ShapeNode* enter(std::uint32_t at);
    void leave();
    int128 number(const ShapeNode& node);
    void too_large(int128 value, std::size_t bits);
    [[nodiscard]] std::string place() const;

    ByteReader& in_;
    const Shape& shape_;
    std::string root_;
    std::vector<Step> place_;
    std::string failed_at_;  // where ok() became false
    std::string why_;
    std::uint64_t steps_left_;  // of the walk: a hostile shape must not make it endless
    std::map<std::pair<const ShapeNode*, const void*>, std::vector<int>> matched_;
};

/// Reads a T that was written in `shape`. `root` is its name in the place of a refusal. Errors:
/// shape.mismatch {at, why}, shape.malformed {at}; the reader has failed then.
template <class T>
Result<void> read_shaped(ByteReader& in, const Shape& shape, T& value, std::string_view root) {
    ShapedReader reader(in, shape, root);
    reader.read(shape.root(), value);
    return reader.result();
}

namespace detail {

/// Last word of a type's name, as variants name their alternatives.
template <class T>
std::string type_name() {
    const std::string_view all = __PRETTY_FUNCTION__;
    const std::size_t from = all.find("T = ") + 4;
    const std::string_view name = all.substr(from, all.find_first_of(";]", from) - from);
    return std::string(name.substr(name.rfind(':') + 1));
}

template <class T>
auto& only_member(T& value) {
    auto& [only] = value;
    return only;
}

/// A set of enumerators as bits, with the enum as its FlagsOf.
template <class T>
concept Flags = requires { typename T::FlagsOf; };

template <class T>
void read_flags(ShapedReader& reader, const ShapeNode& node, T& value) {
    if (!reader.expect(node, ShapeKind::flags)) {
        return;
    }
    const std::uint64_t bits = reader.in().varint();
    for (unsigned bit = 0; bit < 64 && reader.ok(); ++bit) {
        if (((bits >> bit) & 1) != 0) {
            const std::string_view name = reader.enumerator(node, bit);
            if (const auto known = enum_value<typename T::FlagsOf>(name)) {
                value.set(*known, true);
            } else if (reader.ok()) {
                reader.refuse("'" + std::string(name) + "' is not known");
            }
        }
    }
}

template <class E>
void read_enumerator(ShapedReader& reader, const ShapeNode& node, E& value) {
    if (!reader.expect(node, ShapeKind::enumeration)) {
        return;
    }
    const std::string_view name = reader.enumerator(node, reader.in().varint());
    if (const auto known = enum_value<E>(name)) {
        value = *known;
    } else if (reader.ok()) {
        reader.refuse("'" + std::string(name) + "' is not known");
    }
}

template <Described T>
void read_record(ShapedReader& reader, const ShapeNode& node, T& value) {
    if (!reader.expect(node, ShapeKind::record)) {
        return;
    }
    using Members = boost::describe::describe_members<T, boost::describe::mod_public>;
    using Read = void (*)(ShapedReader&, std::uint32_t, T&);
    static const auto names = [] {
        std::vector<std::string_view> out;
        boost::mp11::mp_for_each<Members>([&](auto d) { out.emplace_back(d.name); });
        return out;
    }();
    static const auto reads = [] {
        std::vector<Read> out;
        boost::mp11::mp_for_each<Members>([&](auto d) {
            out.push_back([](ShapedReader& r, std::uint32_t at, T& object) {
                r.read(at, object.*decltype(d)::pointer);
            });
        });
        return out;
    }();
    const std::vector<int>& matched = reader.matched(node, names);
    for (std::size_t i = 0; i < matched.size() && reader.ok(); ++i) {
        const std::uint32_t at = node.items[i].shape;
        reader.inside(node.items[i].name, [&] {
            if (matched[i] < 0) {
                reader.skip(at);
            } else {
                reads[static_cast<std::size_t>(matched[i])](reader, at, value);
            }
        });
    }
}

/// Keys are shown in places when they are numbers or texts; others by their position.
template <class K, class F>
void inside_key(ShapedReader& reader, const K& key, std::size_t position, F&& f) {
    if constexpr (std::is_integral_v<K>) {
        reader.inside(static_cast<std::int64_t>(key), f);
    } else if constexpr (std::is_same_v<K, std::string>) {
        reader.inside("[\"" + key + "\"]", f);
    } else {
        reader.inside(static_cast<std::int64_t>(position), f);
    }
}

}  // namespace detail

template <class T>
struct ShapeForm {
    static std::uint32_t build(ShapeBuilder& builder) {
        if constexpr (std::is_same_v<T, bool>) {
            return builder.add(ShapeKind::boolean, 0);
        } else if constexpr (std::is_enum_v<T>) {
            return builder.add_enumerators<T>(ShapeKind::enumeration);
        } else if constexpr (std::is_integral_v<T>) {
            return builder.add(
                std::is_signed_v<T> ? ShapeKind::signed_number : ShapeKind::unsigned_number,
                sizeof(T) * 8);
        } else if constexpr (detail::Flags<T>) {
            return builder.add_enumerators<typename T::FlagsOf>(ShapeKind::flags);
        } else if constexpr (Described<T>) {
            std::vector<ShapeItem> items;
            boost::mp11::mp_for_each<
                boost::describe::describe_members<T, boost::describe::mod_public>>([&](auto d) {
                using Member = std::remove_reference_t<decltype(std::declval<T&>().*d.pointer)>;
                items.push_back({d.name, builder.of<Member>(), 0});
            });
            return builder.add(ShapeKind::record, 0, std::move(items));
        } else {
            return builder
                .of<std::remove_reference_t<decltype(detail::only_member(std::declval<T&>()))>>();
        }
    }
    static void read(ShapedReader& reader, const ShapeNode& node, T& value) {
        if constexpr (std::is_same_v<T, bool>) {
            if (reader.expect(node, ShapeKind::boolean)) {
                value = reader.in().u8() != 0;
            }
        } else if constexpr (std::is_enum_v<T>) {
            detail::read_enumerator(reader, node, value);
        } else if constexpr (std::is_integral_v<T>) {
            reader.number(node, value);
        } else if constexpr (detail::Flags<T>) {
            detail::read_flags(reader, node, value);
        } else if constexpr (Described<T>) {
            detail::read_record(reader, node, value);
        } else {
            auto& only = detail::only_member(value);
            ShapeForm<std::remove_reference_t<decltype(only)>>::read(reader, node, only);
        }
    }
};

template <>
struct ShapeForm<int128> {
    static std::uint32_t build(ShapeBuilder& builder) {
        return builder.add(ShapeKind::wide_number, 128);
    }
    static void read(ShapedReader& reader, const ShapeNode& node, int128& value) {
        reader.number(node, value);
    }
};

template <>
struct ShapeForm<std::string> {
    static std::uint32_t build(ShapeBuilder& builder) { return builder.add(ShapeKind::text, 0); }
    static void read(ShapedReader& reader, const ShapeNode& node, std::string& value) {
        value = reader.text(node);
    }
};

template <class T>
struct ShapeForm<std::vector<T>> {
    static std::uint32_t build(ShapeBuilder& builder) {
        return builder.add(ShapeKind::list, 0, {{"", builder.of<T>(), 0}});
    }
    static void read(ShapedReader& reader, const ShapeNode& node, std::vector<T>& value) {
        value.clear();
        reader.each_item(node, [&] {
            T item{};
            reader.read(node.items[0].shape, item);
            value.push_back(std::move(item));
        });
    }
};

template <class T>
struct ShapeForm<std::set<T>> {
    static std::uint32_t build(ShapeBuilder& builder) {
        return builder.add(ShapeKind::list, 0, {{"", builder.of<T>(), 0}});
    }
    static void read(ShapedReader& reader, const ShapeNode& node, std::set<T>& value) {
        value.clear();
        reader.each_item(node, [&] {
            T item{};
            reader.read(node.items[0].shape, item);
            if (!value.insert(std::move(item)).second) {
                reader.refuse("is there twice");
            }
        });
    }
};

/// The length must be the same: items of arrays have a meaning by their position.
template <class T, std::size_t N>
struct ShapeForm<std::array<T, N>> {
    static std::uint32_t build(ShapeBuilder& builder) {
        return builder.add(ShapeKind::array, N, {{"", builder.of<T>(), 0}});
    }
    static void read(ShapedReader& reader, const ShapeNode& node, std::array<T, N>& value) {
        if (!reader.expect(node, ShapeKind::array)) {
            return;
        }
        if (node.size != N) {
            reader.refuse("has " + std::to_string(node.size) + " items, " + std::to_string(N) +
                          " are wanted");
        }
        for (std::size_t i = 0; i < N && reader.ok(); ++i) {
            reader.inside(static_cast<std::int64_t>(i),
                          [&] { reader.read(node.items[0].shape, value[i]); });
        }
    }
};

template <class T>
struct ShapeForm<std::optional<T>> {
    static std::uint32_t build(ShapeBuilder& builder) {
        return builder.add(ShapeKind::optional, 0, {{"", builder.of<T>(), 0}});
    }
    static void read(ShapedReader& reader, const ShapeNode& node, std::optional<T>& value) {
        value.reset();
        if (reader.expect(node, ShapeKind::optional) && reader.in().u8() != 0) {
            reader.read(node.items[0].shape, value.emplace());
        }
    }
};

template <class K, class V>
struct ShapeForm<std::map<K, V>> {
    static std::uint32_t build(ShapeBuilder& builder) {
        const std::uint32_t key = builder.of<K>();
        return builder.add(ShapeKind::map, 0, {{"", key, 0}, {"", builder.of<V>(), 0}});
    }
    static void read(ShapedReader& reader, const ShapeNode& node, std::map<K, V>& value) {
        value.clear();
        if (!reader.expect(node, ShapeKind::map)) {
            return;
        }
        const std::size_t count = detail::read_length(reader.in());
        for (std::size_t i = 0; i < count && reader.ok(); ++i) {
            K key{};
            reader.inside(static_cast<std::int64_t>(i),
                          [&] { reader.read(node.items[0].shape, key); });
            detail::inside_key(reader, key, i, [&] {
                const auto [item, is_new] = value.try_emplace(key);
                if (!is_new) {
                    reader.refuse("is there twice");
                }
                reader.read(node.items[1].shape, item->second);
            });
        }
    }
};

template <class A, class B>
struct ShapeForm<std::pair<A, B>> {
    static std::uint32_t build(ShapeBuilder& builder) {
        const std::uint32_t first = builder.of<A>();
        return builder.add(ShapeKind::record, 0,
                           {{"first", first, 0}, {"second", builder.of<B>(), 0}});
    }
    static void read(ShapedReader& reader, const ShapeNode& node, std::pair<A, B>& value) {
        if (!reader.expect(node, ShapeKind::record)) {
            return;
        }
        if (node.items.size() != 2) {
            reader.refuse("is no pair");
            return;
        }
        reader.inside("first", [&] { reader.read(node.items[0].shape, value.first); });
        reader.inside("second", [&] { reader.read(node.items[1].shape, value.second); });
    }
};

template <class... T>
struct ShapeForm<std::variant<T...>> {
    static std::uint32_t build(ShapeBuilder& builder) {
        std::vector<ShapeItem> items;
        (items.push_back({detail::type_name<T>(), builder.of<T>(), 0}), ...);
        return builder.add(ShapeKind::variant, 0, std::move(items));
    }
    static void read(ShapedReader& reader, const ShapeNode& node, std::variant<T...>& value) {
        const ShapeItem* stored = reader.alternative(node);
        if (stored == nullptr) {
            return;
        }
        bool known = false;
        const auto try_one = [&](auto index, const std::string& name) {
            if (!known && name == stored->name) {
                known = true;
                reader.inside(stored->name, [&] {
                    reader.read(stored->shape, value.template emplace<decltype(index)::value>());
                });
            }
        };
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (try_one(std::integral_constant<std::size_t, I>{}, detail::type_name<T>()), ...);
        }(std::index_sequence_for<T...>{});
        if (!known) {
            reader.refuse("'" + stored->name + "' is not known");
        }
    }
};

}  // namespace mb
