// What the fleet keeps in its file: registers, relays, clocks, tenants, and the business time of
// the save.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/describe.hpp"
#include "sim/meter/state.hpp"
#include "sim/tenant/tenant.hpp"

namespace mb::sim::fleet {

struct SavedMeter {
    std::string address;
    meter::MeterState state;
};
MB_DESCRIBE(SavedMeter, (address, state))

struct SavedTenant {
    std::string meter;
    tenant::TenantState state;
};
MB_DESCRIBE(SavedTenant, (meter, state))

struct SavedState {
    Instant business_at;  // first, so that saved_business_time need not read on
    std::vector<SavedMeter> meters;
    std::vector<SavedTenant> tenants;
};
MB_DESCRIBE(SavedState, (business_at, meters, tenants))

/// Replaces the file whole. `sync`: on disk before it returns. Throws std::system_error.
void save_state(const std::filesystem::path& path, const SavedState& state, bool sync);
/// Nothing when there is no file. Errors: fleet.bad_state_file.
Result<std::optional<SavedState>> load_state(const std::filesystem::path& path);
/// When the file was written, in business time: `demo` starts from the later of this and the
/// server's. Errors: fleet.bad_state_file.
Result<std::optional<Instant>> saved_business_time(const std::filesystem::path& path);

}  // namespace mb::sim::fleet
