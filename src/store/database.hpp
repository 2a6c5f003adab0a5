// The Database seam: what a SQL engine must offer so that one set of statements runs on all of
// them. It knows connections, transactions and prepared statements, nothing of the business. SQLite
// implements it in store/sqlite/, PostgreSQL in store/postgres/.
//
// Errors are exceptions of writer/store.hpp: StoreUnavailable (environment), StoreConstraint (a
// key, foreign key or check refused), StoreCorrupt (what is stored is damaged or not ours).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"

namespace mb::store {

/// A text of the catalogue (store/statements/). Placeholders are $1…$n. Its address is its name: a
/// session prepares each once.
struct Sql {
    const char* text;
};

/// A prepared statement. Parameters count from 1, columns from 0.
class Statement {
public:
    virtual ~Statement() = default;

    virtual void bind_integer(int index, std::int64_t value) = 0;
    /// The text is copied.
    virtual void bind_text(int index, std::string_view value) = 0;
    /// The bytes are not copied: they live until run(), queue() or the last next() has returned.
    virtual void bind_blob(int index, ByteView value) = 0;
    virtual void bind_null(int index) = 0;

    /// Executes a statement without rows; the number of rows it changed.
    virtual std::int64_t run() = 0;
    /// As run() for who does not ask for the number: the engine may send it later. What it then
    /// refuses is thrown by a later call, at the latest by commit(). Outside a transaction it is
    /// run().
    virtual void queue() = 0;
    /// Executes at the first call; false behind the last row.
    virtual bool next() = 0;

    /// Columns of the present row; views are valid until the next call of next().
    enum class Type : std::uint8_t { null, integer, text, blob };
    [[nodiscard]] virtual Type type(int column) const = 0;
    [[nodiscard]] virtual int columns() const = 0;
    [[nodiscard]] virtual std::int64_t integer(int column) const = 0;  // NULL reads as 0
    [[nodiscard]] virtual std::string_view text(int column) const = 0;
    [[nodiscard]] virtual ByteView blob(int column) const = 0;
};

/// When a committed transaction must be safe from a power cut.
enum class Durability : std::uint8_t {
    now,    // when commit() returns
    later,  // with the next one that is `now`: for what replay or another attempt brings back
};

/// One connection, used by one thread at a time.
class Session {
public:
    virtual ~Session() = default;

    /// Prepared at its first use, afterwards reset: no row, no parameter bound.
    virtual Statement& statement(const Sql& sql) = 0;
    /// Several statements without parameters or rows: migrations.
    virtual void script(std::string_view text) = 0;

    virtual void begin(Durability durability) = 0;
    /// When it throws, the outcome is unknown.
    virtual void commit() = 0;
    /// No effect outside a transaction.
    virtual void rollback() noexcept = 0;

    /// The engine's own check of its files and indexes; what it found, at most a hundred lines.
    virtual std::vector<std::string> self_check() = 0;
};

/// Rolls back unless committed. When a call inside has thrown there is nothing left to do but that:
/// some engines refuse everything behind a failure.
class Transaction {
public:
    explicit Transaction(Session& session, Durability durability = Durability::now)
        : session_(session) {
        session_.begin(durability);
    }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction() {
        if (open_) {
            session_.rollback();
        }
    }
    void commit() {
        session_.commit();
        open_ = false;
    }

private:
    Session& session_;
    bool open_ = true;
};

/// A session lent by the database; goes back when this ends.
class Lease {
public:
    class Lender {
    public:
        virtual ~Lender() = default;
        virtual void give_back(Session& session) noexcept = 0;
    };

    Lease(Lender& lender, Session& session) : lender_(&lender), session_(&session) {}
    Lease(Lease&& other) noexcept
        : lender_(other.lender_), session_(std::exchange(other.session_, nullptr)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
        if (session_ != nullptr) {
            lender_->give_back(*session_);
        }
    }
    Session& operator*() const { return *session_; }
    Session* operator->() const { return session_; }

private:
    Lender* lender_;
    Session* session_;
};

/// What differs between engines in a migration's text.
struct Dialect {
    std::string name;
    std::string i64;
    std::string text;
    std::string blob;
    std::string clustered;  // end of CREATE TABLE: rows live in the primary key
    std::string heap;       // end of CREATE TABLE: wide rows
};

/// Thread-safe: every thread borrows a session of its own.
class Database {
public:
    virtual ~Database() = default;

    /// A read-only session inside one transaction: everything read through it is of one moment.
    /// Waits when all are lent.
    virtual Lease read() = 0;
    /// The session that may write; waits while another thread holds it.
    virtual Lease write() = 0;
    /// Returns when no transaction whose connection was lost can commit any more: what read() shows
    /// from now on is what became of it. Engines inside the process have nothing to wait for.
    virtual void settle() {}
    [[nodiscard]] virtual const Dialect& dialect() const = 0;
};

}  // namespace mb::store
