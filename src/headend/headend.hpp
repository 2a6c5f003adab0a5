// The head-end over real sockets: a Switchboard on the reactor. Meters and gateways dial in; each
// listening port speaks one link profile.
//
//     Headend headend(reactor, settings, profiles, clock, sink);
//     TRY(headend.listen({{.address = "0.0.0.0", .port = 9001}, "imei"}));
//     headend.configure(project, {zone, meters});
//     reactor.poster().post([&] { headend.submit(project, row, redelivered); });   // from the
//     outbox's thread
//
// Everything here runs on the reactor's thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "headend/switchboard.hpp"
#include "net/reactor.hpp"
#include "net/tcp.hpp"

namespace mb::headend {

/// Business time. Wall time may be the system's: the head-end measures its waits by a clock that
/// never jumps.
class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual engine::Now now() const = 0;
};

struct HeadendListen {
    net::TcpListenOptions tcp;
    std::string profile = "plain";
};

class Headend final : private Wires {
public:
    Headend(net::Reactor& reactor, const HeadendSettings& settings, const LinkProfiles& profiles,
            const Clock& clock, EventSink& sink);
    ~Headend() override;
    Headend(const Headend&) = delete;
    Headend& operator=(const Headend&) = delete;

    /// The port. Errors: net.*, headend.no_such_profile {profile, did_you_mean}.
    Result<std::uint16_t> listen(const HeadendListen& where);

    void configure(ProjectId project, const ProjectMeters& meters);
    void remove(ProjectId project);
    /// See Switchboard.
    void submit(ProjectId project, const engine::OutboxRow& task, bool redelivered);
    bool supersede(ProjectId project, CommandId command);
    /// Stops accepting and closes every link; open tasks are left to the outbox, which gives them
    /// again.
    void stop();

    [[nodiscard]] const Switchboard& board() const { return board_; }
    [[nodiscard]] std::vector<net::TcpListenCounters> listen_counters() const;

private:
    void on_link(const std::string& profile, net::LinkPtr link);
    void on_bytes(LinkId id, ByteView bytes);
    void on_closed(LinkId id);
    void on_timer();
    void arm(const engine::Now& now);
    [[nodiscard]] engine::Now now() const;
    /// A bounded number of lines a minute, then only their number.
    void log_closed(LinkId link, std::string_view reason);
    /// Those of a project, when they have changed.
    void log_problems(ProjectId project);

    // Wires
    void send(LinkId link, ByteView bytes) override;
    void close(LinkId link, std::string_view reason) override;

    const Clock& clock_;
    LinkProfiles profiles_;
    Instant wall_anchor_;  // wall time at steady_anchor_us_
    std::int64_t steady_anchor_us_;
    net::Timer timer_;
    Instant armed_at_;  // wall; 0: not
    std::unordered_map<std::uint64_t, net::LinkPtr> links_;
    std::uint64_t next_link_ = 1;
    Instant log_minute_at_;  // wall
    std::int32_t log_lines_ = 0;
    std::map<ProjectId, std::vector<std::string>> problems_;  // as logged
    bool stopped_ = false;
    Switchboard board_;
    std::vector<std::unique_ptr<net::TcpListener>> listeners_;
    net::Reactor& reactor_;
};

}  // namespace mb::headend
