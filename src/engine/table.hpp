// Rows by id: ids are small numbers given out per project, so a vector is the index. Iteration is
// by id.
#pragma once

#include "base/binary.hpp"
#include "base/ids.hpp"
#include "base/shape.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace mb::engine {

/// Highest id a table takes: a wrong id must not allocate the machine away.
constexpr std::int64_t max_table_id = 16'000'000;

template <class IdType, class T>
class Table {
public:
    [[nodiscard]] static bool takes(IdType id) { return id.value > 0 && id.value <= max_table_id; }

    [[nodiscard]] T* find(IdType id) {
        const auto at = static_cast<std::size_t>(id.value);
        return at < items_.size() ? items_[at].get() : nullptr;
    }
    [[nodiscard]] const T* find(IdType id) const {
        const auto at = static_cast<std::size_t>(id.value);
        return at < items_.size() ? items_[at].get() : nullptr;
    }
    /// The id must exist.
    [[nodiscard]] T& at(IdType id) {
        T* found = find(id);
        CHECK(found != nullptr);
        return *found;
    }
    /// Existing or new.
    T& get(IdType id) {
        CHECK(takes(id));
        const auto at = static_cast<std::size_t>(id.value);
        if (at >= items_.size()) {
            items_.resize(at + 1);
        }
        if (!items_[at]) {
            items_[at] = std::make_unique<T>();
            ++count_;
        }
        return *items_[at];
    }
    [[nodiscard]] std::size_t count() const { return count_; }
    template <class F>
    void each(F&& f) {
        for (std::size_t i = 0; i < items_.size(); ++i) {
            if (items_[i]) {
                f(IdType{static_cast<std::int64_t>(i)}, *items_[i]);
            }
        }
    }
    template <class F>
    void each(F&& f) const {
        for (std::size_t i = 0; i < items_.size(); ++i) {
            if (items_[i]) {
                f(IdType{static_cast<std::int64_t>(i)}, static_cast<const T&>(*items_[i]));
            }
        }
    }

private:
    std::vector<std::unique_ptr<T>> items_;
    std::size_t count_ = 0;
};

}  // namespace mb::engine

namespace mb {

template <class IdType, class T>
struct BinaryForm<engine::Table<IdType, T>> {
    static void write(ByteWriter& out, const engine::Table<IdType, T>& value) {
        out.varint(value.count());
        value.each([&](IdType id, const T& item) {
            out.signed_varint(id.value);
            write_binary(out, item);
        });
    }
    static void read(ByteReader& in, engine::Table<IdType, T>& value) {
        value = {};
        for (std::size_t n = detail::read_length(in); n > 0 && in.ok(); --n) {
            const IdType id{in.signed_varint()};
            if (!engine::Table<IdType, T>::takes(id)) {
                in.fail();
                return;
            }
            read_binary(in, value.get(id));
        }
    }
};

/// In bytes a map from id.
template <class IdType, class T>
struct ShapeForm<engine::Table<IdType, T>> {
    static std::uint32_t build(ShapeBuilder& builder) {
        const std::uint32_t key = builder.of<IdType>();
        return builder.add(ShapeKind::map, 0, {{"", key, 0}, {"", builder.of<T>(), 0}});
    }
    static void read(ShapedReader& reader, const ShapeNode& node, engine::Table<IdType, T>& value) {
        value = {};
        if (!reader.expect(node, ShapeKind::map)) {
            return;
        }
        for (std::size_t n = detail::read_length(reader.in()); n > 0 && reader.ok(); --n) {
            IdType id;
            reader.read(node.items[0].shape, id);
            if (!reader.ok()) {
                return;
            }
            reader.inside(id.value, [&] {
                if (!engine::Table<IdType, T>::takes(id)) {
                    reader.refuse("is no id");
                } else if (value.find(id) != nullptr) {
                    reader.refuse("is there twice");
                } else {
                    reader.read(node.items[1].shape, value.get(id));
                }
            });
        }
    }
};

}  // namespace mb
