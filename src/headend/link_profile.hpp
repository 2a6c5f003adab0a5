// How devices behave on a link before and between the meters' own frames: data, one TOML file each
// in meters/links, with sample bytes that a test runs. All times of a link are wall time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/describe.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace mb::headend {

enum class RegistrationKind : std::uint8_t {
    wildcard,  // the device is silent: its meter is asked for its address (control 13)
    line,      // prefix, id, terminator, as ASCII
    bytes,     // prefix, then `length` bytes whose hex digits are the id
};
MB_ENUM(RegistrationKind, wildcard, line, bytes)

enum class Alphabet : std::uint8_t { digits, alnum };
MB_ENUM(Alphabet, digits, alnum)

/// Which member of a meter's link the id is looked up by.
enum class MatchBy : std::uint8_t { address, imei, gateway };
MB_ENUM(MatchBy, address, imei, gateway)

struct Registration {
    RegistrationKind kind = RegistrationKind::wildcard;
    MatchBy match = MatchBy::address;
    Bytes prefix;
    Alphabet alphabet = Alphabet::digits;  // line
    std::uint8_t length_min = 1;           // characters of a line, bytes of `bytes`; at most 32
    std::uint8_t length_max = 32;
    Bytes terminator;  // line; not empty
    Bytes reply;       // sent back when the device is known; may be empty
};

struct Heartbeat {
    Bytes bytes;                  // empty: the device sends none
    Duration every;               // 0 when it sends none
    std::int32_t missed_max = 3;  // the link is dead after so many without any byte
};

struct LinkTiming {
    Duration reply_timeout = Duration::seconds(3);      // from the request to the whole answer
    Duration inter_byte = Duration::milliseconds(500);  // a longer gap ends a frame
    Duration gap;  // quiet time between answer and next request
    Duration identify_timeout = Duration::seconds(30);  // then the link is closed
    std::int32_t silent_requests_max = 6;  // without a heartbeat: so many in a row unanswered, and
                                           // not a byte heard, close the link
    std::int32_t preamble = 4;             // FE bytes before each request
};

struct RelayTiming {
    Duration actuation_delay;  // wall, from 9C to the first read-back
    Duration pretrip_delay;    // business, on top of it for trips: the meter's own warning time
    Duration read_back_window = Duration::seconds(10);  // wall, from the end of the delays
    Duration read_back_every = Duration::seconds(1);    // wall
};

/// What one link may send. More is dropped; who keeps on is closed.
struct LinkLimits {
    std::int32_t bytes_per_s = 4096;
    std::int32_t burst_bytes = 16384;
    std::int32_t frames_per_s = 50;  // good and bad ones, and runs of garbage
    std::int32_t meters_max = 256;   // behind one link
};

/// `receive` arrives segment by segment; a test feeds it to a session.
struct LinkSample {
    std::string name;
    std::vector<Bytes> receive;
    std::string id;  // what the device is recognised as; "" = not recognised
    std::int32_t heartbeats = 0;
    std::int32_t frames = 0;  // good ones
};

struct LinkProfile {
    std::string name;  // [a-z0-9_]{1,32}, unique
    std::string title;
    std::string title_zh;
    Registration registration;
    Heartbeat heartbeat;
    LinkTiming timing;
    RelayTiming relay;
    LinkLimits limits;
    std::vector<LinkSample> samples;  // at least one
};

/// `file` is named in errors. Errors: link_profile.syntax {file, line}, .unknown_key {file, key,
/// did_you_mean}, .missing {file, key}, .wrong_type {file, key}, .out_of_range {file, key},
/// .inconsistent {file, key}.
Result<LinkProfile> parse_link_profile(std::string_view toml, std::string_view file);

class LinkProfiles {
public:
    using Ptr = std::shared_ptr<const LinkProfile>;

    /// Those of meters/links as they were when this program was built.
    static const LinkProfiles& built_in();
    /// The built-in ones; files *.toml of the folder come on top or replace those of the same name.
    /// Errors: as parse_link_profile; link_profile.folder {folder}.
    static Result<LinkProfiles> with_folder(const std::filesystem::path& folder);

    /// Replaces one of the same name.
    void add(LinkProfile profile);
    /// Nothing when there is none of that name.
    [[nodiscard]] Ptr find(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> names() const;

private:
    std::map<std::string, Ptr, std::less<>> by_name_;
};

/// A file that the build put into the program.
struct EmbeddedFile {
    std::string_view name;
    std::string_view text;
};
/// meters/links/*.toml, by name (written by cmake/Embed.cmake).
const std::vector<EmbeddedFile>& embedded_link_profiles();

}  // namespace mb::headend
