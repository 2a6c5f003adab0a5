#include "store/writer_lease.hpp"

#include <algorithm>
#include <fstream>

#include "crypto/digest.hpp"
#include "store/columns.hpp"
#include "store/statements/people.hpp"

namespace mb::store {

std::optional<WriterLease> read_lease(Session& session) {
    Statement& row = session.statement(sql::writer_lease_all);
    if (!row.next()) {
        return std::nullopt;
    }
    return RowReader(row).take<WriterLease>();
}

bool change_lease(Session& session, const std::optional<WriterLease>& seen,
                  const WriterLease& mine) {
    Transaction transaction(session);
    std::int64_t changed = 0;
    if (seen) {
        Statement& statement = session.statement(sql::writer_lease_change);
        RowBinder(statement).add(mine).close();
        statement.bind_integer(7, seen->epoch);
        statement.bind_integer(8, seen->heartbeat_at.us);
        changed = statement.run();
    } else {
        changed = RowBinder(session.statement(sql::writer_lease_put)).add(mine).run();
    }
    transaction.commit();
    return changed == 1;
}

WriterLease following(const std::optional<WriterLease>& seen, WriterLease mine, Instant wall_now) {
    mine.epoch = seen ? seen->epoch + 1 : 1;
    mine.heartbeat_at = wall_now;
    if (seen) {
        mine.heartbeat_at.us = std::max(wall_now.us, seen->heartbeat_at.us + 1);
    }
    return mine;
}

std::string folder_id(const std::string& folder) {
    const std::string path = folder + "/meterbook.id";
    std::string id;
    if (std::ifstream(path) >> id && !id.empty()) {
        return id;
    }
    id = crypto::random_token(16);
    std::ofstream file(path, std::ios::trunc);
    file << id << "\n" << std::flush;
    if (!file) {
        throw writer::StoreUnavailable(path + " cannot be written", false, false);
    }
    return id;
}

}  // namespace mb::store
