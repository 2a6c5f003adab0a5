// The server's configuration file (TOML). Unknown keys are refused with a suggestion.
#pragma once

#include "app/server.hpp"
#include "base/result.hpp"

#include <string_view>

namespace mb::app {

/// Sets what the text names. Keys: http.address, http.port, http.public_url, http.console,
/// meters.address, meters.imei_port, meters.plain_port, meters.gateway_port, meters.link_profiles.
/// Errors: config.malformed {line, why}, config.unknown_key {key, did_you_mean}, config.wrong_type
/// {key}, config.out_of_range {key}, config.plain_http {address}: without TLS only loopback.
Result<void> apply_configuration(std::string_view toml, ServerOptions& options);

}  // namespace mb::app
