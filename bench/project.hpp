// The project that every measurement runs on: rooms with a prepaid meter each, one tariff with
// tiers. And how it gets into a store: as events, through the writer.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/events.hpp"
#include "writer/writer.hpp"

namespace mb::bench {

inline constexpr ProjectId bench_project{1};

/// Meter, service point, account and agreement of a room bear the same number, 1 … meters.
struct ProjectShape {
    std::int32_t meters = 0;
    Instant start;  // of the agreements and installations
    std::function<rules::metering::Registers(std::int32_t id)> registers;  // at `start`
    /// How the meter is reached; default: its number in twelve digits, on profile plain.
    std::function<engine::MeterLink(std::int32_t id)> link;
    std::function<Money(std::int32_t id)> opening_balance;  // default: 10 000 yuan
    std::optional<rules::tariff::TariffDocument> tariff;    // default: three tiers, one band
};

/// 2 000 rooms a building, 40 a floor: "3号楼", "12层", "1207".
engine::ServicePoint place_of(std::int32_t id);
/// Of the account of meter `id`: three Chinese characters, a thousand different ones.
std::string name_of(std::int32_t id);
std::vector<engine::Event> set_up(const ProjectShape& shape);
/// Each in a batch with the others, at business time `now`; then flush and checkpoint. None may be
/// refused for a full queue.
void load(writer::Writer& writer, std::vector<engine::Event> events, Instant now);

}  // namespace mb::bench
