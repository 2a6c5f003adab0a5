#include "store/postgres/database.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "base/check.hpp"
#include "base/log.hpp"
#include "writer/store.hpp"

namespace mb::store::postgres {

/// Lends the one connection that writes, to one thread at a time.
class PostgresDatabase::Writer final : public Lease::Lender {
public:
    explicit Writer(ConnectionOptions options)
        : options_(std::move(options)), connection_(std::make_unique<Connection>(options_)) {}

    Lease lend() {
        std::unique_lock guard(mutex_);
        if (!connection_ || !connection_->alive()) {
            connection_.reset();
            connection_ = std::make_unique<Connection>(options_);
            connection_->fence(epoch_);
        }
        guard.release();  // give_back() unlocks
        return {*this, *connection_};
    }
    void give_back(Session&) noexcept override {
        connection_->tidy();
        if (connection_->broken()) {
            log::warn("the connection that writes is lost; the next use opens another");
            connection_.reset();
        }
        mutex_.unlock();
    }
    void fence(std::int64_t epoch) {
        const std::lock_guard guard(mutex_);
        epoch_ = epoch;
        if (connection_) {
            connection_->fence(epoch);
        }
    }

private:
    ConnectionOptions options_;
    std::mutex mutex_;
    std::unique_ptr<Connection> connection_;
    std::int64_t epoch_ = 0;
};

/// Lends read-only connections, opened as they are needed, each inside a transaction.
class PostgresDatabase::Readers final : public Lease::Lender {
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
                forget(connection);
            } else {
                idle_.push_back(&connection);
            }
        }
        returned_.notify_one();
    }

private:
    Connection& take() {
        std::unique_lock guard(mutex_);
        returned_.wait(guard, [&] { return !idle_.empty() || lent_and_idle_ < most_; });
        while (!idle_.empty()) {
            Connection& connection = *idle_.back();
            idle_.pop_back();
            if (connection.alive()) {
                return connection;
            }
            forget(connection);
        }
        ++lent_and_idle_;
        guard.unlock();
        return open();
    }
    /// Without the mutex: connecting may take seconds.
    Connection& open() {
        try {
            auto made = std::make_unique<Connection>(options_);
            const std::lock_guard guard(mutex_);
            idle_.reserve(static_cast<std::size_t>(most_));  // so that give_back cannot fail
            return *all_.emplace_back(std::move(made));
        } catch (...) {
            {
                const std::lock_guard guard(mutex_);
                --lent_and_idle_;
            }
            returned_.notify_one();
            throw;
        }
    }
    void forget(Connection& connection) {
        std::erase_if(all_, [&](const auto& one) { return one.get() == &connection; });
        --lent_and_idle_;
    }

    ConnectionOptions options_;
    int most_;
    std::mutex mutex_;
    std::condition_variable returned_;
    int lent_and_idle_ = 0;
    std::vector<std::unique_ptr<Connection>> all_;
    std::vector<Connection*> idle_;
};

PostgresDatabase::PostgresDatabase(const DatabaseOptions& options) {
    if (!options.read_only) {
        writer_ =
            std::make_unique<Writer>(ConnectionOptions{options.conninfo, options.schema, false});
    }
    readers_ = std::make_unique<Readers>(ConnectionOptions{options.conninfo, options.schema, true},
                                         options.readers_max);
}

PostgresDatabase::~PostgresDatabase() = default;

Lease PostgresDatabase::read() { return readers_->lend(); }

Lease PostgresDatabase::write() {
    CHECK(writer_ != nullptr);
    return writer_->lend();
}

void PostgresDatabase::fence(std::int64_t epoch) { writer_->fence(epoch); }

const Dialect& PostgresDatabase::dialect() const {
    // Text compares by its bytes, as in SQLite, whatever the database was made with.
    static const Dialect dialect{"postgres", "bigint", "text COLLATE \"C\"", "bytea", "", ""};
    return dialect;
}

}  // namespace mb::store::postgres
