// The built console in memory: ETags, hashed assets immutable, pages never cached, compressed forms
// where the build made them (.br, .gz), a strict content security policy.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "net/http.hpp"

namespace mb::api {

/// Headers that every answer carries.
void add_security_headers(net::HttpResponse& response, bool secure);
/// The policy proven with the console (reference/frontend.md §3).
std::string_view page_policy();

class StaticFiles {
public:
    /// Reads all of `folder`; it is served under `prefix` ("/admin/"). A missing folder serves
    /// nothing. Files over 16 MiB, links out of the folder and hidden files are left out.
    StaticFiles(const std::filesystem::path& folder, std::string prefix);

    [[nodiscard]] bool empty() const { return files_.empty(); }
    /// GET and HEAD. Paths without a file and without a dot in their last part get index.html: the
    /// console routes by itself. 404 has an empty body.
    [[nodiscard]] net::HttpResponse serve(const net::HttpRequest& request) const;

private:
    struct Form {
        std::shared_ptr<const std::string> body;  // null: there is none
        std::string etag;
    };
    struct File {
        std::string type;
        bool immutable = false;
        Form plain;
        Form gzip;
        Form brotli;
    };
    [[nodiscard]] const File* find(const std::string& path) const;

    std::string prefix_;
    std::map<std::string, File> files_;  // by path below the prefix
};

/// Does `accept_encoding` (RFC 9110 §12.5.3) allow this coding?
bool accepts_encoding(std::string_view accept_encoding, std::string_view coding);

}  // namespace mb::api
