#include "payment/channel_tasks.hpp"

#include <algorithm>

namespace mb::payment {

namespace {

using engine::ChannelAnswer;
using engine::ChannelAnswered;

engine::Event answered(const std::string& order_no, const Channel& channel,
                       const QueryAnswer& answer) {
    switch (answer.state) {
        case ChannelState::paid: return event_of(channel, answer.fact, {});
        case ChannelState::closed: return ChannelAnswered{order_no, ChannelAnswer::closed, "", ""};
        case ChannelState::unpaid: break;
    }
    return ChannelAnswered{order_no, ChannelAnswer::unpaid, "", ""};
}

Result<engine::Event> create(Channel& channel, ProjectId project, const engine::OutboxRow& task,
                             const std::string& notify_url) {
    const auto page = channel.create(
        {project, task.order_no, task.amount, notify_url, "Meterbook " + task.order_no});
    if (page) {
        return ChannelAnswered{task.order_no, ChannelAnswer::prepared, *page, ""};
    }
    if (page.error().retryable) {
        return fail(page.error());
    }
    return ChannelAnswered{task.order_no, ChannelAnswer::failed, "", page.error().text()};
}

}  // namespace

Result<engine::Event> run_channel_task(const ChannelBook& book, ProjectId project,
                                       const engine::OutboxRow& task,
                                       const std::string& notify_url) {
    Channel* channel = book.find(task.channel);
    if (channel == nullptr) {
        return ChannelAnswered{task.order_no, ChannelAnswer::failed, "", "payment.unknown_channel"};
    }
    if (task.kind == engine::TaskKind::channel_create) {
        return create(*channel, project, task, notify_url);
    }
    const bool closing = task.kind == engine::TaskKind::channel_close;
    const auto answer = closing ? channel->close(task.order_no) : channel->query(task.order_no);
    if (!answer) {
        return fail(answer.error());
    }
    return answered(task.order_no, *channel, *answer);
}

Duration retry_delay(int attempt) {
    return Duration::seconds(std::int64_t{1} << std::clamp(attempt - 1, 0, 5));
}

}  // namespace mb::payment
