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

// Rows of one INSERT that wait for more.
constexpr std::size_t waiting_rows_max = 512;
constexpr std::size_t waiting_bytes_max = 1 << 20;

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

std::string_view Prepared::value(const Bound& bound) {
    switch (bound.type) {
        case oid_int8: return {bound.number.data(), bound.number.size()};
        case oid_text: return bound.text;
        case oid_bytea:
            // An empty view may have no address; NULL would be bound then.
            return bound.blob.empty()
                       ? std::string_view("")
                       : std::string_view(reinterpret_cast<const char*>(bound.blob.data()),
                                          bound.blob.size());
        default: return {};
    }
}

const Parameters& Prepared::parameters() {
    parameters_.clear();
    for (const Bound& bound : bound_) {
        parameters_.add(value(bound));
    }
    return parameters_;
}

void Prepared::queue() {
    if (!wire_.in_transaction()) {
        run();
        return;
    }
    if (!looked_at_) {
        looked_at_ = true;
        insert_ = InsertShape::of(text_);
    }
    if (insert_ && gather()) {
        return;
    }
    prepare();
    wire_.queue_execution(name_, parameters(), text_);
}

// ---- rows that wait for more of their kind

/// The columns are known and this row's values are of their types.
bool Prepared::fits_arrays() {
    if (column_types_.empty()) {
        prepare();
        column_types_ = wire_.parameter_types(name_, text_);
    }
    if (bound_.size() != column_types_.size() || bound_.size() != insert_->columns) {
        return false;
    }
    for (std::size_t i = 0; i < bound_.size(); ++i) {
        const bool other = bound_[i].type != 0 && bound_[i].type != column_types_[i];
        if (other || array_of(column_types_[i]) == 0) {
            return false;
        }
    }
    return true;
}

bool Prepared::gather() {
    if (!fits_arrays()) {
        return false;
    }
    std::string key;
    for (const std::size_t column : insert_->key) {
        const std::string_view part = value(bound_[column]);
        key += fmt::format("{}:", part.size());
        key += part;
    }
    const bool again = !insert_->key.empty() && waiting_keys_.count(key) != 0;
    if (again || waiting_.rows() >= waiting_rows_max || waiting_.bytes() >= waiting_bytes_max) {
        wire_.send_now();
    }
    wire_.wait(*this);
    waiting_.begin(column_types_);
    for (std::size_t i = 0; i < bound_.size(); ++i) {
        const std::string_view one = value(bound_[i]);
        waiting_.add(i, one.data(), one.size());
    }
    waiting_.end_row();
    if (!insert_->key.empty()) {
        waiting_keys_.insert(std::move(key));
    }
    return true;
}

void Prepared::send_waiting() {
    struct Drop {
        Prepared& of;
        ~Drop() { of.drop_waiting(); }
    } const drop{*this};
    const bool single = waiting_.rows() == 1;
    Wire::Name& name = single ? name_ : array_name_;
    parameters_.clear();
    for (std::size_t i = 0; i < column_types_.size(); ++i) {
        parameters_.add(single ? waiting_.single(i) : waiting_.array(i));
    }
    if (array_text_.empty()) {
        array_text_ = insert_->from_arrays();
    }
    if (name.text.empty()) {
        std::vector<Oid> types = column_types_;
        for (Oid& type : types) {
            type = single ? type : array_of(type);
        }
        wire_.queue_prepare(name, std::move(types), single ? text_ : array_text_.c_str());
    }
    wire_.queue_execution(name, parameters_, text_);
}

void Prepared::drop_waiting() noexcept {
    waiting_.clear();
    waiting_keys_.clear();
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
