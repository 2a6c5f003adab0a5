// What the head-end knows of the field: which meters are behind which device, and how a device is
// recognised. Made from the projects' meters (engine::MeterLink); changes at run time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "codec/dlt645/relay.hpp"
#include "engine/events.hpp"
#include "headend/ask.hpp"
#include "headend/link_profile.hpp"

namespace mb::headend {

/// One meter installation, over all projects.
struct UnitKey {
    ProjectId project;
    MeterId meter;
    friend auto operator<=>(const UnitKey&, const UnitKey&) = default;
};

struct MeterConfig {
    UnitKey key;
    dlt645::Address address;
    /// MeterLink.password: two hex digits level, six hex digits password as on paper; "02123456" is
    /// level 02, password 123456. Anything else: the meter may be read only.
    std::uint8_t password_level = 0;
    std::uint32_t password = 0;
    bool may_write = false;
    std::shared_ptr<const Zone> zone;  // of its project; meter clocks and deadlines are local time

    friend bool operator==(const MeterConfig&, const MeterConfig&) = default;
};

/// What is behind one link: a meter, a modem with meters, a gateway.
struct Device {
    std::string key;                  // "address:002611150042", "imei:866…", "gateway:GW0017"
    std::vector<MeterConfig> meters;  // by project and meter

    friend bool operator==(const Device&, const Device&) = default;
};
std::string device_key(MatchBy match, std::string_view id);

/// A meter that cannot be reached as it is configured. Codes: meter.address,
/// meter.duplicate_address {other}, meter.no_such_profile {profile}, meter.no_link_id,
/// meter.too_many_behind_link, meter.protocol, project.zone.
struct ConfigProblem {
    UnitKey key;
    Error error;
};

struct ProjectMeters {
    std::string zone = "Asia/Shanghai";  // IANA
    std::vector<engine::Meter> meters;
};

class Directory {
public:
    explicit Directory(const LinkProfiles& profiles) : profiles_(profiles) {}

    /// Replaces what is known of a project. Meters whose installation has ended by `business_now`
    /// are left out.
    void set(ProjectId project, const ProjectMeters& meters, Instant business_now);
    void remove(ProjectId project);

    /// Nothing when nobody configured it.
    [[nodiscard]] std::shared_ptr<const Device> find(std::string_view key) const;
    [[nodiscard]] const std::vector<ConfigProblem>& problems() const { return problems_; }
    [[nodiscard]] const std::map<std::string, std::shared_ptr<const Device>, std::less<>>& devices()
        const {
        return devices_;
    }

private:
    struct Entry {
        std::string device;
        std::int32_t meters_max = 0;
        MeterConfig meter;
    };
    void rebuild();

    const LinkProfiles& profiles_;
    std::shared_ptr<const Zone> zone_of(ProjectId project, const std::string& name);

    std::map<ProjectId, std::shared_ptr<const Zone>> zones_;
    std::map<ProjectId, std::vector<Entry>> entries_;
    std::map<ProjectId, std::vector<ConfigProblem>> entry_problems_;
    std::map<std::string, std::shared_ptr<const Device>, std::less<>> devices_;
    std::vector<ConfigProblem> problems_;
};

}  // namespace mb::headend

template <>
struct std::hash<mb::headend::UnitKey> {
    std::size_t operator()(const mb::headend::UnitKey& key) const noexcept {
        return std::hash<std::int64_t>{}(key.project.value * 1'000'003 + key.meter.value);
    }
};
