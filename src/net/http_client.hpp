// The one HTTP client: blocking, with a deadline, for worker threads. libcurl is included by
// http_client.cpp alone. Certificates are always verified; plain http is refused except to
// loopback, unless a call allows it.
#pragma once

#include <memory>
#include <string>

#include "base/time.hpp"
#include "net/http.hpp"

namespace mb::net {

struct HttpCall {
    std::string method = "GET";
    std::string url;
    HttpHeaders headers;
    std::string body;
    Duration timeout = Duration::seconds(10);  // wall, for the whole call
    Duration connect_timeout = Duration::seconds(5);
    std::size_t answer_bytes_max = std::size_t{4} << 20;
    bool allow_plain_http = false;  // to hosts other than loopback
    std::string ca_file;            // instead of the system's authorities
};

/// One per thread; it keeps its connections between calls. Redirects are not followed.
class HttpClient {
public:
    HttpClient();
    ~HttpClient();
    HttpClient(HttpClient&&) noexcept;
    HttpClient& operator=(HttpClient&&) noexcept;

    /// Any status is a success here. Errors: net.bad_url, net.plain_http, net.resolve, net.refused,
    /// net.tls, net.timeout, net.too_large, net.failed {reason}. The retryable ones are of kind
    /// unavailable. After net.timeout and net.failed the other side may have acted all the same.
    Result<HttpResponse> call(const HttpCall& call);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace mb::net
