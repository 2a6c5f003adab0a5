// The looks of `meterbook verify` that need the engine: replay, view rows, a second rating of a
// sample.
#pragma once

#include "store/verify.hpp"

#include <vector>

namespace mb::app {

/// Replay of the older checkpoint reproduces the newer one's image and the log's effects (across a
/// change of the engine's version it is not tried, and the report says so); replay to
/// the end reproduces the view rows. Codes: replay.refused, replay.image_differs, view.differs,
/// view.ahead.
store::VerifyStep replay_step();

/// So many service points of each project, evenly chosen, rated again from their first readings on.
/// Codes: rating.line_differs, rating.line_missing, rating.extra_line, rating.refused.
store::VerifyStep rerate_step(int points = 40);

/// Both.
std::vector<store::VerifyStep> engine_steps();

}  // namespace mb::app
