#include "app/callbacks.hpp"

#include "app/business_clock.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "crypto/digest.hpp"
#include "store/storable_text.hpp"

#include <map>

namespace mb::app {

namespace {

net::HttpResponse status(int code, const std::string& why) {
    net::HttpResponse out;
    out.status = code;
    if (!why.empty()) {
        out.headers.set("Content-Type", "application/json");
        out.body = "{\"code\":\"" + why + "\"}";
    }
    return out;
}

/// Header fields are bytes (RFC 9110 5.5); each byte becomes the character of its number, so that
/// none is lost and every store takes them.
std::string as_latin1(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<std::uint8_t>(c);
        if (byte < 0x80) {
            out += c;
        } else {
            out += static_cast<char>(0xC0 | byte >> 6);
            out += static_cast<char>(0x80 | (byte & 0x3F));
        }
    }
    return out;
}

/// The channel's id of the event, or its digest where no store could keep it.
std::string dedup_key_of(const std::string& event_id) {
    if (store::is_storable_text(event_id)) {
        return event_id;
    }
    return "sha256:" + crypto::hex_lower(crypto::sha256(event_id));
}

/// What the signature was made of, for whoever has to judge it again.
std::string kept_headers(const net::HttpHeaders& headers) {
    std::map<std::string, std::string> kept;
    for (const auto& [name, value] : headers) {
        kept[as_latin1(name)] = as_latin1(value.substr(0, 1024));
    }
    kept.erase("Cookie");
    return to_json(kept);
}

}  // namespace

InboxId CallbackDesk::next_id(Instant wall) {
    std::int64_t last = last_id_.load();
    std::int64_t next = 0;
    do {
        next = std::max(last + 1, wall.us * 4096);
    } while (!last_id_.compare_exchange_weak(last, next));
    return {next};
}

void CallbackDesk::on_callback(const std::string& name, ProjectId project,
                               const net::HttpRequest& request,
                               std::function<void(net::HttpResponse)> answer) {
    const payment::Channel* channel = book_.find(name);
    if (channel == nullptr) {
        answer(status(404, "payment.unknown_channel"));
        return;
    }
    const Instant wall = wall_now();
    const auto fact = channel->verify(request.headers, request.body, project, wall);
    if (!fact) {
        // Counted and logged within limits, never stored as a fact.
        const std::int64_t count = ++refused_;
        if (count <= 20 || count % 1000 == 0) {
            log::warn("callback of {} from {} refused: {} (number {})", name, request.peer,
                      fact.error().text(), count);
        }
        const bool ignored = fact.error().code == "payment.ignored";
        const bool forbidden = fact.error().kind == ErrorKind::unauthorized;
        answer(ignored ? status(204, "") : status(forbidden ? 401 : 400, fact.error().code));
        return;
    }
    writer::Submission submission;
    submission.project = project;
    submission.inbox = std::make_unique<writer::InboxRow>(
        writer::InboxRow{project, next_id(wall), name, dedup_key_of(fact->event_id), wall,
                         kept_headers(request.headers), request.body});
    submission.event = payment::event_of(*channel, *fact, submission.inbox->id);
    submission.done = [answer](const engine::EventOutcome& outcome) {
        const bool again = outcome.refused && outcome.error.retryable;
        answer(again ? status(503, outcome.error.code) : status(204, ""));
    };
    if (!submit_(std::move(submission))) {
        answer(status(503, "store.busy"));
    }
}

}  // namespace mb::app
