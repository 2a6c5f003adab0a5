// Order numbers of the console.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.hpp"

namespace mb::api {

/// 8–32 of 0-9A-Z: the project in base 36, then what is unique to the request. The same request
/// gives the same number: asking again after a crash cannot make a second order.
std::string order_number(ProjectId project, std::string_view idempotency);

}  // namespace mb::api
