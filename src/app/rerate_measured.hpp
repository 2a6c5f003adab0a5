// `meterbook rerate` as `bench rate` measures it: everything but the printing.
#pragma once

#include "bench/rate_month.hpp"

namespace mb::app {

/// Throws as rerate_all(), writer::load_newest().
bench::Rerated rerate_measured(store::Database& database, ProjectId project, CivilDate from,
                               CivilDate to, int threads);

}  // namespace mb::app
