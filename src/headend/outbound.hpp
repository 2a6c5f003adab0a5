// Events on their way to the engine's writer. When the writer is behind they wait here, within a
// bound: samples are dropped first, then plain status polls, readings only when everything else is
// gone, and counted. Command reports, contact changes and read-backs are never dropped; there are
// no more of them than tasks and links.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>

#include "engine/events.hpp"
#include "headend/counters.hpp"
#include "headend/settings.hpp"

namespace mb::headend {

class EventSink {
public:
    virtual ~EventSink() = default;
    /// False: the writer's queue is full; `event` is untouched then and comes again. Called on the
    /// reactor's thread; must not block.
    virtual bool submit(ProjectId project, engine::Event&& event) = 0;
};

class Outbound {
public:
    Outbound(const HeadendSettings& settings, EventSink& sink, HeadendCounters& counters)
        : settings_(settings), sink_(sink), counters_(counters) {}

    void report(ProjectId project, engine::Event&& event);
    /// Hands over what waits, as far as the sink takes it.
    void flush();
    [[nodiscard]] bool empty() const { return waiting_.empty(); }
    [[nodiscard]] std::size_t size() const { return waiting_.size(); }
    /// Half full: no new polls.
    [[nodiscard]] bool behind() const { return waiting_.size() >= settings_.events_max / 2; }

private:
    [[nodiscard]] bool room_for(const engine::Event& event);

    const HeadendSettings& settings_;
    EventSink& sink_;
    HeadendCounters& counters_;
    std::deque<std::pair<ProjectId, engine::Event>> waiting_;
};

}  // namespace mb::headend
