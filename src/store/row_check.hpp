// The checksum in the last column of a row, over the columns before it: finds what a disk or a
// stray hand changed. Not a signature: it holds no key.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/bytes.hpp"
#include "store/database.hpp"

namespace mb::store {

/// 64-bit mixing hash of typed values in order. Part of the stored format: never change it.
class RowCheck {
public:
    void null() { word(1); }
    void integer(std::int64_t value) {
        word(2);
        word(static_cast<std::uint64_t>(value));
    }
    void text(std::string_view value) {
        word(3);
        run(as_bytes(value));
    }
    void blob(ByteView value) {
        word(4);
        run(value);
    }
    /// One column as it was read.
    void column(const Statement& row, int column) {
        switch (row.type(column)) {
            case Statement::Type::null: return null();
            case Statement::Type::integer: return integer(row.integer(column));
            case Statement::Type::text: return text(row.text(column));
            case Statement::Type::blob: return blob(row.blob(column));
        }
    }
    [[nodiscard]] std::int64_t value() const {
        std::uint64_t out = state_;
        out ^= out >> 31;
        out *= 0x94d049bb133111ebULL;
        out ^= out >> 30;
        return static_cast<std::int64_t>(out);
    }

private:
    void word(std::uint64_t value) {
        state_ = (state_ ^ value) * 0x9e3779b97f4a7c15ULL;
        state_ ^= state_ >> 29;
    }
    void run(ByteView bytes) {
        word(bytes.size());
        std::size_t at = 0;
        for (; at + 8 <= bytes.size(); at += 8) {
            word(little_endian(bytes.data() + at, 8));
        }
        if (at < bytes.size()) {
            word(little_endian(bytes.data() + at, bytes.size() - at));
        }
    }
    static std::uint64_t little_endian(const std::uint8_t* at, std::size_t count) {
        std::uint64_t out = 0;
        for (std::size_t i = 0; i < count; ++i) {
            out |= static_cast<std::uint64_t>(at[i]) << (8 * i);
        }
        return out;
    }

    std::uint64_t state_ = 0x6d62726f77636b31ULL;
};

/// Do all columns but the last agree with the last?
inline bool row_check_holds(const Statement& row) {
    RowCheck check;
    const int last = row.columns() - 1;
    for (int column = 0; column < last; ++column) {
        check.column(row, column);
    }
    return row.type(last) == Statement::Type::integer && row.integer(last) == check.value();
}

}  // namespace mb::store
