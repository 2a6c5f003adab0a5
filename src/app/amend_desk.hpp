// The server's side of `meterbook amend`: shows what an amendment would do, lets it in, and tells
// what became of it.
#pragma once

#include "app/amend_answer.hpp"
#include "store/database.hpp"
#include "writer/writer_thread.hpp"

#include <atomic>
#include <string>
#include <string_view>

namespace mb::app {

class AmendDesk {
public:
    AmendDesk(store::Database& database, writer::WriterThread& writer, writer::Clock clock)
        : database_(database), writer_(writer), clock_(std::move(clock)) {}

    /// One request of the control socket, "amend", "amend-status" or "amend-list", with its JSON
    /// behind it. Gives JSON: the answer, or {"error": {"code": …}}. Throws StoreUnavailable,
    /// StoreCorrupt.
    std::string answer(const std::string& verb, std::string_view request);

    /// A preview first; it is refused when that is, so nothing that cannot be rated gets in.
    /// Errors: those of amendment_event() and preview_amendment(); project.not_found; store.busy.
    Result<AmendAnswer> amend(const AmendRequest& request);
    Result<AmendStatus> status(const AmendStatusRequest& request);
    Result<AmendList> list(const AmendListRequest& request);

    /// Previews end at the next point. From any thread.
    void stop() { stopping_ = true; }

private:
    template <class F>
    Result<void> look(const std::optional<std::string>& project, F&& at_engine);
    Result<void> wait_flushed(const std::optional<std::string>& project, std::int64_t mark);

    store::Database& database_;
    writer::WriterThread& writer_;
    writer::Clock clock_;
    std::atomic<bool> stopping_{false};
};

}  // namespace mb::app
