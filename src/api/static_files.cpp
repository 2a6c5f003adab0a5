#include "api/static_files.hpp"

#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>

#include "base/check.hpp"
#include "base/log.hpp"
#include "crypto/digest.hpp"

namespace mb::api {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t file_max = std::uintmax_t{16} << 20;
constexpr std::size_t worth_compressing = 1024;

struct Kind {
    std::string_view suffix;
    std::string_view type;
    bool text;
};

constexpr Kind kinds[] = {
    {".html", "text/html; charset=utf-8", true},
    {".js", "text/javascript; charset=utf-8", true},
    {".mjs", "text/javascript; charset=utf-8", true},
    {".css", "text/css; charset=utf-8", true},
    {".json", "application/json", true},
    {".svg", "image/svg+xml", true},
    {".webmanifest", "application/manifest+json", true},
    {".txt", "text/plain; charset=utf-8", true},
    {".png", "image/png", false},
    {".jpg", "image/jpeg", false},
    {".webp", "image/webp", false},
    {".ico", "image/x-icon", false},
    {".woff2", "font/woff2", false},
    {".wasm", "application/wasm", false},
};

const Kind* kind_of(std::string_view name) {
    for (const Kind& kind : kinds) {
        if (name.ends_with(kind.suffix)) return &kind;
    }
    return nullptr;
}

std::optional<std::string> read_file(const fs::path& path) {
    std::error_code failed;
    if (!fs::is_regular_file(path, failed) || fs::file_size(path, failed) > file_max || failed) {
        return std::nullopt;
    }
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
}

std::string gzip(const std::string& plain) {
    z_stream stream{};
    CHECK(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) ==
          Z_OK);
    std::string out(deflateBound(&stream, plain.size()), '\0');
    // zlib never writes through next_in; its interface only lacks the const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

/// Vite puts a hash of eight or more characters before the suffix: "assets/index-B1x9_dLq.js".
bool has_hashed_name(const std::string& path) {
    if (!path.starts_with("assets/")) return false;
    const std::size_t dash = path.rfind('-');
    const std::size_t dot = path.find('.', dash == std::string::npos ? 0 : dash);
    return dash != std::string::npos && dot != std::string::npos && dot - dash > 8;
}

bool hidden(const fs::path& relative) {
    return std::any_of(relative.begin(), relative.end(),
                       [](const fs::path& part) { return part.string().starts_with('.'); });
}

}  // namespace

void add_security_headers(net::HttpResponse& response, bool secure) {
    response.headers.add("X-Content-Type-Options", "nosniff");
    response.headers.add("Referrer-Policy", "no-referrer");
    response.headers.add("X-Frame-Options", "DENY");
    response.headers.add("Cross-Origin-Opener-Policy", "same-origin");
    response.headers.add("Cross-Origin-Resource-Policy", "same-origin");
    if (!response.headers.has("content-security-policy")) {
        response.headers.add("Content-Security-Policy",
                             "default-src 'none'; frame-ancestors 'none'");
    }
    if (!response.headers.has("cache-control")) {
        response.headers.add("Cache-Control", "no-store");
    }
    if (secure) response.headers.add("Strict-Transport-Security", "max-age=31536000");
}

std::string_view page_policy() {
    return "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src "
           "'self' "
           "data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors "
           "'none'";
}

StaticFiles::StaticFiles(const fs::path& folder, std::string prefix) : prefix_(std::move(prefix)) {
    std::error_code failed;
    const fs::path root = fs::weakly_canonical(folder, failed);
    if (failed || !fs::is_directory(root, failed)) {
        log::warn("api: no built console in {}", folder.string());
        return;
    }
    const auto form = [](std::string body, std::string_view mark) {
        Form out;
        out.etag =
            '"' + crypto::hex_lower(crypto::sha256(body)).substr(0, 20) + std::string(mark) + '"';
        out.body = std::make_shared<const std::string>(std::move(body));
        return out;
    };
    for (const auto& entry : fs::recursive_directory_iterator(root, failed)) {
        const fs::path relative = entry.path().lexically_relative(root);
        const std::string name = relative.generic_string();
        const Kind* kind = kind_of(name);
        if (kind == nullptr || hidden(relative) || entry.is_symlink()) continue;
        auto body = read_file(entry.path());
        if (!body) continue;
        File file;
        file.type = kind->type;
        file.immutable = has_hashed_name(name);
        if (auto packed = read_file(entry.path().string() + ".br")) {
            file.brotli = form(std::move(*packed), "-br");
        }
        if (auto packed = read_file(entry.path().string() + ".gz")) {
            file.gzip = form(std::move(*packed), "-gz");
        } else if (kind->text && body->size() >= worth_compressing) {
            file.gzip = form(gzip(*body), "-gz");
        }
        file.plain = form(std::move(*body), "");
        files_.emplace(name, std::move(file));
    }
}

const StaticFiles::File* StaticFiles::find(const std::string& path) const {
    const std::string name = path.substr(prefix_.size());
    auto found = files_.find(name.empty() ? "index.html" : name);
    if (found == files_.end()) {
        const std::size_t slash = name.rfind('/');
        const std::string last = slash == std::string::npos ? name : name.substr(slash + 1);
        if (last.find('.') != std::string::npos) return nullptr;  // a file that is not there
        found = files_.find("index.html");
    }
    return found == files_.end() ? nullptr : &found->second;
}

net::HttpResponse StaticFiles::serve(const net::HttpRequest& request) const {
    net::HttpResponse out;
    const File* file = request.path.starts_with(prefix_) ? find(request.path) : nullptr;
    if (file == nullptr) {
        out.status = 404;
        return out;
    }
    if (request.method != "GET" && request.method != "HEAD") {
        out.status = 405;
        out.headers.add("Allow", "GET, HEAD");
        return out;
    }
    const std::string_view accepted = request.headers.get("accept-encoding");
    const Form* form = &file->plain;
    if (file->brotli.body && accepts_encoding(accepted, "br")) {
        form = &file->brotli;
        out.headers.add("Content-Encoding", "br");
    } else if (file->gzip.body && accepts_encoding(accepted, "gzip")) {
        form = &file->gzip;
        out.headers.add("Content-Encoding", "gzip");
    }
    if (file->gzip.body || file->brotli.body) out.headers.add("Vary", "Accept-Encoding");
    out.headers.add("ETag", form->etag);
    out.headers.add("Cache-Control",
                    file->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    out.headers.add("Content-Security-Policy", std::string(page_policy()));
    const std::string_view known = request.headers.get("if-none-match");
    if (known == "*" || known.find(form->etag) != std::string_view::npos) {
        out.status = 304;
        return out;
    }
    out.headers.add("Content-Type", file->type);
    out.shared_body = form->body;
    return out;
}

bool accepts_encoding(std::string_view accept_encoding, std::string_view coding) {
    while (!accept_encoding.empty()) {
        const std::size_t end = std::min(accept_encoding.find(','), accept_encoding.size());
        std::string_view item = accept_encoding.substr(0, end);
        accept_encoding.remove_prefix(std::min(end + 1, accept_encoding.size()));
        const auto trim = [](std::string_view text) {
            while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
            while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
            return text;
        };
        const std::size_t mark = std::min(item.find(';'), item.size());
        if (trim(item.substr(0, mark)) != coding) continue;
        const std::string_view weight = trim(item.substr(std::min(mark + 1, item.size())));
        return !(weight.starts_with("q=0") && weight.find_first_of("123456789") == weight.npos);
    }
    return false;
}

}  // namespace mb::api
