// Rows of one INSERT gathered into arrays, one a column, and sent as one statement: a statement a
// row costs the server several times what the row costs, and on a distributed PostgreSQL far more.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace mb::store::postgres {

/// What an INSERT of the catalogue says: "INSERT INTO t (a, b) VALUES ($1, $2) …".
struct InsertShape {
    std::string head;  // up to VALUES
    std::string tail;  // behind the values: ON CONFLICT …
    std::size_t columns = 0;
    std::vector<std::size_t> key;  // columns of ON CONFLICT … DO UPDATE: a row of the same key may
                                   // come once in a statement

    /// Nothing for any other statement, and for values that are not $1 … $n in order.
    static std::optional<InsertShape> of(std::string_view sql);
    /// The same INSERT from arrays $1 … $n.
    [[nodiscard]] std::string from_arrays() const;
};

/// The type of an array of `element` (int8, text, bytea), 0 for others.
Oid array_of(Oid element);

/// Columns in the binary form of PostgreSQL's arrays.
class GatheredRows {
public:
    void begin(const std::vector<Oid>& types);
    /// A value of the present row, NULL without data; column by column.
    void add(std::size_t column, const char* data, std::size_t length);
    void end_row() { ++rows_; }

    [[nodiscard]] std::size_t rows() const { return rows_; }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    /// A column as an array; valid until the next change.
    std::string_view array(std::size_t column);
    /// The only row's value; without data for NULL.
    [[nodiscard]] std::string_view single(std::size_t column) const;
    void clear();

private:
    struct Column {
        Oid type = 0;
        bool has_null = false;
        std::string data;  // with room for the head
    };
    std::vector<Column> columns_;
    std::size_t rows_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace mb::store::postgres
