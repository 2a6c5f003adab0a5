// An empty database on the server of another one, for as long as something is tried out in it.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "store/postgres/connection.hpp"

namespace mb::store::postgres {

/// Named meterbook_scratch_N, N being the number of the other database, with its locale. What a
/// killed process left under that name goes, when it bears our comment.
class ScratchDatabase {
public:
    /// `conninfo` as for --store. Errors: store.conninfo {why}, backup.in_progress {database},
    /// backup.scratch_taken {database} when one of that name is not ours, backup.no_scratch {why}
    /// when the role may not make one.
    static Result<std::unique_ptr<ScratchDatabase>> make(const std::string& conninfo);
    ~ScratchDatabase();
    ScratchDatabase(const ScratchDatabase&) = delete;
    ScratchDatabase& operator=(const ScratchDatabase&) = delete;

    [[nodiscard]] const std::string& conninfo() const { return conninfo_; }

private:
    explicit ScratchDatabase(const std::string& conninfo);
    Result<void> create();

    Connection beside_;  // to the other database; holds a lock on the name
    std::string name_;
    std::string conninfo_;
};

}  // namespace mb::store::postgres
