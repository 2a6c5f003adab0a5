#include "headend/device.hpp"

#include <algorithm>

namespace mb::headend {

namespace {

/// Eight hex digits: level and password.
void read_password(const std::string& text, MeterConfig& out) {
    if (text.size() != 8) return;
    const auto read = dlt645::Credentials::parse(std::string_view(text).substr(0, 2),
                                                 std::string_view(text).substr(2), "00000000");
    if (!read) return;
    out.password_level = read->level;
    out.password = read->password;
    out.may_write = true;
}

}  // namespace

std::string device_key(MatchBy match, std::string_view id) {
    return std::string(enum_text(match)) + ":" + std::string(id);
}

std::shared_ptr<const Zone> Directory::zone_of(ProjectId project, const std::string& name) {
    std::shared_ptr<const Zone>& zone = zones_[project];
    if (!zone || zone->name() != name) {
        auto found = Zone::find(name);
        zone = found ? std::make_shared<const Zone>(std::move(*found)) : nullptr;
    }
    return zone;
}

void Directory::set(ProjectId project, const ProjectMeters& meters, Instant business_now) {
    std::vector<Entry>& entries = entries_[project];
    std::vector<ConfigProblem>& problems = entry_problems_[project];
    entries.clear();
    problems.clear();
    const auto zone = zone_of(project, meters.zone);
    if (!zone) {
        problems.push_back({{project, {}}, error("project.zone").with("zone", meters.zone)});
        rebuild();
        return;
    }
    for (const engine::Meter& meter : meters.meters) {
        const UnitKey key{project, meter.id};
        const auto refuse = [&](Error why) { problems.push_back({key, std::move(why)}); };
        const engine::MeterLink& link = meter.link;
        if (meter.to && meter.to <= business_now) continue;
        if (link.protocol != "dlt645") {
            refuse(error("meter.protocol").with("protocol", link.protocol));
            continue;
        }
        const auto profile = profiles_.find(link.profile);
        if (!profile) {
            refuse(error("meter.no_such_profile").with("profile", link.profile));
            continue;
        }
        const auto address = dlt645::Address::parse(link.address);
        if (!address || address->is_wildcard() || address->is_broadcast()) {
            refuse(error("meter.address").with("address", link.address));
            continue;
        }
        const MatchBy match = profile->registration.match;
        const std::string id = match == MatchBy::imei      ? link.imei
                               : match == MatchBy::gateway ? link.gateway
                                                           : address->text();
        if (id.empty()) {
            refuse(error("meter.no_link_id").with("profile", link.profile));
            continue;
        }
        Entry entry{device_key(match, id), profile->limits.meters_max, {}};
        entry.meter.key = key;
        entry.meter.address = *address;
        entry.meter.zone = zone;
        read_password(link.password, entry.meter);
        entries.push_back(std::move(entry));
    }
    std::ranges::sort(entries, {}, [](const Entry& e) { return e.meter.key; });
    rebuild();
}

void Directory::remove(ProjectId project) {
    entries_.erase(project);
    entry_problems_.erase(project);
    rebuild();
}

void Directory::rebuild() {
    std::map<std::string, Device, std::less<>> fresh;
    problems_.clear();
    for (const auto& [project, problems] : entry_problems_) {
        problems_.insert(problems_.end(), problems.begin(), problems.end());
    }
    for (const auto& [project, entries] : entries_) {
        for (const Entry& entry : entries) {
            Device& device = fresh[entry.device];
            device.key = entry.device;
            const auto same =
                std::ranges::find(device.meters, entry.meter.address, &MeterConfig::address);
            if (same != device.meters.end()) {
                problems_.push_back(
                    {entry.meter.key,
                     error("meter.duplicate_address").with("other", same->key.meter.text())});
            } else if (std::ssize(device.meters) >= entry.meters_max) {
                problems_.push_back(
                    {entry.meter.key,
                     error("meter.too_many_behind_link").with("device", entry.device)});
            } else {
                device.meters.push_back(entry.meter);
            }
        }
    }
    std::map<std::string, std::shared_ptr<const Device>, std::less<>> devices;
    for (auto& [key, device] : fresh) {
        const auto old = devices_.find(key);
        // An unchanged device keeps its object: sessions compare pointers.
        devices[key] = old != devices_.end() && *old->second == device
                           ? old->second
                           : std::make_shared<const Device>(std::move(device));
    }
    devices_ = std::move(devices);
}

std::shared_ptr<const Device> Directory::find(std::string_view key) const {
    const auto found = devices_.find(key);
    return found == devices_.end() ? nullptr : found->second;
}

}  // namespace mb::headend
