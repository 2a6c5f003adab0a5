// Raised whenever the same events would give other effects or another state. A log written by
// another version is refused at a start (tests/fixtures/engine_log fails when behaviour changed and
// this did not).
#pragma once

namespace mb::engine {

constexpr int engine_version = 3;

}  // namespace mb::engine
