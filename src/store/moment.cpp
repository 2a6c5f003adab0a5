#include "store/moment.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "crypto/digest.hpp"
#include "store/sql_store.hpp"
#include "store/statements/schema.hpp"
#include "store/writer_lease.hpp"

namespace mb::store {

namespace {

// Since it, the lease has the columns this program reads.
constexpr std::int64_t lease_with_folder = 8;

/// A Database whose every read is the one session.
class OneMoment final : public Database, private Lease::Lender {
public:
    explicit OneMoment(Session& session) : session_(session) {}
    Lease read() override { return {*this, session_}; }
    Lease write() override { not_for_that(); }
    [[nodiscard]] const Dialect& dialect() const override { not_for_that(); }

private:
    [[noreturn]] static void not_for_that() {
        check_failed("a moment is only read", __FILE__, __LINE__, "");
    }
    void give_back(Session&) noexcept override {}
    Session& session_;
};

ProjectMark mark_of(SqlStore& store, ProjectId project) {
    ProjectMark out;
    out.project = project.value;
    out.last_seq = store.last_seq(project);
    const auto last = store.log_after(project, out.last_seq - 1, 1);
    if (!last.empty()) {
        out.log_hash = crypto::hex_lower(last.front().hash);
        out.engine_version = last.front().engine_version;
        out.business_at = last.front().now.business;
        return out;
    }
    for (const writer::CheckpointInfo& checkpoint : store.checkpoints(project)) {
        out.log_hash = crypto::hex_lower(checkpoint.log_hash);
        out.engine_version = checkpoint.engine_version;
        out.business_at = checkpoint.now.business;
        break;
    }
    return out;
}

}  // namespace

StoreMoment read_moment(Session& session) {
    StoreMoment out;
    Statement& ran = session.statement(sql::schema_migration_all);
    while (ran.next()) {
        out.schema_version = std::max(out.schema_version, ran.integer(0));
    }
    if (out.schema_version >= lease_with_folder) {
        const auto lease = read_lease(session);
        out.epoch = lease ? lease->epoch : 0;
    }
    OneMoment moment(session);
    SqlStore store(moment);
    for (const ProjectId project : store.projects()) {
        out.projects.push_back(mark_of(store, project));
    }
    return out;
}

bool same_end(const std::vector<ProjectMark>& a, const std::vector<ProjectMark>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const ProjectMark& one, const ProjectMark& other) {
                          return one.project == other.project && one.last_seq == other.last_seq &&
                                 one.log_hash == other.log_hash;
                      });
}

}  // namespace mb::store
