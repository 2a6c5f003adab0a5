#include "api/timeline_code.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/json.hpp"

namespace mb::api {

namespace {

struct Rename {
    std::string_view engine;
    std::string_view contract;
    std::string_view param;  // added, with `value`; "" = none
    std::string_view value;
};

constexpr Rename renames[] = {
    {"notice.pretrip", "notice.pre_trip", "", ""},
    {"relay.opened", "relay.read_open", "", ""},
    {"relay.found_open", "relay.read_open", "", ""},
    {"relay.closed", "relay.read_closed", "", ""},
    {"relay.found_closed", "relay.read_closed", "", ""},
    {"relay.trip_ordered", "relay.reason_added", "reason", "manual"},
    {"relay.close_ordered", "relay.reason_cleared", "reason", "manual"},
    {"credit.trip_due", "relay.reason_added", "reason", "arrears"},
    {"credit.arrears_ended", "relay.reason_cleared", "reason", "arrears"},
    {"credit.emergency_taken", "credit.emergency_granted", "", ""},
    {"order.paid_late", "order.paid", "", ""},
    {"order.load_seen", "power.load_seen", "", ""},
    {"protection.keep_power_set", "protection.changed", "field", "keep_power"},
    {"protection.keep_power_ended", "protection.changed", "field", "keep_power"},
    {"protection.no_disconnect_set", "protection.changed", "field", "no_disconnect"},
    {"protection.no_disconnect_ended", "protection.changed", "field", "no_disconnect"},
    {"protection.lock_out_set", "protection.changed", "field", "lock_out"},
    {"protection.lock_out_ended", "protection.changed", "field", "lock_out"},
};

/// What the page groups by; entries of set-up stand with what they concern.
std::string kind_of(std::string_view code) {
    static constexpr std::array kinds = {"notice", "credit",  "relay",      "command",
                                         "order",  "reading", "protection", "power"};
    if (code.starts_with("alarm.")) code.remove_prefix(6);
    const std::string_view first = code.substr(0, code.find('.'));
    if (std::find(kinds.begin(), kinds.end(), first) != kinds.end()) return std::string(first);
    if (first == "payment") return "order";
    if (first == "agreement" || first == "tariff" || first == "bill" || first == "billing") {
        return "credit";
    }
    return "reading";
}

using Params = std::vector<std::pair<std::string, std::string>>;

Params params_of(const std::string& json) {
    Params out;
    const auto document = JsonDocument::parse(json);
    if (!document || document->root().type() != JsonNode::Type::object) return out;
    const JsonNode root = document->root();
    for (std::size_t i = 0; i < root.size(); ++i) {
        if (root.value(i).type() == JsonNode::Type::string) {
            out.emplace_back(root.key(i), root.value(i).string());
        }
    }
    return out;
}

void set(Params& params, std::string_view name, std::string value) {
    for (auto& [key, present] : params) {
        if (key == name) {
            present = std::move(value);
            return;
        }
    }
    params.emplace_back(name, std::move(value));
}

void rename(Params& params, std::string_view from, std::string_view to) {
    for (auto& [key, value] : params) {
        if (key == from) key = to;
    }
}

std::string json_of(const Params& params) {
    std::string out = "{";
    for (const auto& [name, value] : params) {
        if (out.size() > 1) out += ',';
        append_json(out, name);
        out += ':';
        append_json(out, value);
    }
    return out + "}";
}

}  // namespace

TimelineCode timeline_code(const engine::TimelineRow& row) {
    TimelineCode out;
    out.text_code = row.kind;
    Params params = params_of(row.params);
    for (const Rename& entry : renames) {
        if (entry.engine != row.kind) continue;
        out.text_code = entry.contract;
        if (entry.param == "reason") rename(params, "reason", "words");
        if (!entry.param.empty()) set(params, entry.param, std::string(entry.value));
        break;
    }
    if (out.text_code == "protection.changed") {
        set(params, "value", row.kind.ends_with("_set") ? "on" : "off");
    }
    if (out.text_code.starts_with("command.")) rename(params, "kind", "command");
    if (out.text_code.starts_with("notice.")) set(params, "channel", "inbox");
    if (row.kind.starts_with("alarm.reading.")) {
        set(params, "reason", row.kind.substr(std::string_view("alarm.reading.").size()));
        out.text_code = "reading.held";
    }
    if (!row.actor.name.empty()) set(params, "by", row.actor.name);
    out.kind = kind_of(out.text_code);
    out.params = json_of(params);
    return out;
}

}  // namespace mb::api
