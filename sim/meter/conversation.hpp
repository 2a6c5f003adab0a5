// One request to a meter and what it says to it (DL/T 645-2007, reference/protocols.md §1.2–1.6).
#pragma once

#include "sim/meter/model.hpp"

namespace mb::sim::meter {

/// The answer to a request: OK with data, or a refusal with error bytes; nothing when nobody may
/// answer.
class Conversation {
public:
    explicit Conversation(MeterModel& meter) : meter_(meter), state_(meter.state_) {}

    /// The meter is advanced to the present already.
    std::optional<wire::Frame> answer(const wire::Frame& request);

private:
    // Error byte, reference §1.2.
    static constexpr std::uint8_t other_error = 0x01;
    static constexpr std::uint8_t no_such_data = 0x02;
    static constexpr std::uint8_t not_authorised = 0x04;

    std::optional<wire::Frame> refuse(Bytes error) const;
    std::optional<wire::Frame> refuse(std::uint8_t error) const { return refuse(Bytes{error}); }
    std::optional<wire::Frame> accept(Bytes data = {}) const;
    std::optional<wire::Frame> read();
    std::optional<wire::Frame> read_address() const;
    std::optional<wire::Frame> write();
    std::optional<wire::Frame> control_relay();
    std::optional<wire::Frame> freeze_now();
    std::optional<wire::Frame> change_password();
    std::optional<wire::Frame> refuse_relay(std::uint8_t error, std::uint16_t long_error) const;
    void broadcast_time();

    /// Value bytes of one data identifier; nothing: no such data.
    std::optional<Bytes> value_of(std::uint32_t identifier);
    std::optional<Bytes> energy(std::uint32_t identifier);
    std::optional<Bytes> instantaneous(std::uint32_t identifier) const;
    void put_quantity(Bytes& out, std::uint8_t kind, int phase) const;
    std::optional<Bytes> parameter(std::uint32_t identifier) const;
    std::optional<Bytes> status_word(int number) const;
    std::optional<Bytes> frozen(std::uint32_t identifier) const;
    std::optional<Bytes> relay_event(std::uint32_t identifier) const;
    void put_register(Bytes& out, std::int64_t units) const;
    [[nodiscard]] bool authorised(ByteView pa_and_password) const;

    MeterModel& meter_;
    MeterState& state_;
    wire::Frame request_;
};

}  // namespace mb::sim::meter
