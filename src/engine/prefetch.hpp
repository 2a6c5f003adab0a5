// Readings come in any order of meters: what a reading touches lies in memory far apart. The batch
// is known ahead, so each part is asked for a few readings before it is needed. Changes nothing but
// time (with 10 000 meters a fifth to a third of the ingest's; bench ingest).
#pragma once

#include "engine/events.hpp"
#include "engine/state.hpp"

#include <cstddef>
#include <span>

namespace mb::engine {

class ReadingPrefetch {
public:
    ReadingPrefetch(const State& state, std::span<const Event> events)
        : state_(state), events_(events) {}

    /// Called before event `i` is applied.
    void ahead_of(std::size_t i) const {
        if (const MeterState* meter = meter_at(i + 12)) {
            lines(meter, 384);
        }
        if (const MeterState* meter = meter_at(i + 8)) {
            lines(point_of(*meter), 128);
            if (!meter->days.empty()) {
                lines(&meter->days.back(), sizeof(OpenDay));
            }
        }
        if (const MeterState* meter = meter_at(i + 5)) {
            lines(agreement_of(*meter), 320);
        }
        if (const MeterState* meter = meter_at(i + 3)) {
            const AgreementState* agreement = agreement_of(*meter);
            if (agreement != nullptr) {
                lines(state_.accounts.find(agreement->config.account), 384);
                lines(agreement->accrual.lines.data(), sizeof(rules::billing::BillLine));
            }
        }
    }

private:
    [[nodiscard]] const MeterState* meter_at(std::size_t i) const {
        if (i >= events_.size()) {
            return nullptr;
        }
        const auto* reading = std::get_if<ReadingTaken>(&events_[i]);
        return reading == nullptr ? nullptr : state_.meters.find(reading->meter);
    }
    [[nodiscard]] const ServicePointState* point_of(const MeterState& meter) const {
        return state_.service_points.find(meter.config.service_point);
    }
    [[nodiscard]] const AgreementState* agreement_of(const MeterState& meter) const {
        const ServicePointState* point = point_of(meter);
        return point == nullptr ? nullptr : state_.agreements.find(point->agreement);
    }
    static void lines(const void* at, std::size_t size) {
        for (std::size_t offset = 0; at != nullptr && offset < size; offset += 64) {
            __builtin_prefetch(static_cast<const char*>(at) + offset);
        }
    }

    const State& state_;
    std::span<const Event> events_;
};

}  // namespace mb::engine
