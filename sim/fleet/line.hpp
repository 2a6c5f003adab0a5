// One dialled link and the meters on it: a modem of one meter, or a transparent gateway with the
// meters of a floor. It registers, beats, hands frames to the meters, sends their answers in time,
// and dials again when the link is gone. Everything here is wall time, but for what the meters are
// told.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "net/reactor.hpp"
#include "net/tcp.hpp"
#include "sim/fleet/campus.hpp"
#include "sim/meter/model.hpp"

namespace mb::sim::fleet {

struct LineOptions {
    LinkKind kind = LinkKind::plain;
    std::string id;  // IMEI or gateway id; "" for plain
    std::string host;
    std::uint16_t port = 0;
    Duration heartbeat = Duration::seconds(60);
    Duration backoff_min = Duration::milliseconds(500);
    Duration backoff_max = Duration::seconds(30);
    std::uint64_t seed = 1;  // of the jitter
};

/// Shared by all lines of a fleet.
struct LineCounters {
    std::uint64_t connects = 0;
    std::uint64_t failures = 0;  // attempts that came to nothing, links that ended
    std::uint64_t frames = 0;    // for our meters
    std::uint64_t answers = 0;
    std::size_t up = 0;
};

class Line {
public:
    using BusinessNow = std::function<Instant()>;

    Line(net::Reactor& reactor, LineOptions options, std::vector<meter::MeterModel*> meters,
         BusinessNow business_now, LineCounters& counters);

    /// Dials after `wait`, and from then on whenever the link is gone.
    void begin(Duration wait);

private:
    void dial();
    void dial_again();
    void on_link(Result<net::LinkPtr> link);
    void on_bytes(ByteView bytes);
    void on_closed();
    void on_frame(const meter::wire::Frame& frame);
    void beat();
    void queue(meter::Answer answer, Instant wall_now);
    void send_due();
    std::uint64_t draw();

    struct Waiting {
        Instant due;  // wall
        Bytes bytes;
    };

    net::Reactor& reactor_;
    LineOptions options_;
    std::vector<meter::MeterModel*> meters_;
    BusinessNow business_now_;
    LineCounters& counters_;
    net::Timer dial_timer_;
    net::Timer beat_timer_;
    net::Timer answer_timer_;
    std::optional<net::TcpConnecting> connecting_;
    net::LinkPtr link_;
    meter::wire::Scanner scanner_;
    Instant last_bytes_at_;        // wall
    std::deque<Waiting> waiting_;  // by due
    int failures_ = 0;             // in a row
    std::uint64_t random_;
};

}  // namespace mb::sim::fleet
