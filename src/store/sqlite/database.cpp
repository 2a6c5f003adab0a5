#include "store/sqlite/database.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "writer/store.hpp"

namespace mb::store::sqlite {

namespace {

constexpr int writer_cache_kib = 64 * 1024;
constexpr int reader_cache_kib = 16 * 1024;

ConnectionOptions connection_options(const DatabaseOptions& options, bool read_only) {
    ConnectionOptions out;
    out.path = options.path;
    out.vfs = options.vfs;
    out.read_only = read_only;
    out.exclusive = options.exclusive;
    out.cache_kib = read_only ? reader_cache_kib : writer_cache_kib;
    out.max_pages = options.max_pages;
    return out;
}

}  // namespace

/// Lends the one connection that writes, to one thread at a time.
class SqliteDatabase::Writer final : public Lease::Lender {
public:
    explicit Writer(ConnectionOptions options)
        : options_(std::move(options)), connection_(std::make_unique<Connection>(options_)) {}

    Lease lend(bool in_transaction) {
        mutex_.lock();
        try {
            if (!connection_) {
                connection_ = std::make_unique<Connection>(options_);
            }
            if (in_transaction) {
                connection_->begin(Durability::now);
            }
        } catch (...) {
            mutex_.unlock();
            throw;
        }
        return {*this, *connection_};
    }
    void give_back(Session&) noexcept override {
        connection_->tidy();
        if (connection_->broken()) {
            connection_.reset();  // opened again at the next use
        }
        mutex_.unlock();
    }

private:
    ConnectionOptions options_;
    std::mutex mutex_;
    std::unique_ptr<Connection> connection_;
};

/// Lends read-only connections, opened as they are needed, each inside a transaction.
class SqliteDatabase::Readers final : public Lease::Lender {
public:
    Readers(ConnectionOptions options, int most) : options_(std::move(options)), most_(most) {}

    Lease lend() {
        Connection& connection = take();
        try {
            connection.begin(Durability::now);
        } catch (...) {
            give_back(connection);
            throw;
        }
        return {*this, connection};
    }
    void give_back(Session& session) noexcept override {
        auto& connection = static_cast<Connection&>(session);
        connection.tidy();
        {
            const std::lock_guard guard(mutex_);
            if (connection.broken()) {
                std::erase_if(all_, [&](const auto& one) { return one.get() == &connection; });
            } else {
                idle_.push_back(&connection);
            }
        }
        returned_.notify_one();
    }

private:
    Connection& take() {
        std::unique_lock guard(mutex_);
        returned_.wait(guard,
                       [&] { return !idle_.empty() || static_cast<int>(all_.size()) < most_; });
        if (idle_.empty()) {
            all_.push_back(std::make_unique<Connection>(options_));
            idle_.reserve(all_.size());  // so that give_back cannot fail
            return *all_.back();
        }
        Connection& connection = *idle_.back();
        idle_.pop_back();
        return connection;
    }

    ConnectionOptions options_;
    int most_;
    std::mutex mutex_;
    std::condition_variable returned_;
    std::vector<std::unique_ptr<Connection>> all_;
    std::vector<Connection*> idle_;
};

SqliteDatabase::SqliteDatabase(DatabaseOptions options) : options_(std::move(options)) {
    if (!options_.read_only) {
        writer_ = std::make_unique<Writer>(connection_options(options_, false));
    }
    readers_ = std::make_unique<Readers>(connection_options(options_, true), options_.readers_max);
}

SqliteDatabase::~SqliteDatabase() = default;

Lease SqliteDatabase::read() { return options_.exclusive ? writer_->lend(true) : readers_->lend(); }

Lease SqliteDatabase::write() {
    CHECK(!options_.read_only);
    return writer_->lend(false);
}

void SqliteDatabase::fix_plan_statistics() {
    const Lease session = write();
    static_cast<Connection&>(*session).fix_plan_statistics();
}

const Dialect& SqliteDatabase::dialect() const {
    static const Dialect dialect{"sqlite", "INTEGER", "TEXT", "BLOB", " STRICT, WITHOUT ROWID",
                                 " STRICT"};
    return dialect;
}

}  // namespace mb::store::sqlite
