// RFC 9457 problems: the one way in which the API says no.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/http.hpp"

namespace mb::api {

/// Errors of the rooms below under the codes and kinds of api/openapi.yaml; others stay as they
/// are.
[[nodiscard]] Error for_clients(Error error);

[[nodiscard]] int status_of(ErrorKind kind);

/// Application/problem+json with `code`, `params`, `trace_id`. A parameter `retry_after_s` also
/// becomes the member and the Retry-After header of that name; a parameter `pointer` becomes an
/// entry of `errors`.
[[nodiscard]] net::HttpResponse problem(const Error& error, std::string_view trace_id);

/// A problem for an HTTP status that the HTTP server gives by itself.
[[nodiscard]] net::HttpResponse problem_of_status(int status);

/// 16 hex digits.
[[nodiscard]] std::string new_trace_id();

}  // namespace mb::api
