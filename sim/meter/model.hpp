// A virtual electricity meter that speaks DL/T 645-2007: registers, clock, relay, events and
// faults. No socket, clock or random source of its own: business time comes in, noise comes from
// the seed.
#pragma once

#include "sim/meter/state.hpp"
#include "sim/meter/wire.hpp"

#include <vector>

namespace mb::sim::meter {

/// Bytes to send `delay` after the request, in link (wall) time.
struct Answer {
    Bytes bytes;
    Duration delay;
};

class MeterModel {
public:
    /// A new meter, relay closed. A malformed configuration is a failed CHECK.
    MeterModel(MeterConfig config, Instant business_now);
    /// A meter as it was; `state` belongs to the same configuration.
    MeterModel(MeterConfig config, MeterState state);

    /// Counts energy and moves the relay up to here. Earlier instants than before do nothing.
    void advance(Instant business_now);

    /// Obeys one frame. Frames for others, broadcasts and echoes get no answer.
    std::vector<Answer> on_frame(const wire::Frame& frame, Instant business_now);
    /// The same for a chunk of a stream that only this meter listens to.
    std::vector<Answer> on_bytes(ByteView chunk, Instant business_now);

    /// Somebody presses the key on the meter: closes it if a permit waits. Returns whether it did.
    bool press_key(Instant business_now);
    /// Fault switches; change them through this so that a power cut takes effect in order.
    void set_faults(const MeterFaults& faults, Instant business_now);
    /// Turns the clock by hand; a jump over midnight freezes that day.
    void step_clock(Duration by, Instant business_now);
    void set_drift(std::int64_t drift_ppb, Instant business_now);

    // The truth, as of the last advance; no frame, fault or rollover in between.
    [[nodiscard]] Energy total() const;
    [[nodiscard]] Energy band(int number) const {  // 1 … 4
        return {state_.units[static_cast<std::size_t>(number - 1)]};
    }
    /// True when load can flow: contact closed and mains present.
    [[nodiscard]] bool supplied() const { return !state_.relay.open && !state_.faults.power_cut; }
    [[nodiscard]] const RelayState& relay() const { return state_.relay; }
    /// Active power in mW now; 0 when not supplied.
    [[nodiscard]] std::int64_t power_mw() const;
    [[nodiscard]] LocalUs clock() const { return meter_clock().read(state_.at); }
    /// Meter clock − true local time.
    [[nodiscard]] Duration clock_error() const;
    [[nodiscard]] const wire::Address& address() const { return address_; }
    [[nodiscard]] const MeterConfig& config() const { return config_; }
    [[nodiscard]] const MeterState& state() const { return state_; }

private:
    friend class Conversation;  // answers.cpp: one request and its answer

    [[nodiscard]] MeterClock meter_clock() const {
        return {state_.clock_set_at, state_.clock_set_to, state_.drift_ppb};
    }
    [[nodiscard]] LocalUs true_local(Instant at) const {
        return at.us + config_.utc_offset_s * second_us;
    }
    [[nodiscard]] std::size_t band_at(LocalUs meter_local) const;  // index 0 … 3
    /// The next instant after state_.at where the counting changes, at most `limit`.
    [[nodiscard]] Instant next_change(Instant limit) const;
    void count_until(Instant until);
    void freeze_day(std::int32_t day);
    [[nodiscard]] Freeze snapshot(LocalUs stamp) const;
    void set_clock(LocalUs local);

    // relay.cpp
    void run_relay();  // what is due at state_.at
    [[nodiscard]] Instant relay_due() const;
    void move_contact(bool open);
    void trip(Duration pretrip);
    void close();
    void permit();
    void keep_power();

    MeterConfig config_;
    wire::Address address_;
    Load load_;
    MeterState state_;
    wire::Scanner scanner_;
};

}  // namespace mb::sim::meter
