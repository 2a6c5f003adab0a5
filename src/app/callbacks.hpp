// Payment callbacks on their way into the inbox: judged by their raw body, inserted raw with their
// dedup key in the transaction of the event that names them, answered only after the commit.
#pragma once

#include "api/ports.hpp"
#include "payment/channel_tasks.hpp"
#include "writer/writer.hpp"

#include <atomic>
#include <cstdint>
#include <functional>

namespace mb::app {

class CallbackDesk final : public api::Callbacks {
public:
    using Submit = std::function<bool(writer::Submission)>;

    CallbackDesk(const payment::ChannelBook& book, Submit submit)
        : book_(book), submit_(std::move(submit)) {}

    void on_callback(const std::string& channel, ProjectId project, const net::HttpRequest& request,
                     std::function<void(net::HttpResponse)> answer) override;

    [[nodiscard]] std::int64_t refused() const { return refused_; }

private:
    /// Time-ordered and unique within the process: wall µs × 4 096 + count.
    InboxId next_id(Instant wall);

    const payment::ChannelBook& book_;
    Submit submit_;
    std::atomic<std::int64_t> refused_{0};
    std::atomic<std::int64_t> last_id_{0};
};

}  // namespace mb::app
