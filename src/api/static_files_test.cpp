#include "api/static_files.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace mb::api {
namespace {

namespace fs = std::filesystem;

class Console : public ::testing::Test {
protected:
    Console()
        : folder_(fs::temp_directory_path() / ("meterbook-static-" + std::to_string(::getpid()))) {
        fs::create_directories(folder_ / "assets");
        write("index.html", "<!doctype html><title>page</title>");
        write("version.json", "{}");
        write("assets/index-B1x9_dLq.js", std::string(5000, 'x'));
        write("assets/logo.svg", "<svg/>");
        write("assets/index-B1x9_dLq.js.br", "brotli bytes");
        write(".secret.html", "no");
        write("notes.unknown", "no");
        fs::create_symlink("/etc/hostname", folder_ / "outside.txt");
    }
    ~Console() override { fs::remove_all(folder_); }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name) << text;
    }
    [[nodiscard]] net::HttpResponse get(const std::string& path,
                                        const net::HttpHeaders& headers = {}) const {
        const StaticFiles files(folder_, "/admin/");
        net::HttpRequest request;
        request.method = "GET";
        request.path = path;
        request.headers = headers;
        return files.serve(request);
    }

    fs::path folder_;
};

TEST_F(Console, PagesAreNeverKeptAndHaveThePolicy) {
    for (const char* path : {"/admin/", "/admin/index.html", "/admin/meters/17"}) {
        const auto answer = get(path);
        EXPECT_EQ(answer.status, 200) << path;
        EXPECT_EQ(answer.headers.get("content-type"), "text/html; charset=utf-8");
        EXPECT_EQ(answer.headers.get("cache-control"), "no-cache");
        EXPECT_NE(answer.headers.get("content-security-policy").find("script-src 'self';"),
                  std::string::npos);
        EXPECT_TRUE(answer.shared_body->starts_with("<!doctype"));
    }
}

TEST_F(Console, HashedAssetsAreImmutableAndCompressed) {
    const std::string path = "/admin/assets/index-B1x9_dLq.js";
    auto answer = get(path);
    EXPECT_EQ(answer.headers.get("cache-control"), "public, max-age=31536000, immutable");
    EXPECT_EQ(answer.shared_body->size(), 5000U);
    EXPECT_EQ(answer.headers.get("vary"), "Accept-Encoding");
    answer = get(path, {{"Accept-Encoding", "gzip, br"}});
    EXPECT_EQ(answer.headers.get("content-encoding"), "br");
    EXPECT_EQ(*answer.shared_body, "brotli bytes");
    answer = get(path, {{"Accept-Encoding", "gzip, br;q=0"}});
    EXPECT_EQ(answer.headers.get("content-encoding"), "gzip") << "made at the start";
    EXPECT_LT(answer.shared_body->size(), 200U);
    EXPECT_EQ(get("/admin/assets/logo.svg").headers.get("cache-control"), "no-cache");
}

TEST_F(Console, KnownFormsAreNotSentAgain) {
    const auto first = get("/admin/");
    const std::string etag(first.headers.get("etag"));
    EXPECT_EQ(etag.size(), 22U);
    const auto second = get("/admin/", {{"If-None-Match", etag}});
    EXPECT_EQ(second.status, 304);
    EXPECT_EQ(second.shared_body, nullptr);
    EXPECT_EQ(get("/admin/", {{"If-None-Match", "\"other\""}}).status, 200);
}

TEST_F(Console, ServesNothingElse) {
    for (const char* path :
         {"/admin/missing.js", "/admin/.secret.html", "/admin/notes.unknown", "/admin/outside.txt",
          "/admin/assets/index-B1x9_dLq.js.br", "/other/index.html", "/admin"}) {
        EXPECT_EQ(get(path).status, 404) << path;
    }
    const StaticFiles nothing(folder_ / "missing", "/admin/");
    EXPECT_TRUE(nothing.empty());
    net::HttpRequest request;
    request.method = "GET";
    request.path = "/admin/";
    EXPECT_EQ(nothing.serve(request).status, 404);
}

TEST(AcceptsEncoding, FollowsTheWeights) {
    EXPECT_TRUE(accepts_encoding("gzip", "gzip"));
    EXPECT_TRUE(accepts_encoding("br;q=1.0, gzip;q=0.8", "gzip"));
    EXPECT_FALSE(accepts_encoding("br;q=1.0, gzip;q=0", "gzip"));
    EXPECT_FALSE(accepts_encoding("gzip;q=0.000", "gzip"));
    EXPECT_TRUE(accepts_encoding("gzip;q=0.001", "gzip"));
    EXPECT_FALSE(accepts_encoding("", "gzip"));
    EXPECT_FALSE(accepts_encoding("xgzip", "gzip"));
}

}  // namespace
}  // namespace mb::api
