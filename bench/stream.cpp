#include "bench/stream.hpp"

namespace mb::bench {

namespace {

std::uint64_t mix(std::uint64_t z) {
    z += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

}  // namespace

Stream::Stream(const StreamShape& shape) : shape_(shape) {
    order_.resize(static_cast<std::size_t>(shape.meters));
    for (std::int32_t i = 0; i < shape.meters; ++i) {
        order_[static_cast<std::size_t>(i)] = i + 1;
    }
    for (std::size_t i = order_.size(); i > 1; --i) {
        std::swap(order_[i - 1], order_[mix(i) % i]);
    }
}

/// Four steps are one slot: a late reading lies between two slots.
rules::metering::Registers Stream::registers(std::int32_t meter, std::int64_t step4) const {
    const std::int64_t rate =
        800 + static_cast<std::int64_t>(mix(static_cast<std::uint64_t>(meter)) % 800);
    const std::int64_t base = meter * std::int64_t{10'000};
    const std::uint64_t noise =
        mix(static_cast<std::uint64_t>(meter) << 32U ^ static_cast<std::uint64_t>(step4));
    rules::metering::Registers out;
    out.count = 2;
    out.value[0].units = base + step4 * rate + static_cast<std::int64_t>(noise % 700);
    out.value[1].units = out.value[0].units / 3;
    return out;
}

rules::metering::Registers Stream::first(std::int32_t meter) const { return registers(meter, 0); }

Instant Stream::time_of(std::int64_t i) const {
    return shape_.start + shape_.interval * (i / shape_.meters + 1);
}

engine::ReadingTaken Stream::at(std::int64_t i) const {
    const std::int64_t slot = i / shape_.meters + 1;
    const std::int32_t meter = order_[static_cast<std::size_t>(i % shape_.meters)];
    const std::uint64_t kind =
        mix(static_cast<std::uint64_t>(i) * 31 + 7) % 20;  // 0: repeat, 1: late, else in order
    engine::ReadingTaken out;
    out.meter = MeterId{meter};
    std::int64_t step4 = slot * 4;
    if (kind == 0) {
        step4 -= 4;
    } else if (kind == 1) {
        step4 -= 5;
    }
    if (step4 <= 0) {
        step4 = slot * 4;
    }
    out.at = shape_.start + Duration{shape_.interval.us / 4 * step4};
    out.registers = registers(meter, step4);
    return out;
}

}  // namespace mb::bench
