// The relay: what a command starts, and what happens when its time has come.
#include "sim/meter/model.hpp"

#include <algorithm>

namespace mb::sim::meter {
namespace {

void remember(std::vector<RelayEvent>& list, RelayEvent event) {
    list.insert(list.begin(), event);
    if (list.size() > events_max) list.resize(events_max);
}

}  // namespace

Instant MeterModel::relay_due() const {
    Instant due;
    if (state_.faults.power_cut) return due;
    const RelayState& r = state_.relay;
    for (const Instant at : {r.move_at, r.restore_at, r.key_at}) {
        if (at && (!due || at < due)) due = at;
    }
    return due;
}

void MeterModel::run_relay() {
    RelayState& r = state_.relay;
    for (Instant due = relay_due(); due && due <= state_.at; due = relay_due()) {
        if (due == r.move_at) {
            r.move_at = {};
            move_contact(r.move_to_open);
        } else if (due == r.restore_at) {
            close();
        } else {
            r.key_at = {};
            if (r.permit) close();
        }
    }
}

void MeterModel::move_contact(bool open) {
    RelayState& r = state_.relay;
    r.pretrip_until = {};
    const Stuck stuck = state_.faults.stuck;
    if (r.open == open || (stuck == Stuck::open && !open) || (stuck == Stuck::closed && open))
        return;
    r.open = open;
    ++(open ? state_.trip_count : state_.close_count);
    remember(open ? state_.trips : state_.closes, {clock(), r.operator_code});
}

void MeterModel::trip(Duration pretrip) {
    RelayState& r = state_.relay;
    r.permit = false;
    r.key_at = r.restore_at = {};
    if (r.commanded_open && (r.open || r.move_at)) return;  // on its way already
    r.commanded_open = true;
    r.pretrip_until = pretrip.us > 0 ? state_.at + pretrip : Instant{};
    r.move_at = state_.at + pretrip + config_.actuation;
    r.move_to_open = true;
}

void MeterModel::close() {
    RelayState& r = state_.relay;
    r.commanded_open = r.permit = false;
    r.pretrip_until = r.restore_at = r.key_at = {};
    r.move_at = r.open ? state_.at + config_.actuation : Instant{};
    r.move_to_open = false;
}

void MeterModel::permit() {
    RelayState& r = state_.relay;
    r.commanded_open = false;
    r.pretrip_until = r.restore_at = r.move_at = {};
    r.permit = r.open;
    r.key_at = {};
    if (r.permit && config_.key_press_after.us > 0) r.key_at = state_.at + config_.key_press_after;
}

void MeterModel::keep_power() {
    RelayState& r = state_.relay;
    r.keep_power = true;
    if (r.move_at && r.move_to_open) {  // a trip that has not moved the contact yet is called off
        r.commanded_open = false;
        r.move_at = r.pretrip_until = r.restore_at = {};
    }
}

bool MeterModel::press_key(Instant business_now) {
    advance(business_now);
    if (!state_.relay.permit || state_.faults.power_cut) return false;
    close();
    return true;
}

}  // namespace mb::sim::meter
