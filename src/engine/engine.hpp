// The engine: a plain state machine, one per project. apply(events, now) → state + effects. No I/O,
// no clock, no random numbers, no threads: so it is replayed, simulated a year in seconds, and
// proved.
#pragma once

#include "engine/effects.hpp"
#include "engine/events.hpp"
#include "engine/point_snapshot.hpp"
#include "engine/rows.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace mb::engine {

struct State;
struct Derived;

class Engine {
public:
    explicit Engine(ProjectId project);
    ~Engine();
    Engine(Engine&&) noexcept;
    Engine& operator=(Engine&&) noexcept;

    /// One batch, in order. `effects` is appended to; outcomes get one entry per event. An event
    /// that is refused changes nothing. now.business must not run backwards (CHECK).
    void apply(std::span<const Event> events, const Now& now, Effects& effects);

    /// When the next timer is due; a Tick at or after it runs it. 0: none.
    [[nodiscard]] Instant next_due() const;

    // ---- coalesced rows ----------------------------------------------------------------------
    [[nodiscard]] bool dirty() const;
    /// Moves at most `limit` rows of changed meters and their days out of the dirty set.
    void take_dirty(std::size_t limit, std::vector<MeterViewRow>& meters,
                    std::vector<DayRow>& days);
    /// All that is dirty now was taken once flushed_to(flush_mark()) is true.
    [[nodiscard]] std::int64_t flush_mark() const;
    [[nodiscard]] bool flushed_to(std::int64_t mark) const;
    /// The view row of a meter as it is now.
    [[nodiscard]] MeterViewRow view(MeterId meter) const;
    [[nodiscard]] std::vector<MeterId> meter_ids() const;

    // ---- checkpoint --------------------------------------------------------------------------
    /// The whole state as bytes: equal states give equal bytes.
    [[nodiscard]] Bytes image() const;
    /// Errors: binary.malformed. Marks every meter dirty when `all_dirty`.
    static Result<Engine> from_image(ProjectId project, ByteView image, bool all_dirty);

    // ---- the past ----------------------------------------------------------------------------
    /// What the engine knows of a point, to rate it anew; it must exist.
    [[nodiscard]] PointSnapshot snapshot(ServicePointId point) const;

    [[nodiscard]] ProjectId project() const { return project_; }
    [[nodiscard]] const State& state() const { return *state_; }

private:
    ProjectId project_;
    std::unique_ptr<State> state_;
    std::unique_ptr<Derived> derived_;
};

}  // namespace mb::engine
