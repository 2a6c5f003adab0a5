// A refusal as the `--json` of every command has it.
#pragma once

#include "base/result.hpp"

#include <string>

namespace mb::app {

/// {"error":{"code":"…","parameter":"…"}}
std::string error_json(const Error& why);

}  // namespace mb::app
