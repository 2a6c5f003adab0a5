#include "headend/session.hpp"

#include <algorithm>
#include <limits>

#include "codec/dlt645/request.hpp"

namespace mb::headend {

using engine::Now;

namespace {

constexpr Instant never{std::numeric_limits<std::int64_t>::max() / 2};
constexpr Duration ask_address_every = Duration::seconds(3);  // wall, at least

}  // namespace

Session::Session(LinkId id, LinkProfiles::Ptr profile, const HeadendSettings& settings,
                 SessionHost& host)
    : id_(id), profile_(std::move(profile)), settings_(settings), host_(host) {}

void Session::on_open(const Now& now) {
    opened_at_ = now.wall;
    heard_at_ = now.wall;
    if (profile_->registration.kind != RegistrationKind::wildcard) {
        registration_ = std::make_unique<RegistrationReader>();
    }
    pump(now);
}

void Session::on_closed(const Now&) {
    for (MeterUnit* unit : units_) unit->link_down();
    units_.clear();
    in_flight_ = {};
    end("link.closed");
}

void Session::end(std::string_view reason) {
    if (state_ == LinkState::ended) return;
    state_ = LinkState::ended;
    end_reason_ = reason;
}

// ---- bytes in --------------------------------------------------------------------------------

void Session::on_bytes(ByteView bytes, const Now& now) {
    if (state_ == LinkState::ended) return;
    counts_.bytes_in += bytes.size();
    heard_at_ = now.wall;
    silent_requests_ = 0;
    for (const std::uint8_t byte : within_quota(bytes, now)) {
        if (state_ == LinkState::ended) return;
        take_byte(byte, now);
    }
    if (state_ == LinkState::identifying && registration_ &&
        registration_->consumed() > registration_bytes_max) {
        end("link.unidentified");
    }
    pump(now);
}

ByteView Session::within_quota(ByteView bytes, const Now& now) {
    const LinkLimits& limits = profile_->limits;
    const auto size = std::ssize(bytes);
    std::int64_t allowed = byte_quota_.take(size, limits.bytes_per_s, limits.burst_bytes, now.wall);
    frame_quota_.take(0, limits.frames_per_s, limits.frames_per_s, now.wall);
    if (frame_quota_.left() <= 0) allowed = 0;
    if (allowed == size) {
        const bool calm = byte_quota_.left() > limits.burst_bytes / 2 &&
                          frame_quota_.left() > limits.frames_per_s / 2;
        if (calm) throttled_at_ = {};
        return bytes;
    }
    counts_.throttled_bytes += static_cast<std::uint64_t>(size - allowed);
    if (!throttled_at_) throttled_at_ = now.wall;
    if (now.wall - throttled_at_ > settings_.throttled_max) end("link.flooding");
    return bytes.first(static_cast<std::size_t>(allowed));
}

void Session::take_byte(std::uint8_t byte, const Now& now) {
    if (state_ == LinkState::identifying && registration_) {
        if (auto id = registration_->feed(byte, profile_->registration)) {
            registration_.reset();
            register_device(std::move(*id), now);
        }
        return;
    }
    // A heartbeat stands between frames; no heartbeat holds a 68, so none can hide the start of
    // one.
    const Bytes& heartbeat = profile_->heartbeat.bytes;
    if (!heartbeat.empty() && scanner_.pending() == 0) {
        if (byte == heartbeat[heartbeat_at_]) {
            if (++heartbeat_at_ == heartbeat.size()) {
                heartbeat_at_ = 0;
                ++counts_.heartbeats;
            }
            return;
        }
        for (std::size_t i = 0; i < heartbeat_at_; ++i) scan(heartbeat[i], now);
        heartbeat_at_ = 0;
    }
    scan(byte, now);
}

void Session::scan(std::uint8_t byte, const Now& now) {
    scanner_.feed(ByteView(&byte, 1));
    drain(now);
}

void Session::drain(const Now& now) {
    while (const auto event = scanner_.next()) {
        frame_quota_.take(1, profile_->limits.frames_per_s, profile_->limits.frames_per_s,
                          now.wall);
        if (const auto* found = std::get_if<dlt645::FoundFrame>(&*event))
            take_frame(found->frame, now);
    }
    const dlt645::ScanCounts& total = scanner_.counts();
    counts_.frames += total.frames - scanned_.frames;
    counts_.bad_frames += total.bad_frames - scanned_.bad_frames;
    counts_.garbage_bytes += total.garbage_bytes - scanned_.garbage_bytes;
    scanned_ = total;
}

void Session::take_frame(const dlt645::Frame& frame, const Now& now) {
    if (!frame.control.from_meter()) {
        ++counts_.echoes;
        return;
    }
    const auto reply = dlt645::decode_reply(frame);
    if (!reply) {
        ++counts_.bad_values;
        return;
    }
    if (state_ == LinkState::identifying) {
        take_address(*reply, now);
        return;
    }
    MeterUnit* unit = unit_at(frame.address);
    if (unit == nullptr) {
        ++counts_.foreign;
    } else if (in_flight_.unit == unit && unit->expects(*reply)) {
        const Now sent = in_flight_.sent;
        in_flight_ = {};
        quiet_until_ = now.wall + profile_->timing.gap;
        unit->answered(*reply, *profile_, sent, now, counts_);
    } else {
        unit->stray(*reply, now, counts_);
    }
}

void Session::take_address(const dlt645::Reply& reply, const Now& now) {
    const auto* address = std::get_if<dlt645::AddressReply>(&reply);
    if (address == nullptr || !in_flight_.deadline) {
        ++counts_.unexpected;
        return;
    }
    in_flight_ = {};
    register_device(address->address.text(), now);
}

void Session::register_device(std::string id, const Now& now) {
    device_id_ = std::move(id);
    const Bytes& reply = profile_->registration.reply;
    host_.identified(*this, now);
    if (state_ == LinkState::bound && !reply.empty()) send(reply);
}

MeterUnit* Session::unit_at(const dlt645::Address& address) const {
    const auto found =
        std::ranges::find(units_, address, [](MeterUnit* u) { return u->config().address; });
    return found == units_.end() ? nullptr : *found;
}

// ---- who is there ----------------------------------------------------------------------------

void Session::bind(std::shared_ptr<const Device> device, std::vector<MeterUnit*> units,
                   const Now& now) {
    if (state_ == LinkState::ended) return;
    state_ = LinkState::bound;
    device_ = std::move(device);
    units_ = std::move(units);
    if (in_flight_.unit != nullptr && std::ranges::find(units_, in_flight_.unit) == units_.end()) {
        in_flight_ = {};
    }
    turn_ = 0;
    pump(now);
}

void Session::unknown(const Now& now) {
    if (state_ == LinkState::ended) return;
    state_ = LinkState::unknown;
    device_.reset();
    units_.clear();
    in_flight_ = {};
    opened_at_ = now.wall;
}

// ---- time ------------------------------------------------------------------------------------

Instant Session::reply_deadline() const {
    // An answer that is just coming in may be finished.
    const Instant mid_frame = heard_at_ + profile_->timing.inter_byte;
    const Instant latest = in_flight_.deadline + profile_->timing.reply_timeout;
    return scanner_.pending() > 0 ? std::clamp(mid_frame, in_flight_.deadline, latest)
                                  : in_flight_.deadline;
}

Instant Session::dead_at() const {
    const Heartbeat& heartbeat = profile_->heartbeat;
    if (heartbeat.bytes.empty()) return never;
    // Half an interval of slack: the third heartbeat may be on its way.
    return heard_at_ + heartbeat.every * heartbeat.missed_max + Duration{heartbeat.every.us / 2};
}

Instant Session::next_timer(const Now& now) const {
    if (state_ == LinkState::ended) return now.wall;
    Instant at = dead_at();
    if (scanner_.pending() > 0) at = std::min(at, heard_at_ + profile_->timing.inter_byte);
    if (in_flight_.deadline) at = std::min(at, reply_deadline());
    if (state_ == LinkState::unknown) return std::min(at, opened_at_ + settings_.unknown_linger);
    if (state_ == LinkState::identifying) {
        at = std::min(at, opened_at_ + profile_->timing.identify_timeout);
        return in_flight_.deadline || registration_ ? at : std::min(at, quiet_until_);
    }
    if (in_flight_.deadline) return at;
    Instant want = never;
    for (const MeterUnit* unit : units_) {
        want = std::min(want, unit->poll_due(now));
        if (const auto task = unit->task_due(now)) want = std::min(want, *task);
    }
    return std::min(at, std::max(want, quiet_until_));
}

void Session::on_timer(const Now& now) {
    if (state_ == LinkState::ended) return;
    if (scanner_.pending() > 0 && now.wall >= heard_at_ + profile_->timing.inter_byte) {
        scanner_.flush();
        drain(now);
    }
    if (in_flight_.deadline && now.wall >= reply_deadline()) time_out(now);
    if (now.wall >= dead_at()) end("link.dead");
    if (state_ == LinkState::identifying &&
        now.wall >= opened_at_ + profile_->timing.identify_timeout) {
        end("link.unidentified");
    }
    if (state_ == LinkState::unknown && now.wall >= opened_at_ + settings_.unknown_linger) {
        end("link.unknown_device");
    }
    pump(now);
}

void Session::time_out(const Now& now) {
    const InFlight lost = in_flight_;
    in_flight_ = {};
    ++counts_.timeouts;
    quiet_until_ = std::max(quiet_until_, now.wall + profile_->timing.gap);
    ++silent_requests_;
    if (lost.unit != nullptr) lost.unit->silence(*profile_, lost.sent, now);
    // A link without a heartbeat shows only by its answers that it lives.
    const auto bound =
        std::max<std::int64_t>(profile_->timing.silent_requests_max, 2 * std::ssize(units_));
    if (profile_->heartbeat.bytes.empty() && state_ == LinkState::bound &&
        silent_requests_ >= bound) {
        end("link.dead");
    }
}

// ---- questions out ---------------------------------------------------------------------------

void Session::send(ByteView bytes) {
    counts_.bytes_out += bytes.size();
    host_.send(id_, bytes);
}

void Session::ask_address(const Now& now) {
    if (registration_) return;
    ++counts_.requests;
    in_flight_ = {nullptr, now, now.wall + profile_->timing.reply_timeout};
    quiet_until_ = now.wall + std::max(profile_->timing.reply_timeout, ask_address_every);
    send(dlt645::encode_read_address(profile_->timing.preamble));
}

std::optional<Question> Session::pick(const Now& now, MeterUnit*& unit) {
    const std::size_t count = units_.size();
    const auto at = [&](std::size_t i) { return units_[(turn_ + i) % count]; };
    const auto poll = [&]() -> std::optional<Question> {
        for (std::size_t i = 0; i < count; ++i) {
            unit = at(i);
            if (unit->poll_due(now) > now.wall) continue;
            if (auto out = unit->next_poll(*profile_, now, host_.polling_allowed())) {
                turn_ = static_cast<std::uint16_t>((turn_ + i + 1) % count);
                last_was_task_ = false;
                return out;
            }
        }
        return std::nullopt;
    };
    // Tasks go first, but many of them leave every second question to the others' polls.
    if (last_was_task_ && count > 1) {
        if (auto out = poll()) return out;
    }
    for (std::size_t i = 0; i < count; ++i) {
        unit = at(i);
        const auto due = unit->task_due(now);
        if (!due || *due > now.wall) continue;
        if (auto out = unit->next_task(*profile_, now)) {
            last_was_task_ = true;
            return out;
        }
    }
    return poll();
}

void Session::pump(const Now& now) {
    while (!in_flight_.deadline && now.wall >= quiet_until_) {
        if (state_ == LinkState::identifying) {
            ask_address(now);
            return;
        }
        if (state_ != LinkState::bound || units_.empty()) return;
        MeterUnit* unit = nullptr;
        const auto question = pick(now, unit);
        if (!question) return;
        ++counts_.requests;
        if (question->answered) {
            in_flight_ = {unit, now, now.wall + profile_->timing.reply_timeout};
        }
        send(question->frame);
    }
}

}  // namespace mb::headend
