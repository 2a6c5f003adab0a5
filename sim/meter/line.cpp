// What really leaves the meter onto the line: the answer, or what a fault makes of it.
#include "sim/meter/conversation.hpp"

namespace mb::sim::meter {
namespace {

/// Whether a counted fault concerns this answer.
bool take(std::int32_t& count) {
    if (count > 0) {
        --count;
        return true;
    }
    return count < 0;
}

/// 3 … 16 random bytes with many frame starts among them.
Bytes noise(std::uint64_t& random) {
    random = mix(random);
    Bytes out(3 + random % 14);
    for (std::uint8_t& byte : out) {
        random = mix(random);
        byte = random % 4 == 0 ? 0x68 : static_cast<std::uint8_t>(random >> 8);
    }
    return out;
}

void flip_a_byte(Bytes& bytes, std::uint64_t& random) {
    random = mix(random);
    std::uint8_t& byte = bytes[random % bytes.size()];
    byte = static_cast<std::uint8_t>(byte ^ (1 + random / 997 % 255));
}

}  // namespace

std::vector<Answer> MeterModel::on_frame(const wire::Frame& frame, Instant business_now) {
    advance(business_now);
    MeterFaults& faults = state_.faults;
    if (faults.power_cut) return {};
    if (frame.address != wire::broadcast && !wire::meant_for(frame.address, address_)) return {};
    auto reply = Conversation(*this).answer(frame);
    run_relay();
    if (!reply || take(faults.mute)) return {};

    if (take(faults.foreign)) {
        reply->address[0] = static_cast<std::uint8_t>(reply->address[0] ^ 0x01);
    }
    Bytes bytes = wire::encode(*reply, config_.preamble);
    if (take(faults.corrupt)) flip_a_byte(bytes, state_.random);
    if (take(faults.garbage)) {
        const Bytes before = noise(state_.random);
        bytes.insert(bytes.begin(), before.begin(), before.end());
    }
    const Duration delay = config_.answer_delay + faults.late;
    std::vector<Answer> out{{bytes, delay}};
    if (take(faults.duplicate)) out.push_back({bytes, delay + config_.answer_delay});
    return out;
}

}  // namespace mb::sim::meter
