#include "sim/tenant/tenant.hpp"

#include "base/check.hpp"
#include "sim/meter/load.hpp"

namespace mb::sim::tenant {

std::uint64_t Tenant::draw(std::uint64_t purpose) const {
    return meter::mix(spec_.seed ^ meter::mix(purpose * 2 + 1) ^
                      meter::mix(static_cast<std::uint64_t>(state_.top_ups) << 8));
}

std::optional<TopUp> Tenant::look(bool cut, Instant business_now) {
    if (state_.pending) return std::nullopt;
    if (!cut) {
        state_.due = {};
        return std::nullopt;
    }
    if (!state_.due) {
        const std::int64_t spread = spec_.delay_max.us - spec_.delay_min.us;
        CHECK(spread >= 0);
        const auto part =
            static_cast<std::int64_t>(draw(1) % static_cast<std::uint64_t>(spread + 1));
        state_.due = business_now + spec_.delay_min + Duration{part};
    }
    if (business_now < state_.due) return std::nullopt;
    CHECK(!spec_.amounts.empty());
    state_.pending = TopUp{"tenant-" + spec_.meter + "-" + std::to_string(state_.due.us),
                           spec_.amounts[draw(2) % spec_.amounts.size()]};
    ++state_.top_ups;
    return state_.pending;
}

void Tenant::settled(bool paid, Instant business_now) {
    state_.pending.reset();
    state_.due = business_now + (paid ? spec_.delay_max * 3 : spec_.delay_min);
}

}  // namespace mb::sim::tenant
