// What commits and flushes changed, on its way to the event hub. Internal.
#pragma once

#include <atomic>
#include <map>
#include <vector>

#include "api/services.hpp"

namespace mb::api {

class Changes {
public:
    explicit Changes(Services& services) : services_(services) {}

    /// On the writer's thread: notes what concerns watchers and leaves.
    void on_commit(ProjectId project, const engine::Effects& effects);
    /// Five times a second, on the reactor's thread.
    void beat();

private:
    struct Committed {
        std::vector<engine::CommandRow> commands;
        std::vector<engine::OrderRow> orders;
        std::vector<engine::NoticeRow> notices;
        bool configuration = false;
    };
    void publish(ProjectId project, const Committed& committed);
    void refresh();
    void refresh_project(ProjectId project, const engine::Now& now);
    void close_ended_sessions();

    Services& services_;
    Instant refreshed_at_;
    Instant purged_at_;
    std::atomic<bool> refreshing_ = false;
    /// As last published; used by the one refresh() that runs.
    std::map<ProjectId, std::map<MeterId, std::int64_t>> versions_;
};

}  // namespace mb::api
