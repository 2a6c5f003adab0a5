// The engine's timeline entries under the text codes that the contract lists (api/openapi.yaml,
// TimelineEntry).
#pragma once

#include <string>

#include "engine/rows.hpp"

namespace mb::api {

struct TimelineCode {
    std::string kind;       // notice, credit, relay, command, order, reading, protection, power
    std::string text_code;  // one of the contract, or the engine's own
    std::string params;     // JSON object of texts, with `by` when a person did it
};

TimelineCode timeline_code(const engine::TimelineRow& row);

}  // namespace mb::api
