#include "net/http_client.hpp"

#include <curl/curl.h>

#include <cstring>
#include <mutex>

#include "base/check.hpp"

namespace mb::net {

struct HttpClient::State {
    State() {
        static std::once_flag once;
        std::call_once(once, [] { CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
        curl = curl_easy_init();
        CHECK(curl != nullptr);
    }
    ~State() { curl_easy_cleanup(curl); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    CURL* curl = nullptr;
};

HttpClient::HttpClient() : state_(std::make_unique<State>()) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

namespace {

struct Answer {
    HttpResponse response;
    std::size_t body_max = 0;
    bool too_large = false;
};

std::size_t take_body(char* data, std::size_t, std::size_t size, void* to) {
    Answer& answer = *static_cast<Answer*>(to);
    if (answer.response.body.size() + size > answer.body_max) {
        answer.too_large = true;
        return 0;
    }
    answer.response.body.append(data, size);
    return size;
}

std::size_t take_header(char* data, std::size_t, std::size_t size, void* to) {
    HttpResponse& response = static_cast<Answer*>(to)->response;
    std::string_view line(data, size);
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
        if (line.starts_with("HTTP/"))
            response.headers = {};  // a later answer, after "100 Continue"
        return size;
    }
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) {
        value.remove_prefix(1);
    }
    response.headers.add(std::string(line.substr(0, colon)), std::string(value));
    return size;
}

struct UrlParts {
    std::string scheme;
    std::string host;
};

Result<UrlParts> split_url(const std::string& url) {
    const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), curl_url_cleanup);
    const auto part = [&](CURLUPart which) {
        char* text = nullptr;
        std::string out;
        if (curl_url_get(parsed.get(), which, &text, 0) == CURLUE_OK) out = text;
        curl_free(text);
        return out;
    };
    if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
        return fail("net.bad_url");
    }
    UrlParts out{part(CURLUPART_SCHEME), part(CURLUPART_HOST)};
    if (out.host.empty() || (out.scheme != "http" && out.scheme != "https")) {
        return fail("net.bad_url");
    }
    return out;
}

bool is_loopback(std::string_view host) {
    return host == "localhost" || host == "[::1]" || host == "127.0.0.1";
}

Error error_of(CURLcode code, const char* detail) {
    const auto make = [&](std::string_view name, bool retryable) {
        Error out = error(name, ErrorKind::unavailable)
                        .with("reason", *detail != 0 ? detail : curl_easy_strerror(code));
        out.retryable = retryable;
        return out;
    };
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY: return make("net.resolve", true);
        case CURLE_COULDNT_CONNECT: return make("net.refused", true);
        case CURLE_OPERATION_TIMEDOUT: return make("net.timeout", true);
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_ISSUER_ERROR: return make("net.tls", false);
        default: return make("net.failed", true);
    }
}

/// A header list of libcurl with its owner.
struct HeaderList {
    curl_slist* first = nullptr;
    ~HeaderList() { curl_slist_free_all(first); }
    void add(const std::string& line) { first = curl_slist_append(first, line.c_str()); }
};

template <class Value>
void set(CURL* curl, CURLoption option, Value value) {
    CHECK(curl_easy_setopt(curl, option, value) == CURLE_OK);
}

void prepare(CURL* curl, const HttpCall& call, const HeaderList& headers, Answer& answer,
             char* detail) {
    curl_easy_reset(curl);  // options only; connections stay
    set(curl, CURLOPT_URL, call.url.c_str());
    set(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
    set(curl, CURLOPT_NOSIGNAL, 1L);
    set(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    set(curl, CURLOPT_FOLLOWLOCATION, 0L);
    set(curl, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    set(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(call.timeout.us / 1000));
    set(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(call.connect_timeout.us / 1000));
    set(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    set(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    set(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!call.ca_file.empty()) set(curl, CURLOPT_CAINFO, call.ca_file.c_str());
    if (call.method == "HEAD") set(curl, CURLOPT_NOBODY, 1L);
    if (!call.body.empty() || call.method == "POST" || call.method == "PUT") {
        set(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
        set(curl, CURLOPT_POSTFIELDS, call.body.data());
    }
    set(curl, CURLOPT_HTTPHEADER, headers.first);
    set(curl, CURLOPT_ERRORBUFFER, detail);
    set(curl, CURLOPT_WRITEFUNCTION, &take_body);
    set(curl, CURLOPT_WRITEDATA, static_cast<void*>(&answer));
    set(curl, CURLOPT_HEADERFUNCTION, &take_header);
    set(curl, CURLOPT_HEADERDATA, static_cast<void*>(&answer));
}

}  // namespace

Result<HttpResponse> HttpClient::call(const HttpCall& call) {
    const UrlParts parts = TRY(split_url(call.url));
    if (parts.scheme == "http" && !is_loopback(parts.host) && !call.allow_plain_http) {
        return fail("net.plain_http");
    }
    HeaderList headers;
    for (const auto& [name, value] : call.headers) {
        CHECK_MSG((name + value).find_first_of("\r\n") == std::string::npos, "header " + name);
        headers.add(value.empty() ? name + ";" : name + ": " + value);
    }
    headers.add("Expect:");
    if (!call.headers.has("content-type")) headers.add("Content-Type:");
    Answer answer;
    answer.body_max = call.answer_bytes_max;
    char detail[CURL_ERROR_SIZE] = {};
    CURL* const curl = state_->curl;
    prepare(curl, call, headers, answer, detail);
    const CURLcode code = curl_easy_perform(curl);
    if (answer.too_large) return fail(error("net.too_large", ErrorKind::unavailable));
    if (code != CURLE_OK) return fail(error_of(code, detail));
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    answer.response.status = static_cast<int>(status);
    return std::move(answer.response);
}

}  // namespace mb::net
