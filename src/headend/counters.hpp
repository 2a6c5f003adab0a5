// What the head-end counts; for /metrics and the status page. All run up from the start.
#pragma once

#include <cstdint>

#include "base/describe.hpp"

namespace mb::headend {

/// Of one link, and summed over all.
struct LinkCounters {
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t frames = 0;      // good ones
    std::uint64_t bad_frames = 0;  // checksum, end mark, cut off
    std::uint64_t garbage_bytes = 0;
    std::uint64_t heartbeats = 0;
    std::uint64_t echoes = 0;      // bit 7 clear: a request of ours or of another master
    std::uint64_t foreign = 0;     // of an address that is not behind this link
    std::uint64_t unexpected = 0;  // nobody asked, or an answer given twice
    std::uint64_t late = 0;        // after its time-out
    std::uint64_t ambiguous = 0;   // could be the answer to an earlier request: asked again
    std::uint64_t bad_values = 0;  // digits A–F, impossible times, wrong lengths
    std::uint64_t requests = 0;
    std::uint64_t timeouts = 0;
    std::uint64_t throttled_bytes = 0;  // over the quota, dropped

    LinkCounters& operator+=(const LinkCounters& b);
};
MB_DESCRIBE(LinkCounters,
            (bytes_in, bytes_out, frames, bad_frames, garbage_bytes, heartbeats, echoes, foreign,
             unexpected, late, ambiguous, bad_values, requests, timeouts, throttled_bytes))

struct HeadendCounters {
    LinkCounters links;  // closed and open ones
    std::uint64_t links_opened = 0;
    std::uint64_t links_identified = 0;
    std::uint64_t links_unknown = 0;       // identified as a device that nobody configured
    std::uint64_t links_replaced = 0;      // by a newer link of the same device
    std::uint64_t links_dead = 0;          // heartbeats or answers stayed out
    std::uint64_t links_flooding = 0;      // closed for it
    std::uint64_t links_refused = 0;       // too many unidentified, in penalty, no such profile
    std::uint64_t links_unidentified = 0;  // closed: they did not say who they are
    std::uint64_t polls = 0;               // rounds begun
    std::uint64_t polls_skipped = 0;  // rounds that fell out: late, silent, or the engine is behind
    std::uint64_t readings = 0;
    std::uint64_t readings_dropped = 0;  // the engine did not take them in time
    std::uint64_t samples_dropped = 0;
    std::uint64_t clocks_set = 0;
    std::uint64_t tasks = 0;
    std::uint64_t tasks_verified = 0;  // read back as wanted, or read
    std::uint64_t tasks_refused = 0;
    std::uint64_t tasks_timed_out = 0;
    std::uint64_t tasks_superseded = 0;
    std::uint64_t tasks_expired = 0;
};
MB_DESCRIBE(HeadendCounters,
            (links, links_opened, links_identified, links_unknown, links_replaced, links_dead,
             links_flooding, links_refused, links_unidentified, polls, polls_skipped, readings,
             readings_dropped, samples_dropped, clocks_set, tasks, tasks_verified, tasks_refused,
             tasks_timed_out, tasks_superseded, tasks_expired))

}  // namespace mb::headend
