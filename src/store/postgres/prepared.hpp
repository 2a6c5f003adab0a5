// A statement of the catalogue on one connection. Parameters and columns travel in binary form:
// int8, text, bytea.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "store/database.hpp"
#include "store/postgres/array_insert.hpp"
#include "store/postgres/wire.hpp"

namespace mb::store::postgres {

class Prepared final : public Statement, private Waiting {
public:
    Prepared(Wire& wire, const Sql& sql) : wire_(wire), text_(sql.text) {}

    void bind_integer(int index, std::int64_t value) override;
    void bind_text(int index, std::string_view value) override;
    void bind_blob(int index, ByteView value) override;
    void bind_null(int index) override;

    std::int64_t run() override;
    void queue() override;
    bool next() override;

    /// By the type of the column: int8, int4, int2, bool; bytea; text.
    [[nodiscard]] Type type(int column) const override;
    [[nodiscard]] int columns() const override;
    [[nodiscard]] std::int64_t integer(int column) const override;
    [[nodiscard]] std::string_view text(int column) const override;
    [[nodiscard]] ByteView blob(int column) const override;

    void reset() noexcept;

private:
    struct Bound {
        Oid type = 0;  // 0: NULL
        std::array<char, 8> number{};
        std::string text;
        ByteView blob;
    };

    Bound& at(int index);
    /// Prepares at the first use, and again when a parameter has another type than it had then.
    void prepare();
    const Parameters& parameters();
    /// The value of a parameter, without data for NULL.
    static std::string_view value(const Bound& bound);

    /// Adds the row to those that wait, where it fits among them.
    bool gather();
    bool fits_arrays();
    void send_waiting() override;
    void drop_waiting() noexcept override;

    Wire& wire_;
    const char* text_;
    Wire::Name name_;
    std::vector<Bound> bound_;
    // An INSERT whose rows wait for more.
    bool looked_at_ = false;
    std::optional<InsertShape> insert_;
    std::vector<Oid> column_types_;
    std::string array_text_;
    Wire::Name array_name_;
    GatheredRows waiting_;
    std::unordered_set<std::string> waiting_keys_;
    Parameters parameters_;
    std::deque<ResultPtr> kept_;
    ResultPtr row_;
    bool running_ = false;
};

}  // namespace mb::store::postgres
