#include "store/postgres/opening_lock.hpp"

namespace mb::store::postgres {

OpeningLock::OpeningLock(const ConnectionOptions& options) : wire_(options) {
    wire_.execute("SELECT pg_advisory_lock(1296388683, hashtext(current_setting('search_path')))");
    if (!options.schema.empty()) {
        wire_.execute(("CREATE SCHEMA IF NOT EXISTS " + wire_.quoted(options.schema)).c_str());
    }
    const ResultPtr found = wire_.execute("SELECT to_regclass('writer_lease') IS NULL");
    is_new_ = *PQgetvalue(found.get(), 0, 0) == 't';
}

}  // namespace mb::store::postgres
