// The stream of readings that `bench ingest` sends: a pure function of (meter, slot), so that every
// part of the bench sees the same one. 90 % come in time order, 5 % repeat the reading before, 5 %
// are late: older than one that was delivered already.
#pragma once

#include "engine/events.hpp"

#include <cstdint>
#include <vector>

namespace mb::bench {

struct StreamShape {
    std::int32_t meters = 10'000;
    std::int32_t slots = 1'000;                 // readings per meter
    Duration interval = Duration::minutes(15);  // between them; of four parts
    Instant start{1'790'000'000'000'000};       // an instant of 2026, a whole quarter
};

class Stream {
public:
    explicit Stream(const StreamShape& shape);

    [[nodiscard]] std::int64_t size() const { return std::int64_t{shape_.meters} * shape_.slots; }
    /// The i-th record, 0 ≤ i < size(): slots in time order, meters shuffled within each.
    [[nodiscard]] engine::ReadingTaken at(std::int64_t i) const;
    [[nodiscard]] Instant time_of(std::int64_t i) const;
    [[nodiscard]] const StreamShape& shape() const { return shape_; }
    /// Registers of a meter when it was installed.
    [[nodiscard]] rules::metering::Registers first(std::int32_t meter) const;

private:
    [[nodiscard]] rules::metering::Registers registers(std::int32_t meter,
                                                       std::int64_t step4) const;

    StreamShape shape_;
    std::vector<std::int32_t> order_;
};

}  // namespace mb::bench
