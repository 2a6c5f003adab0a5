// Rows ↔ columns by reflection: the described members of a struct in order, members of members in
// their place. Enums are their text, Step and Actor two and three columns, ExactMoney two; ids and
// instants are integers with 0 for none; absent optionals are NULL; registers are their binary
// form.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <type_traits>

#include "base/binary.hpp"
#include "base/describe.hpp"
#include "base/money.hpp"
#include "engine/effects.hpp"
#include "store/row_check.hpp"
#include "writer/store.hpp"

namespace mb::store {

/// Binds values to $1, $2, … and closes the row with its checksum.
class RowBinder {
public:
    explicit RowBinder(Statement& statement) : statement_(statement) {}

    RowBinder& integer(std::int64_t value) {
        check_.integer(value);
        statement_.bind_integer(++index_, value);
        return *this;
    }
    RowBinder& text(std::string_view value) {
        check_.text(value);
        statement_.bind_text(++index_, value);
        return *this;
    }
    /// Not copied.
    RowBinder& blob(ByteView value) {
        check_.blob(value);
        statement_.bind_blob(++index_, value);
        return *this;
    }
    RowBinder& null() {
        check_.null();
        statement_.bind_null(++index_);
        return *this;
    }

    template <class T>
    RowBinder& add(const T& value) {
        if constexpr (std::is_integral_v<T>) {
            integer(static_cast<std::int64_t>(value));
        } else if constexpr (DescribedEnum<T>) {
            text(enum_text(value));
        } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
            text(value);
        } else if constexpr (std::is_same_v<T, Bytes> || std::is_same_v<T, writer::Hash>) {
            blob(value);
        } else if constexpr (std::is_same_v<T, rules::metering::Registers>) {
            registers_ = to_binary(value);
            blob(registers_);
        } else if constexpr (requires { value.has_value(); }) {
            if (value) {
                add(*value);
            } else {
                null();
            }
        } else if constexpr (Described<T>) {
            for_each_member(value, [&](const char*, const auto& member) { add(member); });
        } else {
            const auto& [only] = value;  // Money, ids, Instant, CivilDate, Reasons
            add(only);
        }
        return *this;
    }

    /// The checksum as the last parameter.
    void close() { statement_.bind_integer(++index_, check_.value()); }
    /// Closes the row and leaves it to the transaction.
    void queue() {
        close();
        statement_.queue();
    }
    /// Closes the row and executes.
    std::int64_t run() {
        close();
        return statement_.run();
    }

private:
    Statement& statement_;
    RowCheck check_;
    Bytes registers_;  // a row has one at most
    int index_ = 0;
};

/// Reads the columns of the present row in order. Throws StoreCorrupt on values this program never
/// wrote.
class RowReader {
public:
    explicit RowReader(const Statement& row, int column = 0) : row_(row), column_(column) {}

    template <class T>
    void get(T& out) {
        if constexpr (std::is_same_v<T, bool>) {
            const std::int64_t value = row_.integer(column_++);
            if (value != 0 && value != 1) {
                corrupt();
            }
            out = value == 1;
        } else if constexpr (std::is_integral_v<T>) {
            out = static_cast<T>(row_.integer(column_++));
        } else if constexpr (DescribedEnum<T>) {
            const auto value = enum_value<T>(row_.text(column_++));
            if (!value) {
                corrupt();
            }
            out = *value;
        } else if constexpr (std::is_same_v<T, std::string>) {
            out = row_.text(column_++);
        } else if constexpr (std::is_same_v<T, Bytes>) {
            const ByteView bytes = row_.blob(column_++);
            out.assign(bytes.begin(), bytes.end());
        } else if constexpr (std::is_same_v<T, writer::Hash>) {
            const ByteView bytes = row_.blob(column_++);
            if (bytes.size() != out.size()) {
                corrupt();
            }
            std::copy(bytes.begin(), bytes.end(), out.begin());
        } else if constexpr (std::is_same_v<T, rules::metering::Registers>) {
            auto value = from_binary<T>(row_.blob(column_++));
            if (!value) {
                corrupt();
            }
            out = *value;
        } else if constexpr (requires { out.has_value(); }) {
            if (row_.type(column_) == Statement::Type::null) {
                out.reset();
                ++column_;
            } else {
                get(out.emplace());
            }
        } else if constexpr (Described<T>) {
            for_each_member(out, [&](const char*, auto& member) { get(member); });
        } else {
            auto& [only] = out;
            get(only);
        }
    }
    template <class T>
    T take() {
        T out{};
        get(out);
        return out;
    }

private:
    [[noreturn]] void corrupt() const {
        throw writer::StoreCorrupt("store: column " + std::to_string(column_ - 1) +
                                   " holds a value nobody wrote");
    }

    const Statement& row_;
    int column_;
};

}  // namespace mb::store
