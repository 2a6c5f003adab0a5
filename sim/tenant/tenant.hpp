// A virtual tenant: when the power is cut he tops up some business minutes later. Pure: time and
// what he sees come in, what he decides goes out; the fleet pays through the API, the simulator
// directly.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/describe.hpp"
#include "base/money.hpp"
#include "base/time.hpp"

namespace mb::sim::tenant {

struct TenantSpec {
    std::string meter;                          // device address; part of the idempotency key
    Duration delay_min = Duration::minutes(3);  // business time from noticing the cut to paying
    Duration delay_max = Duration::minutes(12);
    std::vector<Money> amounts;  // he pays one of these; not empty
    std::uint64_t seed = 1;
};

/// One payment he wants to make. The key stays the same over retries and restarts.
struct TopUp {
    std::string key;
    Money amount;
};
MB_DESCRIBE(TopUp, (key, amount))

struct TenantState {
    Instant due;                   // he pays then; 0: the power is on
    std::optional<TopUp> pending;  // decided, outcome not yet known
    std::int64_t top_ups = 0;      // decided so far
};
MB_DESCRIBE(TenantState, (due, pending, top_ups))

class Tenant {
public:
    explicit Tenant(TenantSpec spec, TenantState state = {})
        : spec_(std::move(spec)), state_(std::move(state)) {}

    /// Tells him whether the power is cut. Returns what he now wants to pay; at most one at a time.
    std::optional<TopUp> look(bool cut, Instant business_now);
    /// How the pending top-up ended. While the power stays off he tries again: soon after a
    /// failure, after three times his longest delay when he has paid.
    void settled(bool paid, Instant business_now);

    [[nodiscard]] const TenantSpec& spec() const { return spec_; }
    [[nodiscard]] const TenantState& state() const { return state_; }

private:
    [[nodiscard]] std::uint64_t draw(std::uint64_t purpose) const;

    TenantSpec spec_;
    TenantState state_;
};

}  // namespace mb::sim::tenant
