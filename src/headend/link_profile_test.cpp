#include "headend/link_profile.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "headend/scripted_field_test.hpp"
#include "headend/switchboard.hpp"
#include "tests/support/source_dir.hpp"

namespace mb::headend {
namespace {

/// Runs one sample through a session whose host knows no device.
struct SampleHost : SessionHost {
    void send(LinkId, ByteView) override {}
    void identified(Session& session, const engine::Now& now) override {
        id = session.device_id();
        session.bind(std::make_shared<Device>(), {}, now);
    }
    [[nodiscard]] bool polling_allowed() const override { return true; }
    std::string id;
};

TEST(LinkProfile, EachBuiltInProfileRunsItsSamples) {
    const LinkProfiles& profiles = LinkProfiles::built_in();
    ASSERT_GE(profiles.names().size(), 4U);
    const HeadendSettings settings;
    for (const std::string& name : profiles.names()) {
        const auto profile = profiles.find(name);
        EXPECT_GE(profile->samples.size(), 3U) << name;
        for (const LinkSample& sample : profile->samples) {
            SampleHost host;
            Session session(LinkId{1}, profile, settings, host);
            const engine::Now now{Instant{1'000'000}, Instant{1'000'000}, 1};
            session.on_open(now);
            for (const Bytes& segment : sample.receive) session.on_bytes(segment, now);
            const std::string where = name + ": " + sample.name;
            EXPECT_EQ(host.id, sample.id) << where;
            EXPECT_EQ(session.counters().heartbeats, static_cast<std::uint64_t>(sample.heartbeats))
                << where;
            EXPECT_EQ(session.counters().frames, static_cast<std::uint64_t>(sample.frames))
                << where;
        }
    }
}

TEST(LinkProfile, TheBuiltInFilesAreThoseOfTheTree) {
    std::size_t files = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(test::source_dir() / "meters/links")) {
        std::ifstream in(entry.path(), std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(in),
                               std::istreambuf_iterator<char>()};
        const auto& embedded = embedded_link_profiles();
        const auto found =
            std::ranges::find(embedded, entry.path().filename().string(), &EmbeddedFile::name);
        ASSERT_NE(found, embedded.end()) << entry.path();
        EXPECT_EQ(found->text, text) << entry.path();
        ++files;
    }
    EXPECT_EQ(files, embedded_link_profiles().size());
}

constexpr std::string_view minimal = R"(
name = "own"
title = "own"
title_zh = "自有"
[registration]
kind = "line"
match = "imei"
alphabet = "digits"
length_min = 15
length_max = 15
terminator = "0D"
[[sample]]
name = "x"
receive = ["00"]
)";

std::string refusal_of(const std::string& from, const std::string& to) {
    std::string text(minimal);
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos);
    text.replace(at, from.size(), to);
    const auto parsed = parse_link_profile(text, "own.toml");
    return parsed ? "" : parsed.error().text();
}

TEST(LinkProfile, RefusesWhatItDoesNotKnow) {
    ASSERT_TRUE(parse_link_profile(minimal, "own.toml"));
    EXPECT_EQ(refusal_of("title = ", "titel = \"x\"\ntitle = "),
              "link_profile.unknown_key file=own.toml key=titel did_you_mean=title");
    EXPECT_EQ(refusal_of("[[sample]]", "[timing]\nreply_timeout = 3\n[[sample]]"),
              "link_profile.unknown_key file=own.toml key=timing.reply_timeout "
              "did_you_mean=reply_timeout_ms");
    EXPECT_EQ(refusal_of("kind = \"line\"", "kind = \"lines\""),
              "link_profile.out_of_range file=own.toml key=registration.kind");
    EXPECT_EQ(refusal_of("terminator = \"0D\"", ""),
              "link_profile.inconsistent file=own.toml key=registration.terminator");
    EXPECT_EQ(refusal_of("length_max = 15", "length_max = 33"),
              "link_profile.out_of_range file=own.toml key=registration.length_max");
    EXPECT_EQ(refusal_of("[[sample]]", "[heartbeat]\nbytes = \"68\"\nevery_s = 60\n[[sample]]"),
              "link_profile.inconsistent file=own.toml key=heartbeat.bytes");
    EXPECT_EQ(refusal_of("title_zh = \"自有\"", "title_zh = 3"),
              "link_profile.wrong_type file=own.toml key=title_zh");
    EXPECT_TRUE(refusal_of("name = \"own\"", "name = \"own")
                    .starts_with("link_profile.syntax file=own.toml"));
}

TEST(LinkProfile, AFolderAddsAndReplaces) {
    const auto folder =
        std::filesystem::temp_directory_path() / ("links_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "own.toml") << minimal;
    std::string other(minimal);
    other.replace(other.find("\"own\""), 5, "\"imei\"");
    std::ofstream(folder / "imei.toml") << other;
    const auto profiles = LinkProfiles::with_folder(folder);
    ASSERT_TRUE(profiles);
    EXPECT_EQ(profiles->names(),
              (std::vector<std::string>{"gateway", "gateway_binary", "imei", "own", "plain"}));
    EXPECT_TRUE(profiles->find("imei")->heartbeat.bytes.empty());
    EXPECT_FALSE(LinkProfiles::built_in().find("imei")->heartbeat.bytes.empty());
    std::filesystem::remove_all(folder);
    EXPECT_EQ(LinkProfiles::with_folder(folder).error().code, "link_profile.folder");
}

}  // namespace
}  // namespace mb::headend
