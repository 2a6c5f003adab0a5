#include "rules/relay/relay.hpp"

namespace mb::rules::relay {

std::vector<Reason> Reasons::list() const {
    std::vector<Reason> out;
    for (int i = 0; i < reason_count; ++i) {
        if (has(static_cast<Reason>(i))) {
            out.push_back(static_cast<Reason>(i));
        }
    }
    return out;
}

Reasons unsuppressed(Reasons reasons, const Protection& protection) {
    if (!protection.keep_power && !protection.no_disconnect) {
        return reasons;
    }
    Reasons out;
    out.set(Reason::safety, reasons.has(Reason::safety));
    out.set(Reason::manual, reasons.has(Reason::manual) && protection.manual_confirmed);
    return out;
}

Action required(Reasons reasons, const Protection& protection, RestoreMode mode, Position position,
                bool restoring, bool staff_close) {
    if (!unsuppressed(reasons, protection).none()) {
        return position == Position::open ? Action::none : Action::trip;
    }
    if (position == Position::closed || protection.lock_out) {
        return Action::none;
    }
    if (staff_close) {
        return Action::close;
    }
    const bool keep_power_on_open = protection.keep_power && position == Position::open;
    if (!restoring && !keep_power_on_open) {
        return Action::none;
    }
    switch (mode) {
        case RestoreMode::direct: return Action::close;
        case RestoreMode::permit: return Action::permit;
        case RestoreMode::staff: break;
    }
    return Action::none;
}

}  // namespace mb::rules::relay
