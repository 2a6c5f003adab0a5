#include "store/postgres/database.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <vector>

#include "base/check.hpp"
#include "base/log.hpp"
#include "writer/store.hpp"

namespace mb::store::postgres {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds failed_for{500};

}  // namespace

/// Lends the one connection that writes, to one thread at a time.
class PostgresDatabase::Writer final : public Lease::Lender {
public:
    explicit Writer(ConnectionOptions options)
        : options_(std::move(options)), connection_(std::make_unique<Connection>(options_)) {}

    Lease lend() {
        std::unique_lock guard(mutex_);
        if (!connection_ || !connection_->alive()) {
            connection_.reset();
            connection_ = reopen();
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
    void hold(HeldLease* lease) {
        const std::lock_guard guard(mutex_);
        lease_ = lease;
        if (connection_) {
            connection_->fence(lease_ == nullptr ? 0 : lease_->epoch());
        }
    }

private:
    /// Those who waited while it failed are not kept waiting for a failure of their own.
    std::unique_ptr<Connection> reopen() {
        if (failed_ && Clock::now() - failed_at_ < failed_for) {
            std::rethrow_exception(failed_);
        }
        try {
            auto made = std::make_unique<Connection>(options_);
            if (lease_ != nullptr) {
                lease_->raise(*made);
                made->fence(lease_->epoch());
            }
            failed_ = nullptr;
            return made;
        } catch (const writer::StoreUnavailable&) {
            failed_ = std::current_exception();
            failed_at_ = Clock::now();
            throw;
        }
    }

    ConnectionOptions options_;
    std::mutex mutex_;
    std::unique_ptr<Connection> connection_;
    HeldLease* lease_ = nullptr;
    std::exception_ptr failed_;
    Clock::time_point failed_at_;
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
        writer_ = std::make_unique<Writer>(
            ConnectionOptions{options.conninfo, options.schema, false, options.patient});
    }
    readers_ = std::make_unique<Readers>(
        ConnectionOptions{options.conninfo, options.schema, true, options.patient},
        options.readers_max);
}

PostgresDatabase::~PostgresDatabase() = default;

Lease PostgresDatabase::read() { return readers_->lend(); }

Lease PostgresDatabase::write() {
    CHECK(writer_ != nullptr);
    return writer_->lend();
}

void PostgresDatabase::settle() {
    if (writer_) {
        writer_->lend();  // a new connection has fenced off the old one
    }
}

void PostgresDatabase::hold(HeldLease* lease) { writer_->hold(lease); }

const Dialect& PostgresDatabase::dialect() const {
    // Text compares by its bytes, as in SQLite, whatever the database was made with.
    static const Dialect dialect{"postgres", "bigint", "text COLLATE \"C\"", "bytea", "", ""};
    return dialect;
}

}  // namespace mb::store::postgres
