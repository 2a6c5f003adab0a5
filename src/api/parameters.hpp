// Query parameters and bodies into values; what is wrong with them becomes request.invalid or
// request.unknown_field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/problem.hpp"
#include "base/json.hpp"
#include "net/http.hpp"

namespace mb::api {

/// A whole number in [least, most]. Errors: request.invalid {field}.
Result<std::int64_t> number_parameter(const net::HttpRequest& request, std::string_view name,
                                      std::int64_t otherwise, std::int64_t least,
                                      std::int64_t most);
/// At most `characters_max` characters. Errors: request.invalid {field}.
Result<std::string> text_parameter(const net::HttpRequest& request, std::string_view name,
                                   std::size_t characters_max);
/// One of two words, or nothing. Errors: request.invalid {field}.
Result<std::optional<bool>> choice_parameter(const net::HttpRequest& request, std::string_view name,
                                             std::string_view yes, std::string_view no);
/// A positive id out of a path; ids that are no numbers are ids of nothing: 0.
std::int64_t id_of(std::string_view text);

Error invalid(std::string_view field, std::string_view reason);
/// Of a member of the body: with its JSON pointer.
Error invalid_body(std::string_view pointer, std::string_view reason);

[[nodiscard]] bool is_utf8(std::string_view text);
/// Code points of valid UTF-8.
[[nodiscard]] std::size_t characters(std::string_view text);

/// Errors: request.malformed, request.unknown_field, request.invalid.
template <class T>
Result<T> body_of(const net::HttpRequest& request) {
    const std::string_view type = request.headers.get("content-type");
    if (!type.starts_with("application/json")) {
        return fail(error("request.malformed").with("reason", "content_type"));
    }
    auto parsed = from_json<T>(request.body);
    if (!parsed) return fail(for_clients(std::move(parsed).error()));
    return parsed;
}

}  // namespace mb::api
