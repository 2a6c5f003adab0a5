#include "store/postgres/array_insert.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"

namespace mb::store::postgres {

namespace {

constexpr std::size_t head_bytes = 20;  // dimensions, has NULL, type, size, lower bound
constexpr std::size_t length_bytes = 4;

void put(char* at, std::uint32_t value) {
    for (int i = 0; i < 4; ++i) {
        at[i] = static_cast<char>(value >> (24 - 8 * i));
    }
}

std::vector<std::string> words_of(std::string_view list) {
    std::vector<std::string> out;
    std::string word;
    for (const char c : std::string(list) + ",") {
        if (c != ',' && c != ' ' && c != '\n') {
            word += c;
        } else if (!word.empty()) {
            out.push_back(std::move(word));
            word.clear();
        }
    }
    return out;
}

/// What stands in the next brackets behind `word`; leaves `sql` behind them.
std::optional<std::string_view> in_brackets(std::string_view& sql, std::string_view word) {
    const std::size_t at = sql.find(word);
    const std::size_t open = sql.find('(', at == std::string_view::npos ? at : at + word.size());
    const std::size_t close = sql.find(')', open);
    if (at == std::string_view::npos || close == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view out = sql.substr(open + 1, close - open - 1);
    sql.remove_prefix(close + 1);
    return out;
}

}  // namespace

// The lint of the catalogue holds its INSERTs to one form: keywords in capitals, a list of columns,
// $1 … $n in order, the whole key in ON CONFLICT.
std::optional<InsertShape> InsertShape::of(std::string_view sql) {
    const std::size_t begin = sql.find_first_not_of(" \n");
    if (begin == std::string_view::npos || sql.substr(begin, 12) != "INSERT INTO ") {
        return std::nullopt;
    }
    InsertShape out;
    std::string_view rest = sql;
    const auto columns = in_brackets(rest, "INSERT INTO");
    out.head = sql.substr(0, sql.size() - rest.size());
    const std::size_t values_at = rest.find_first_not_of(" \n");
    if (!columns || values_at == std::string_view::npos || rest.substr(values_at, 6) != "VALUES") {
        return std::nullopt;
    }
    const auto values = in_brackets(rest, "VALUES");
    out.tail = rest;
    const auto names = words_of(*columns);
    const auto numbers = words_of(values.value_or(""));
    out.columns = names.size();
    bool in_order = numbers.size() == names.size() && rest.find('$') == std::string_view::npos;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        in_order = in_order && numbers[i] == fmt::format("${}", i + 1);
    }
    if (rest.find("DO UPDATE") != std::string_view::npos) {
        for (const std::string& name : words_of(in_brackets(rest, "ON CONFLICT").value_or(""))) {
            const auto at = std::find(names.begin(), names.end(), name);
            in_order = in_order && at != names.end();
            out.key.push_back(static_cast<std::size_t>(at - names.begin()));
        }
        in_order = in_order && !out.key.empty();
    }
    return in_order ? std::optional(std::move(out)) : std::nullopt;
}

std::string InsertShape::from_arrays() const {
    std::string arrays;
    for (std::size_t i = 1; i <= columns; ++i) {
        arrays += fmt::format("{}${}", i == 1 ? "" : ", ", i);
    }
    return fmt::format("{}SELECT * FROM unnest({}) {}", head, arrays, tail);
}

Oid array_of(Oid element) {
    switch (element) {
        case 17: return 1001;  // bytea
        case 20: return 1016;  // int8
        case 25: return 1009;  // text
        default: return 0;
    }
}

void GatheredRows::begin(const std::vector<Oid>& types) {
    if (columns_.size() != types.size()) {
        columns_.resize(types.size());
        for (std::size_t i = 0; i < types.size(); ++i) {
            columns_[i].type = types[i];
        }
        clear();
    }
}

void GatheredRows::add(std::size_t column, const char* data, std::size_t length) {
    Column& into = columns_[column];
    char size[length_bytes];
    put(size, data == nullptr ? ~0U : static_cast<std::uint32_t>(length));
    into.data.append(size, length_bytes);
    if (data == nullptr) {
        into.has_null = true;
    } else {
        into.data.append(data, length);
    }
    bytes_ += length_bytes + length;
}

std::string_view GatheredRows::array(std::size_t column) {
    Column& of = columns_[column];
    put(of.data.data(), 1);
    put(of.data.data() + 4, of.has_null ? 1 : 0);
    put(of.data.data() + 8, of.type);
    put(of.data.data() + 12, static_cast<std::uint32_t>(rows_));
    put(of.data.data() + 16, 1);
    return of.data;
}

std::string_view GatheredRows::single(std::size_t column) const {
    CHECK(rows_ == 1);
    const Column& of = columns_[column];
    if (of.has_null) {
        return {};
    }
    return std::string_view(of.data).substr(head_bytes + length_bytes);
}

void GatheredRows::clear() {
    for (Column& column : columns_) {
        column.has_null = false;
        column.data.resize(head_bytes);
    }
    rows_ = 0;
    bytes_ = 0;
}

}  // namespace mb::store::postgres
