// One link and what is behind it: a state machine without socket, clock or thread. Bytes and time
// come in, bytes and events go out through its host. It finds out who dialled in, then carries one
// question at a time to the meters behind the link. All waiting is wall time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/dlt645/scanner.hpp"
#include "headend/identification.hpp"
#include "headend/meter_unit.hpp"
#include "headend/token_bucket.hpp"

namespace mb::headend {

/// Counts up, never reused.
struct LinkId {
    std::uint64_t value = 0;
    friend auto operator<=>(const LinkId&, const LinkId&) = default;
};

class Session;

/// What a session needs from around it.
class SessionHost {
public:
    virtual ~SessionHost() = default;
    virtual void send(LinkId link, ByteView bytes) = 0;
    /// The device has said who it is. The host answers with session.bind() or session.unknown(),
    /// now or later.
    virtual void identified(Session& session, const engine::Now& now) = 0;
    /// False: the engine is behind; no polling.
    [[nodiscard]] virtual bool polling_allowed() const = 0;
};

enum class LinkState : std::uint8_t {
    identifying,
    unknown,  // said who it is, but nobody configured it
    bound,
    ended,  // wants to be closed
};
MB_ENUM(LinkState, identifying, unknown, bound, ended)

class Session {
public:
    Session(LinkId id, LinkProfiles::Ptr profile, const HeadendSettings& settings,
            SessionHost& host);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void on_open(const engine::Now& now);
    void on_bytes(ByteView bytes, const engine::Now& now);
    void on_timer(const engine::Now& now);
    /// The link is gone. Takes its units off line.
    void on_closed(const engine::Now& now);
    /// A unit has something new to send (a task came).
    void wake(const engine::Now& now) { pump(now); }

    /// The meters behind the device, in a fixed order; again when the configuration changes. Units
    /// that stay keep their question. The host brings new ones up and takes those that left down.
    void bind(std::shared_ptr<const Device> device, std::vector<MeterUnit*> units,
              const engine::Now& now);
    void unknown(const engine::Now& now);
    /// Ends it with a reason: "link.…".
    void close(std::string_view reason) { end(reason); }

    [[nodiscard]] LinkId id() const { return id_; }
    [[nodiscard]] const LinkProfile& profile() const { return *profile_; }
    [[nodiscard]] LinkState state() const { return state_; }
    /// "" while nothing is known.
    [[nodiscard]] const std::string& device_id() const { return device_id_; }
    [[nodiscard]] std::string key() const {
        return device_key(profile_->registration.match, device_id_);
    }
    [[nodiscard]] const std::shared_ptr<const Device>& device() const { return device_; }
    [[nodiscard]] const std::vector<MeterUnit*>& units() const { return units_; }
    /// Why it wants to be closed, once state() is ended: link.unidentified, link.unknown_device,
    /// link.dead, link.flooding, link.replaced, link.duplicate …
    [[nodiscard]] std::string_view end_reason() const { return end_reason_; }
    [[nodiscard]] const LinkCounters& counters() const { return counts_; }
    [[nodiscard]] Instant opened_at() const { return opened_at_; }  // wall
    [[nodiscard]] Instant heard_at() const { return heard_at_; }    // wall, last byte
    /// Wall time at which on_timer() is wanted.
    [[nodiscard]] Instant next_timer(const engine::Now& now) const;

private:
    struct InFlight {
        MeterUnit* unit = nullptr;  // nullptr: nothing, or the wildcard question while identifying
        engine::Now sent;
        Instant deadline;  // wall; 0: nothing in flight
    };

    ByteView within_quota(ByteView bytes, const engine::Now& now);
    void take_byte(std::uint8_t byte, const engine::Now& now);
    void scan(std::uint8_t byte, const engine::Now& now);
    void drain(const engine::Now& now);
    void take_frame(const dlt645::Frame& frame, const engine::Now& now);
    void take_address(const dlt645::Reply& reply, const engine::Now& now);
    void register_device(std::string id, const engine::Now& now);
    void pump(const engine::Now& now);
    std::optional<Question> pick(const engine::Now& now, MeterUnit*& unit);
    void send(ByteView bytes);
    void ask_address(const engine::Now& now);
    void time_out(const engine::Now& now);
    void end(std::string_view reason);
    [[nodiscard]] MeterUnit* unit_at(const dlt645::Address& address) const;
    [[nodiscard]] Instant reply_deadline() const;
    [[nodiscard]] Instant dead_at() const;

    LinkId id_;
    LinkProfiles::Ptr profile_;
    const HeadendSettings& settings_;
    SessionHost& host_;
    LinkState state_ = LinkState::identifying;
    bool last_was_task_ = false;
    std::uint8_t heartbeat_at_ = 0;  // bytes of a heartbeat seen so far
    std::uint16_t turn_ = 0;         // whose turn it is, over units_
    std::int32_t silent_requests_ = 0;
    std::string_view end_reason_;  // a literal
    std::string device_id_;
    std::unique_ptr<RegistrationReader> registration_;
    std::shared_ptr<const Device> device_;
    std::vector<MeterUnit*> units_;
    dlt645::Scanner scanner_;
    dlt645::ScanCounts scanned_;  // what counts_ has of it
    InFlight in_flight_;
    Instant opened_at_;
    Instant heard_at_;
    Instant quiet_until_;   // wall; gap between answer and next request
    Instant throttled_at_;  // wall; since when it is over its quota, 0: it is not
    TokenBucket byte_quota_;
    TokenBucket frame_quota_;
    LinkCounters counts_;
};

}  // namespace mb::headend
