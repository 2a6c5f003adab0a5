#include "api/problem.hpp"

#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "crypto/digest.hpp"

namespace mb::api {

namespace {

struct Translation {
    std::string_view from;
    std::string_view to;
    ErrorKind kind;
};

// Codes of the rooms below that have another name or status in the contract.
constexpr Translation translations[] = {
    {"json.malformed", "request.malformed", ErrorKind::bad_request},
    {"json.too_large", "request.too_large", ErrorKind::bad_request},
    {"json.unknown_field", "request.unknown_field", ErrorKind::bad_request},
    {"relay.locked_out", "relay.locked_out", ErrorKind::locked},
    {"relay.protected", "relay.protected", ErrorKind::conflict},
    {"relay.arrears", "relay.arrears", ErrorKind::conflict},
    {"relay.reason_holds", "relay.other_reasons", ErrorKind::conflict},
    {"service_point.unknown", "meter.not_found", ErrorKind::not_found},
    {"relay.already_open", "relay.already", ErrorKind::conflict},
    {"relay.already_closed", "relay.already", ErrorKind::conflict},
    {"relay.no_meter", "meter.not_found", ErrorKind::not_found},
    {"relay.reason_required", "command.reason_required", ErrorKind::unprocessable},
    {"protection.reason_required", "protection.reason_required", ErrorKind::unprocessable},
    {"credit.emergency_used", "credit.emergency_unavailable", ErrorKind::conflict},
    {"credit.emergency_not_needed", "credit.emergency_unavailable", ErrorKind::conflict},
    {"credit.unknown_account", "meter.not_found", ErrorKind::not_found},
    {"order.amount_range", "order.amount_out_of_range", ErrorKind::unprocessable},
    {"order.unknown_account", "meter.not_found", ErrorKind::not_found},
    {"idempotency.conflict", "idempotency.conflict", ErrorKind::conflict},
    {"store.disk_full", "store.read_only", ErrorKind::unavailable},
    {"store.busy", "store.unavailable", ErrorKind::unavailable},
};

// What went wrong inside a body: reported as request.invalid with the place.
constexpr std::string_view body_errors[] = {
    "json.wrong_type",  "json.missing_field",      "json.unknown_value", "decimal.malformed",
    "decimal.overflow", "decimal.too_many_places", "time.malformed",     "date.malformed",
    "request.too_long", "request.out_of_range",
};

struct Title {
    std::string_view code;
    std::string_view text;
};

constexpr Title titles[] = {
    {"request.malformed", "The request cannot be understood"},
    {"request.unknown_field", "Unknown parameter or field"},
    {"request.invalid", "The request is not valid"},
    {"request.too_large", "The request is too large"},
    {"auth.required", "Sign in first"},
    {"auth.bad_code", "The code is not right"},
    {"auth.code_expired", "The code has expired"},
    {"auth.rate_limited", "Too many attempts"},
    {"auth.csrf", "The CSRF token is missing or wrong"},
    {"auth.origin", "The request comes from a foreign page"},
    {"project.not_found", "No such project"},
    {"meter.not_found", "No such meter"},
    {"order.not_found", "No such order"},
    {"command.not_found", "No such command"},
    {"route.not_found", "No such address"},
    {"route.method", "The address does not know this method"},
    {"idempotency.conflict", "This key was used with another request"},
    {"idempotency.in_progress", "The first request with this key is under way"},
    {"idempotency.key_required", "An Idempotency-Key is needed"},
    {"relay.protected", "The supply is protected"},
    {"relay.locked_out", "A lock-out tag hangs"},
    {"relay.arrears", "The account is in arrears"},
    {"relay.other_reasons", "Another reason keeps the supply cut"},
    {"relay.already", "It already is so"},
    {"command.reason_required", "A reason is needed"},
    {"credit.emergency_unavailable", "No emergency credit is to be had"},
    {"order.amount_out_of_range", "The amount is out of range"},
    {"order.channel_unavailable", "This channel cannot be used"},
    {"store.unavailable", "The store cannot be reached"},
    {"store.read_only", "The store's disk is full: nothing can be written until there is space"},
    {"server.busy", "Too much to do"},
    {"internal", "Something broke"},
};

std::string_view title_of(std::string_view code, int status) {
    for (const Title& title : titles) {
        if (title.code == code) return title.text;
    }
    return net::status_phrase(status);
}

/// Counts and waits are numbers in JSON, everything else stays text.
bool is_number(std::string_view name, std::string_view value) {
    return (name.ends_with("_left") || name.ends_with("_s")) && !value.empty() &&
           value.size() <= 18 && value.find_first_not_of("0123456789") == std::string_view::npos;
}

void append_params(std::string& out, const Error& error) {
    out += '{';
    bool first = true;
    for (const auto& [name, value] : error.params) {
        if (name == "pointer" || value.empty()) continue;
        if (!first) out += ',';
        first = false;
        append_json(out, name);
        out += ':';
        if (is_number(name, value)) {
            out += value;
        } else {
            append_json(out, value);
        }
    }
    out += '}';
}

const std::string* find_param(const Error& error, std::string_view name) {
    for (const auto& [key, value] : error.params) {
        if (key == name) return &value;
    }
    return nullptr;
}

}  // namespace

int status_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::bad_request: return 400;
        case ErrorKind::unauthorized: return 401;
        case ErrorKind::forbidden: return 403;
        case ErrorKind::not_found: return 404;
        case ErrorKind::conflict: return 409;
        case ErrorKind::unprocessable: return 422;
        case ErrorKind::locked: return 423;
        case ErrorKind::too_many: return 429;
        case ErrorKind::unavailable: return 503;
        case ErrorKind::internal: break;
    }
    return 500;
}

Error for_clients(Error error) {
    for (const Translation& entry : translations) {
        if (entry.from == error.code) {
            error.code = entry.to;
            error.kind = entry.kind;
            return error;
        }
    }
    if (std::find(std::begin(body_errors), std::end(body_errors), error.code) !=
        std::end(body_errors)) {
        error.params.emplace_back("reason", std::exchange(error.code, "request.invalid"));
        error.kind = ErrorKind::bad_request;
    }
    return error;
}

net::HttpResponse problem(const Error& error, std::string_view trace_id) {
    const int status = error.code == "request.too_large" ? 413 : status_of(error.kind);
    net::HttpResponse out;
    out.status = status;
    out.headers.add("Content-Type", "application/problem+json");
    std::string& body = out.body;
    body = "{\"type\":";
    append_json(body, "urn:meterbook:problem:" + error.code);
    body += ",\"title\":";
    append_json(body, title_of(error.code, status));
    body += ",\"status\":" + std::to_string(status) + ",\"code\":";
    append_json(body, error.code);
    body += ",\"params\":";
    append_params(body, error);
    body += ",\"trace_id\":";
    append_json(body, trace_id);
    if (const std::string* wait = find_param(error, "retry_after_s")) {
        body += ",\"retry_after_s\":" + *wait;
        out.headers.add("Retry-After", *wait);
    }
    if (const std::string* pointer = find_param(error, "pointer")) {
        const std::string* reason = find_param(error, "reason");
        body += ",\"errors\":[{\"pointer\":";
        append_json(body, *pointer);
        body += ",\"code\":";
        append_json(body, reason != nullptr ? *reason : error.code);
        body += ",\"params\":";
        append_params(body, error);
        body += "}]";
    }
    body += '}';
    return out;
}

net::HttpResponse problem_of_status(int status) {
    Error error;
    error.code = status == 413 || status == 431 ? "request.too_large" : "request.malformed";
    error.kind = status >= 500 ? ErrorKind::internal : ErrorKind::bad_request;
    return problem(error, new_trace_id());
}

std::string new_trace_id() {
    std::array<std::uint8_t, 8> raw{};
    crypto::random_bytes(raw);
    return crypto::hex_lower(raw);
}

}  // namespace mb::api
