// HTTP messages as the rest of the house sees them; server and client share them.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace mb::net {

/// In order of arrival; names are compared without regard to case.
class HttpHeaders {
public:
    HttpHeaders() = default;
    HttpHeaders(std::initializer_list<std::pair<std::string, std::string>> fields)
        : fields_(fields) {}

    /// The first of that name, or "".
    [[nodiscard]] std::string_view get(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const;
    [[nodiscard]] std::size_t count(std::string_view name) const;
    void add(std::string name, std::string value);
    /// Replaces all of that name.
    void set(std::string name, std::string value);
    [[nodiscard]] auto begin() const { return fields_.begin(); }
    [[nodiscard]] auto end() const { return fields_.end(); }
    [[nodiscard]] std::size_t size() const { return fields_.size(); }

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

struct HttpRequest {
    std::string method;  // "GET"
    std::string target;  // as sent: "/a%20b?x=1"
    std::string path;    // decoded: "/a b"; never with an encoded slash or a control character
    std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
    HttpHeaders headers;
    std::string body;
    std::string peer;  // numeric address without port

    /// The first parameter of that name.
    [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
    /// The cookie of that name (RFC 6265 §5.4), or "".
    [[nodiscard]] std::string_view cookie(std::string_view name) const;
};

struct HttpResponse {
    int status = 200;
    HttpHeaders headers;  // without Content-Length, Date, Connection: the server adds them
    std::string body;
    /// Sent instead of `body` when set, without a copy.
    std::shared_ptr<const std::string> shared_body;
};

/// "%E4%BA%91" → "云". `plus_is_space` for query strings. Nothing when an escape is broken.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);
/// Escapes all but RFC 3986's unreserved characters.
std::string percent_encode(std::string_view text);
/// "a=1&b=2", decoded. Nothing when an escape is broken.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view text);
/// The standard phrase, "Not Found"; "" for a status unknown to us.
std::string_view status_phrase(int status);

}  // namespace mb::net
