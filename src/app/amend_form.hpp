// What a person asks for about the past, as it travels: names and texts. It becomes an event with
// the ids and the zone of the project (docs/reference/amend.md).
#pragma once

#include "base/describe.hpp"
#include "base/result.hpp"
#include "engine/events.hpp"
#include "engine/state.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace mb::app {

/// "total" and, when the meter has them, "sharp" … "deep_valley": decimals as the meter shows them.
using ShownRegisters = std::map<std::string, std::string>;

/// The meter that comes; the rest is as with the old one.
struct NewMeter {
    std::string address;
    ShownRegisters first;
    std::optional<std::int32_t> ratio;
    std::optional<std::string> imei;
};
MB_DESCRIBE(NewMeter, (address, first, ratio, imei))

struct AmendForm {
    std::string kind;                  // reading ratio exchange terms end begin tariff
    std::optional<std::string> meter;  // its address or id
    std::optional<std::string> service_point;
    std::optional<std::string> agreement;
    std::optional<std::string> at;            // RFC 3339, or local time of the project
    std::optional<ShownRegisters> registers;  // reading; exchange: the old meter's last
    std::optional<bool> estimated;
    std::optional<std::int32_t> ratio;
    std::optional<NewMeter> new_meter;
    std::optional<std::int32_t> people;
    std::optional<std::string> people_from;  // date
    std::optional<std::string> area_m2;
    std::optional<std::string> capacity_kva;
    std::optional<std::string> account;
    std::optional<std::string> tariff;     // code
    std::optional<bool> postpaid;          // begin
    std::optional<std::string> continues;  // an agreement
    std::optional<rules::tariff::TariffDocument> document;
    std::optional<std::string> reason;
};
MB_DESCRIBE(AmendForm, (kind, meter, service_point, agreement, at, registers, estimated, ratio,
                        new_meter, people, people_from, area_m2, capacity_kva, account, tariff,
                        postpaid, continues, document, reason))

/// Its id, or the address of one that hangs there, or hung there last. Errors: meter.unknown.
Result<MeterId> find_meter(const engine::State& state, const std::string& wanted);

/// Errors: amend.unknown_kind, amend.missing {member}, amend.not_a_number {member},
/// amend.bands_incomplete {band}, amend.unknown_register, meter.unknown, meter.none_there,
/// time.malformed, date.malformed, decimal.*.
Result<engine::Event> amendment_event(const engine::State& state, const AmendForm& form,
                                      const std::string& idempotency, const engine::Actor& actor);

}  // namespace mb::app
