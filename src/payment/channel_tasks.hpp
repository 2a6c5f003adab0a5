// Does the outbox tasks that go to payment channels: create, query, close. At least once; a task
// that could not be done stays in the outbox and is tried again with back-off.
#pragma once

#include "engine/events.hpp"
#include "engine/rows.hpp"
#include "payment/channel.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace mb::payment {

class ChannelBook {
public:
    void add(std::shared_ptr<Channel> channel) { channels_[channel->name()] = channel; }
    [[nodiscard]] Channel* find(const std::string& name) const {
        const auto found = channels_.find(name);
        return found == channels_.end() ? nullptr : found->second.get();
    }

private:
    std::map<std::string, std::shared_ptr<Channel>> channels_;
};

/// Runs one task on the calling thread. The event to submit, or an error: retryable → later again.
/// `notify_url` is where the channel shall call back for this project.
Result<engine::Event> run_channel_task(const ChannelBook& book, ProjectId project,
                                       const engine::OutboxRow& task,
                                       const std::string& notify_url);

/// 1, 2, 4 … 60 s of wall time before try `attempt` (1 = the first repeat).
Duration retry_delay(int attempt);

}  // namespace mb::payment
