// One PostgreSQL connection as a Session of the seam.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/database.hpp"
#include "store/postgres/prepared.hpp"
#include "store/postgres/wire.hpp"

namespace mb::store::postgres {

class Connection final : public Session {
public:
    /// Throws StoreUnavailable; also when the database does not keep its text in UTF-8.
    explicit Connection(const ConnectionOptions& options);

    Statement& statement(const Sql& sql) override;
    void script(std::string_view text) override;
    /// Read-only: REPEATABLE READ, one moment for all that is read. Else READ COMMITTED, and with a
    /// fence the lease row is held until the transaction ends: who takes the lease waits for it.
    void begin(Durability durability) override;
    void commit() override;
    void rollback() noexcept override;
    /// Indexes that are not valid; with the extension amcheck also every table and B-tree page.
    std::vector<std::string> self_check() override;

    /// From now on each transaction fails (StoreUnavailable, must_stop) unless the lease row has
    /// this epoch; 0: none.
    void fence(std::int64_t epoch);

    /// Ends what a borrower left open: rows unread, a transaction.
    void tidy() noexcept;
    /// Not usable any more.
    [[nodiscard]] bool broken() const { return wire_.broken(); }
    /// False when the server has hung up meanwhile.
    [[nodiscard]] bool alive() noexcept { return wire_.alive(); }

private:
    ConnectionOptions options_;
    Wire wire_;
    std::unordered_map<const Sql*, std::unique_ptr<Prepared>> statements_;
    std::string fence_;  // the statement; "" = none
};

}  // namespace mb::store::postgres
