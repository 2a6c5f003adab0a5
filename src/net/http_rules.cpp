// The rules of HTTP that need no socket: what a request must be like, how an answer's head is
// written.
#include <fmt/format.h>
#include <array>
#include <ctime>

#include "base/check.hpp"
#include "net/http_connection.hpp"

namespace mb::net {

namespace {

bool has_control(std::string_view text) {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return true;
    }
    return false;
}

/// Decodes the path; refuses what could mean different things to different readers.
bool decode_path(std::string_view raw, std::string& path) {
    for (std::size_t i = 0; i + 2 < raw.size(); ++i) {
        if (raw[i] == '%' && raw[i + 1] == '2' && (raw[i + 2] == 'F' || raw[i + 2] == 'f')) {
            return false;
        }
    }
    auto decoded = percent_decode(raw, false);
    if (!decoded || decoded->empty() || decoded->front() != '/' || has_control(*decoded) ||
        decoded->find('\\') != std::string::npos) {
        return false;
    }
    std::string_view rest = *decoded;
    while (!rest.empty()) {
        rest.remove_prefix(1);
        const std::string_view segment = rest.substr(0, rest.find('/'));
        if (segment == "." || segment == "..") return false;
        rest.remove_prefix(segment.size());
    }
    path = std::move(*decoded);
    return true;
}

/// RFC 9110 §5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    static constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                       days.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                       months.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900,
                       utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace

int complete_request(HttpRequest& request, unsigned version) {
    if (version != 10 && version != 11) return 400;
    if (request.headers.count("host") > 1 || (version == 11 && !request.headers.has("host"))) {
        return 400;
    }
    if (request.headers.has("transfer-encoding")) {
        // Anything but exactly "chunked" may be framed differently by a proxy before us.
        if (request.headers.count("transfer-encoding") > 1 ||
            request.headers.has("content-length") || version == 10) {
            return 400;
        }
        if (request.headers.get("transfer-encoding") != "chunked") return 501;
    }
    const std::string_view target = request.target;
    const std::size_t mark = target.find('?');
    if (!decode_path(target.substr(0, mark), request.path)) return 400;
    if (mark != std::string_view::npos) {
        auto query = parse_query(target.substr(mark + 1));
        if (!query) return 400;
        request.query = std::move(*query);
    }
    return 0;
}

std::string response_head(const HttpResponse& response, std::optional<std::size_t> length,
                          bool chunked, bool keep_alive) {
    CHECK(response.status >= 200 && response.status <= 599);
    std::string out = "HTTP/1.1 " + std::to_string(response.status) + ' ';
    out += status_phrase(response.status);
    out += "\r\nDate: " + http_date() + "\r\n";
    for (const auto& [name, value] : response.headers) {
        CHECK_MSG(!has_control(name) && !has_control(value), "header " + name);
        out += name;
        out += ": ";
        out += value;
        out += "\r\n";
    }
    if (length && response.status != 204 && response.status != 304) {
        out += "Content-Length: " + std::to_string(*length) + "\r\n";
    }
    if (chunked) out += "Transfer-Encoding: chunked\r\n";
    out += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
    return out;
}

}  // namespace mb::net
