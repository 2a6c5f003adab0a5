// meters/links: any text is refused with a code or is a profile that a session can run.
#include <cstddef>
#include <cstdint>

#include "base/check.hpp"
#include "headend/link_profile.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace mb;
    const auto profile = headend::parse_link_profile(as_text({data, size}), "fuzz.toml");
    if (!profile) {
        CHECK(profile.error().code.starts_with("link_profile."));
        return 0;
    }
    CHECK(!profile->name.empty() && !profile->samples.empty());
    CHECK(profile->registration.length_min <= profile->registration.length_max);
    CHECK(profile->limits.meters_max > 0 && profile->timing.reply_timeout > Duration{});
    return 0;
}
