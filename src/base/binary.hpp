// Binary form by reflection: members in order, integers as varints, strings and lists with their
// length. It is the form of the event log and of checkpoints; engine/version.hpp guards it. A
// struct that is not described must have exactly one member (Money, ids, Instant …).
#pragma once

#include "base/bytes.hpp"
#include "base/describe.hpp"
#include "base/integer.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace mb {

template <class T>
struct BinaryForm;

template <class T>
void write_binary(ByteWriter& out, const T& value) {
    BinaryForm<T>::write(out, value);
}
template <class T>
void read_binary(ByteReader& in, T& value) {
    BinaryForm<T>::read(in, value);
}

template <class T>
Bytes to_binary(const T& value) {
    Bytes out;
    ByteWriter writer(out);
    write_binary(writer, value);
    return out;
}

template <class T>
struct BinaryForm {
    static void write(ByteWriter& out, const T& value) {
        if constexpr (std::is_same_v<T, bool>) {
            out.u8(value ? 1 : 0);
        } else if constexpr (std::is_enum_v<T>) {
            out.varint(static_cast<std::uint64_t>(value));
        } else if constexpr (std::is_integral_v<T>) {
            if constexpr (std::is_signed_v<T>) {
                out.signed_varint(value);
            } else {
                out.varint(value);
            }
        } else if constexpr (Described<T>) {
            for_each_member(value, [&](const char*, const auto& m) { write_binary(out, m); });
        } else {
            const auto& [only] = value;
            write_binary(out, only);
        }
    }
    static void read(ByteReader& in, T& value) {
        if constexpr (std::is_same_v<T, bool>) {
            value = in.u8() != 0;
        } else if constexpr (std::is_enum_v<T>) {
            value = static_cast<T>(in.varint());
        } else if constexpr (std::is_integral_v<T>) {
            if constexpr (std::is_signed_v<T>) {
                value = static_cast<T>(in.signed_varint());
            } else {
                value = static_cast<T>(in.varint());
            }
        } else if constexpr (Described<T>) {
            for_each_member(value, [&](const char*, auto& m) { read_binary(in, m); });
        } else {
            auto& [only] = value;
            read_binary(in, only);
        }
    }
};

template <>
struct BinaryForm<int128> {
    static void write(ByteWriter& out, const int128& value) {
        out.signed_varint(static_cast<std::int64_t>(value >> 64));
        out.fixed64(static_cast<std::uint64_t>(value));
    }
    static void read(ByteReader& in, int128& value) {
        const std::int64_t high = in.signed_varint();
        value = (static_cast<int128>(high) << 64) | in.fixed64();
    }
};

template <>
struct BinaryForm<std::string> {
    static void write(ByteWriter& out, const std::string& value) { out.sized(as_bytes(value)); }
    static void read(ByteReader& in, std::string& value) { value = as_text(in.sized()); }
};

namespace detail {

/// A length that the bytes left could hold; a wrong one fails the reader instead of allocating.
inline std::size_t read_length(ByteReader& in) {
    const std::uint64_t length = in.varint();
    if (length > in.left()) {
        in.fail();
        return 0;
    }
    return static_cast<std::size_t>(length);
}

}  // namespace detail

template <class T>
struct BinaryForm<std::vector<T>> {
    static void write(ByteWriter& out, const std::vector<T>& value) {
        out.varint(value.size());
        for (const T& item : value) {
            write_binary(out, item);
        }
    }
    static void read(ByteReader& in, std::vector<T>& value) {
        value.assign(detail::read_length(in), T{});
        for (T& item : value) {
            read_binary(in, item);
        }
    }
};

template <class T, std::size_t N>
struct BinaryForm<std::array<T, N>> {
    static void write(ByteWriter& out, const std::array<T, N>& value) {
        for (const T& item : value) {
            write_binary(out, item);
        }
    }
    static void read(ByteReader& in, std::array<T, N>& value) {
        for (T& item : value) {
            read_binary(in, item);
        }
    }
};

template <class T>
struct BinaryForm<std::optional<T>> {
    static void write(ByteWriter& out, const std::optional<T>& value) {
        out.u8(value ? 1 : 0);
        if (value) {
            write_binary(out, *value);
        }
    }
    static void read(ByteReader& in, std::optional<T>& value) {
        value.reset();
        if (in.u8() != 0) {
            read_binary(in, value.emplace());
        }
    }
};

template <class A, class B>
struct BinaryForm<std::pair<A, B>> {
    static void write(ByteWriter& out, const std::pair<A, B>& value) {
        write_binary(out, value.first);
        write_binary(out, value.second);
    }
    static void read(ByteReader& in, std::pair<A, B>& value) {
        read_binary(in, value.first);
        read_binary(in, value.second);
    }
};

template <class K, class V>
struct BinaryForm<std::map<K, V>> {
    static void write(ByteWriter& out, const std::map<K, V>& value) {
        out.varint(value.size());
        for (const auto& [key, item] : value) {
            write_binary(out, key);
            write_binary(out, item);
        }
    }
    static void read(ByteReader& in, std::map<K, V>& value) {
        value.clear();
        for (std::size_t n = detail::read_length(in); n > 0 && in.ok(); --n) {
            K key{};
            read_binary(in, key);
            V item{};
            read_binary(in, item);
            value.insert_or_assign(value.end(), std::move(key), std::move(item));
        }
    }
};

template <class T>
struct BinaryForm<std::set<T>> {
    static void write(ByteWriter& out, const std::set<T>& value) {
        out.varint(value.size());
        for (const T& item : value) {
            write_binary(out, item);
        }
    }
    static void read(ByteReader& in, std::set<T>& value) {
        value.clear();
        for (std::size_t n = detail::read_length(in); n > 0 && in.ok(); --n) {
            T item{};
            read_binary(in, item);
            value.insert(value.end(), std::move(item));
        }
    }
};

template <class... T>
struct BinaryForm<std::variant<T...>> {
    static void write(ByteWriter& out, const std::variant<T...>& value) {
        out.varint(value.index());
        std::visit([&](const auto& item) { write_binary(out, item); }, value);
    }
    static void read(ByteReader& in, std::variant<T...>& value) {
        const std::uint64_t index = in.varint();
        if (index >= sizeof...(T)) {
            in.fail();
            return;
        }
        boost::mp11::mp_with_index<sizeof...(T)>(static_cast<std::size_t>(index), [&](auto i) {
            read_binary(in, value.template emplace<decltype(i)::value>());
        });
    }
};

/// Whole of `bytes` as a T. Errors: binary.malformed.
template <class T>
Result<T> from_binary(ByteView bytes) {
    T value{};
    ByteReader reader(bytes);
    read_binary(reader, value);
    if (!reader.ok() || !reader.at_end()) {
        return fail("binary.malformed", ErrorKind::internal);
    }
    return value;
}

}  // namespace mb
