// PostgreSQL behind the seam: one connection that writes, guarded by a mutex, and a pool that
// reads.
#pragma once

#include <memory>
#include <string>

#include "store/database.hpp"
#include "store/postgres/connection.hpp"
#include "store/postgres/held_lease.hpp"

namespace mb::store::postgres {

struct DatabaseOptions {
    std::string conninfo = {};  // "host=… dbname=…", or a postgresql:// address
    std::string schema = {};    // exists; "" = the role's own search path
    bool read_only = false;     // write() is refused: for verify beside a running server
    int readers_max = 8;
    bool patient = false;  // see ConnectionOptions
};

class PostgresDatabase final : public Database {
public:
    /// Connects. Throws StoreUnavailable.
    explicit PostgresDatabase(const DatabaseOptions& options);
    ~PostgresDatabase() override;

    /// Both open a new connection where the last one was lost.
    Lease read() override;
    Lease write() override;
    [[nodiscard]] const Dialect& dialect() const override;

    void settle() override;

    /// From now on every write transaction checks the lease, and a connection that replaces a lost
    /// one raises its epoch first. `lease` outlives this or the next call; nullptr: none.
    void hold(HeldLease* lease);

private:
    class Writer;
    class Readers;

    std::unique_ptr<Writer> writer_;
    std::unique_ptr<Readers> readers_;
};

}  // namespace mb::store::postgres
