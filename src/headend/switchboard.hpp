// All links, all meters, all tasks of the head-end, without sockets, clock or threads: the Headend
// drives it over TCP, the simulator over a virtual network. One thread.
//
//     Switchboard board(settings, LinkProfiles::built_in(), wires, sink);
//     board.configure(project, {zone, meters}, now);
//     board.opened(link, "imei", peer, now);  board.bytes(link, bytes, now);  board.closed(link,
//     now); board.submit(project, outbox_row, redelivered, now); … and board.timer(now) at
//     board.next_timer().
#pragma once

#include <map>
#include <memory>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/effects.hpp"
#include "headend/outbound.hpp"
#include "headend/session.hpp"

namespace mb::headend {

/// The links' other end, for what goes out.
class Wires {
public:
    virtual ~Wires() = default;
    virtual void send(LinkId link, ByteView bytes) = 0;
    /// The switchboard has let go of it; no closed() is wanted for it.
    virtual void close(LinkId link, std::string_view reason) = 0;
};

/// One line of the status page.
struct LinkView {
    std::uint64_t link = 0;
    std::string profile;
    LinkState state = LinkState::identifying;
    std::string device;  // what it said it is
    std::string peer;
    std::int32_t meters = 0;
    std::int32_t silent_meters = 0;
    Instant opened_wall_at;
    Instant heard_wall_at;
    LinkCounters counters;
};
MB_DESCRIBE(LinkView, (link, profile, state, device, peer, meters, silent_meters, opened_wall_at,
                       heard_wall_at, counters))

/// A device that dialled in and that nobody configured: the list to configure new ones from.
struct UnknownDevice {
    std::string profile;
    std::string id;
    std::string peer;  // last seen from
    std::int64_t seen = 0;
    Instant seen_wall_at;
};
MB_DESCRIBE(UnknownDevice, (profile, id, peer, seen, seen_wall_at))

class Switchboard final : private SessionHost, private Reporter {
public:
    Switchboard(const HeadendSettings& settings, const LinkProfiles& profiles, Wires& wires,
                EventSink& sink);
    ~Switchboard() override;
    Switchboard(const Switchboard&) = delete;
    Switchboard& operator=(const Switchboard&) = delete;

    // ---- configuration ----
    /// The project's meters as they are from now on; unchanged ones notice nothing.
    void configure(ProjectId project, const ProjectMeters& meters, const engine::Now& now);
    void remove(ProjectId project, const engine::Now& now);
    [[nodiscard]] const std::vector<ConfigProblem>& problems() const {
        return directory_.problems();
    }

    // ---- links ----
    /// False: refused (no such profile, too many links, or too many that have not said who they
    /// are); close it.
    bool opened(LinkId link, std::string_view profile, std::string_view peer,
                const engine::Now& now);
    void bytes(LinkId link, ByteView bytes, const engine::Now& now);
    void closed(LinkId link, const engine::Now& now);

    // ---- tasks ----
    /// Of kind relay or read. `redelivered`: given again after a restart, it may have been sent
    /// before. What cannot be taken is reported as refused at once: headend.unknown_meter,
    /// headend.password, headend.too_many_tasks.
    void submit(ProjectId project, const engine::OutboxRow& task, bool redelivered,
                const engine::Now& now);
    /// The engine wants it no more: what has not left does not leave. False: no such task.
    bool supersede(ProjectId project, CommandId command, const engine::Now& now);

    // ---- time ----
    [[nodiscard]] Instant next_timer() const;  // wall
    void timer(const engine::Now& now);

    // ---- to look at ----
    [[nodiscard]] HeadendCounters counters() const;
    [[nodiscard]] std::size_t links() const { return sessions_.size(); }
    [[nodiscard]] std::size_t links_bound() const { return by_device_.size(); }
    [[nodiscard]] std::size_t tasks() const { return tasks_.size(); }
    [[nodiscard]] std::size_t events_waiting() const { return outbound_.size(); }
    /// By link number, from `after` on.
    [[nodiscard]] std::vector<LinkView> link_list(std::uint64_t after, std::size_t most) const;
    [[nodiscard]] const Session* session(LinkId link) const;
    /// Last seen first; at most 200 are kept.
    [[nodiscard]] std::vector<UnknownDevice> unknown_devices() const;

private:
    struct Line {
        std::unique_ptr<Session> session;
        std::string peer;
        Instant timer_at;                            // earliest entry in timers_; 0: none
        LinkState counted = LinkState::identifying;  // in unidentified_, unknown_
    };
    struct Unit {
        std::unique_ptr<MeterUnit> meter;
        LinkId link;  // 0: none
    };
    struct DeviceLine {
        LinkId link;
        Instant minute_at;  // wall; start of the minute that is counted
        std::int32_t this_minute = 0;
    };
    struct Penalty {
        Instant until;  // wall
        Duration length;
    };
    struct Timer {
        Instant at;  // wall
        LinkId link;
        friend auto operator<=>(const Timer&, const Timer&) = default;
    };
    struct Deadline {
        Instant at;  // wall
        UnitKey unit;
        friend auto operator<=>(const Deadline&, const Deadline&) = default;
    };
    struct TaskKey {
        ProjectId project;
        CommandId command;
        friend auto operator<=>(const TaskKey&, const TaskKey&) = default;
    };
    template <class T>
    using Earliest = std::priority_queue<T, std::vector<T>, std::greater<>>;

    // SessionHost
    void send(LinkId link, ByteView bytes) override;
    void identified(Session& session, const engine::Now& now) override;
    [[nodiscard]] bool polling_allowed() const override { return !outbound_.behind(); }
    // Reporter
    void report(ProjectId project, engine::Event&& event) override;
    void task_ended(ProjectId project, CommandId command, TaskEnd how) override;

    /// After every call into a session: ends it, or sees to its timer.
    void settle(LinkId link, const engine::Now& now);
    void drop(LinkId link, std::string_view reason, bool tell_wires, const engine::Now& now);
    void count_end(std::string_view reason, const Session& session, const engine::Now& now);
    /// Lets a known device in; an older link of it goes.
    void admit(Session& session, const std::shared_ptr<const Device>& device,
               const engine::Now& now);
    void bind(Session& session, const std::shared_ptr<const Device>& device,
              const engine::Now& now);
    /// Takes the units that are not of `device` off the session; what is left of its list.
    std::vector<MeterUnit*> release(Session& session, const Device* device);
    void rebind_all(const engine::Now& now);
    void forget_units();
    void note_unknown(const Session& session, const engine::Now& now);
    /// Why this device is not let in now; "" when it is.
    [[nodiscard]] std::string_view refusal(const std::string& key, const engine::Now& now);
    void punish(const std::string& key, const engine::Now& now);
    Unit& unit(const MeterConfig& config);
    void after(const engine::Now& now);
    void contact(const std::vector<MeterUnit*>& units, bool online);
    void watch_deadline(const UnitKey& unit, Instant deadline, const engine::Now& now);

    const HeadendSettings settings_;
    const LinkProfiles profiles_;
    Wires& wires_;
    HeadendCounters counters_;
    Outbound outbound_;
    UnitContext context_;
    Directory directory_;
    std::unordered_map<UnitKey, Unit> units_;
    std::unordered_map<std::uint64_t, Line> sessions_;
    std::unordered_map<std::string, DeviceLine> by_device_;
    std::unordered_map<std::string, Penalty> penalties_;
    std::map<TaskKey, UnitKey> tasks_;
    Earliest<Timer> timers_;
    Earliest<Deadline> deadlines_;
    Instant flush_at_;  // wall; 0: nothing waits
    std::size_t unidentified_ = 0;
    std::size_t unknown_ = 0;
    std::vector<UnknownDevice> unknown_devices_;
};

}  // namespace mb::headend
