#include "store/postgres/prepared.hpp"

#include <fmt/format.h>

#include "base/check.hpp"
#include "writer/store.hpp"

namespace mb::store::postgres {

namespace {

// Of pg_type, the same in every installation.
constexpr Oid oid_bool = 16;
constexpr Oid oid_bytea = 17;
constexpr Oid oid_int8 = 20;
constexpr Oid oid_int2 = 21;
constexpr Oid oid_int4 = 23;
constexpr Oid oid_text = 25;
constexpr Oid oid_varchar = 1043;

constexpr int binary = 1;

/// Big-endian two's complement of 1, 2, 4 or 8 bytes.
std::int64_t integer_of(const char* at, int length) {
    std::uint64_t out = length > 0 && (at[0] & 0x80) != 0 && length > 1 ? ~0ULL : 0;
    for (int i = 0; i < length; ++i) {
        out = out << 8 | static_cast<std::uint8_t>(at[i]);
    }
    return static_cast<std::int64_t>(out);
}

}  // namespace

Prepared::Bound& Prepared::at(int index) {
    CHECK(index >= 1);
    const auto count = static_cast<std::size_t>(index);
    if (bound_.size() < count) {
        bound_.resize(count);
    }
    return bound_[count - 1];
}

void Prepared::bind_integer(int index, std::int64_t value) {
    Bound& bound = at(index);
    bound.type = oid_int8;
    for (std::size_t i = 0; i < 8; ++i) {
        bound.number[i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (56 - 8 * i));
    }
}

void Prepared::bind_text(int index, std::string_view value) {
    Bound& bound = at(index);
    bound.type = oid_text;
    bound.text = value;
}

void Prepared::bind_blob(int index, ByteView value) {
    Bound& bound = at(index);
    bound.type = oid_bytea;
    bound.blob = value;
}

void Prepared::bind_null(int index) { at(index).type = 0; }

void Prepared::prepare() {
    std::vector<Oid> types = name_.types;
    types.resize(bound_.size());
    bool same = !name_.text.empty() && types.size() == name_.types.size();
    for (std::size_t i = 0; i < bound_.size(); ++i) {
        if (bound_[i].type != 0 && bound_[i].type != types[i]) {
            types[i] = bound_[i].type;
            same = false;
        }
    }
    if (!same) {
        wire_.queue_prepare(name_, std::move(types), text_);
    }
}

const Parameters& Prepared::parameters() {
    const std::size_t count = bound_.size();
    parameters_.values.resize(count);
    parameters_.lengths.resize(count);
    parameters_.formats.assign(count, binary);
    for (std::size_t i = 0; i < count; ++i) {
        const Bound& bound = bound_[i];
        const char*& value = parameters_.values[i];
        int& length = parameters_.lengths[i];
        switch (bound.type) {
            case oid_int8:
                value = bound.number.data();
                length = 8;
                break;
            case oid_text:
                value = bound.text.data();
                length = static_cast<int>(bound.text.size());
                break;
            case oid_bytea:
                // An empty view may have no address; NULL would be bound then.
                value = bound.blob.empty() ? "" : reinterpret_cast<const char*>(bound.blob.data());
                length = static_cast<int>(bound.blob.size());
                break;
            default:
                value = nullptr;
                length = 0;
                break;
        }
    }
    return parameters_;
}

void Prepared::queue() {
    if (!wire_.in_transaction()) {
        run();
        return;
    }
    prepare();
    wire_.queue_execution(name_, parameters(), text_);
}

std::int64_t Prepared::run() {
    prepare();
    wire_.queue_execution(name_, parameters(), text_);
    return wire_.settle();
}

bool Prepared::next() {
    row_.reset();
    if (!running_) {
        prepare();
        wire_.start_rows(name_, parameters(), text_, kept_);
        running_ = true;
    }
    row_ = wire_.next_row(kept_);
    running_ = row_ != nullptr;
    return running_;
}

void Prepared::reset() noexcept {
    row_.reset();
    wire_.drop_rows(kept_);
    running_ = false;
    for (Bound& bound : bound_) {
        bound.type = 0;
    }
}

Statement::Type Prepared::type(int column) const {
    if (PQgetisnull(row_.get(), 0, column) != 0) {
        return Type::null;
    }
    switch (PQftype(row_.get(), column)) {
        case oid_int8:
        case oid_int4:
        case oid_int2:
        case oid_bool: return Type::integer;
        case oid_bytea: return Type::blob;
        case oid_text:
        case oid_varchar: return Type::text;
        default: break;
    }
    throw writer::StoreCorrupt(fmt::format("postgres: column {} of {} has a type nobody stored",
                                           PQfname(row_.get(), column), text_));
}

int Prepared::columns() const { return PQnfields(row_.get()); }

std::int64_t Prepared::integer(int column) const {
    if (type(column) != Type::integer) {
        return 0;
    }
    return integer_of(PQgetvalue(row_.get(), 0, column), PQgetlength(row_.get(), 0, column));
}

std::string_view Prepared::text(int column) const {
    if (type(column) == Type::null) {
        return {};
    }
    return {PQgetvalue(row_.get(), 0, column),
            static_cast<std::size_t>(PQgetlength(row_.get(), 0, column))};
}

ByteView Prepared::blob(int column) const { return as_bytes(text(column)); }

}  // namespace mb::store::postgres
