// The lists of meters of all projects of an open store, kept true by what its writer writes. A list
// is read from the store when it is first asked for; from then on the rows of each commit and flush
// reach it, so that a page costs no look through the tables.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "store/meter_list.hpp"
#include "writer/store.hpp"

namespace mb::store {

/// Thread-safe. The writer is never kept waiting by a reader: it only leaves rows here.
class MeterLists {
public:
    /// What has just been committed, before anybody is told.
    void record(const std::vector<writer::ProjectBatch>& batches);
    void record(const writer::Flush& flush);
    /// A write broke and may have happened or not: until the next one has succeeded, which tells
    /// that the writer knows again, lists are read from the store; then they are kept anew.
    void doubt();

    /// To be asked before the session of a page begins.
    [[nodiscard]] std::int64_t era() const;
    /// `session` began after `era` was asked for. As new as the last commit that was answered, so
    /// it may know more than the session sees. Throws StoreUnavailable, StoreCorrupt.
    [[nodiscard]] MeterListPage page(ProjectId project, const MeterFilter& filter, Session& session,
                                     std::int64_t era);

private:
    struct Project {
        MeterListRows waiting;  // under mutex_

        std::mutex reading;  // taken before mutex_; over what is below
        std::optional<MeterList> list;
        std::int64_t era = 0;  // of the list
    };

    Project& project(ProjectId id);
    void no_doubt();
    /// The waiting rows, when a list of this era may be kept.
    [[nodiscard]] std::optional<MeterListRows> take_waiting(Project& of, std::int64_t era);

    mutable std::mutex mutex_;
    std::map<ProjectId, std::unique_ptr<Project>> projects_;
    std::int64_t era_ = 0;  // counts up with each doubt and its end
    bool in_doubt_ = false;
};

}  // namespace mb::store
