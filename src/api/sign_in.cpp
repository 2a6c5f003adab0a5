#include "api/sign_in.hpp"

#include "crypto/digest.hpp"

namespace mb::api {

namespace {

constexpr Duration hour = Duration::hours(1);
constexpr Duration peer_window = Duration::minutes(10);

Error rate_limited(Duration wait) {
    const std::int64_t seconds = std::max<std::int64_t>(1, (wait.us + 999'999) / 1'000'000);
    return error("auth.rate_limited", ErrorKind::too_many)
        .with("retry_after_s", std::to_string(seconds));
}

Error bad_code(int tries_left) {
    return error("auth.bad_code", ErrorKind::unauthorized)
        .with("tries_left", std::to_string(tries_left));
}

}  // namespace

std::optional<Error> CodeBook::over(std::map<std::string, Window>& windows, const std::string& key,
                                    int most, Duration within, Instant wall) {
    const auto found = windows.find(key);
    if (found == windows.end()) return std::nullopt;
    Window& window = found->second;
    while (!window.empty() && window.front() + within <= wall) window.pop_front();
    if (window.empty()) {
        windows.erase(found);
        return std::nullopt;
    }
    if (window.size() < static_cast<std::size_t>(most)) return std::nullopt;
    return rate_limited(window.front() + within - wall);
}

/// Bounds the memory: old entries go, and when that is not enough, all of them: attackers then gain
/// some tries, users lose nothing.
void CodeBook::note(std::map<std::string, Window>& windows, const std::string& key, Instant wall) {
    if (windows.size() >= limits_.entries_max) {
        std::erase_if(windows, [&](const auto& entry) {
            return entry.second.empty() || entry.second.back() + hour <= wall;
        });
        if (windows.size() >= limits_.entries_max) windows.clear();
    }
    windows[key].push_back(wall);
}

void CodeBook::forget_old_codes(Instant wall) {
    if (codes_.size() < limits_.entries_max) return;
    std::erase_if(codes_, [&](const auto& entry) {
        return entry.second.issued_at + limits_.code_valid <= wall;
    });
    if (codes_.size() >= limits_.entries_max) codes_.clear();
}

Result<std::string> CodeBook::issue(const std::string& phone, const std::string& peer,
                                    Instant wall) {
    const std::lock_guard lock(mutex_);
    forget_old_codes(wall);
    const auto found = codes_.find(phone);
    if (found != codes_.end() && found->second.issued_at + limits_.resend_after > wall) {
        return fail(rate_limited(found->second.issued_at + limits_.resend_after - wall));
    }
    if (auto wait = over(issued_, phone, limits_.codes_per_hour_max, hour, wall)) {
        return fail(std::move(*wait));
    }
    if (auto wait = over(issued_peer_, peer, limits_.codes_per_peer_max, peer_window, wall)) {
        return fail(std::move(*wait));
    }
    note(issued_, phone, wall);
    note(issued_peer_, peer, wall);
    Code& code = codes_[phone];
    code = Code{crypto::random_digits(6), wall, limits_.tries_max};
    return code.digits;
}

Result<void> CodeBook::redeem(const std::string& phone, const std::string& code,
                              const std::string& peer, Instant wall) {
    const std::lock_guard lock(mutex_);
    const std::string both = phone + ' ' + peer;
    if (auto wait = over(failures_, both, limits_.failures_max, limits_.failures_within, wall)) {
        return fail(std::move(*wait));
    }
    const auto found = codes_.find(phone);
    if (found == codes_.end() || found->second.tries_left == 0 ||
        found->second.issued_at + limits_.code_valid <= wall) {
        note(failures_, both, wall);
        return fail("auth.code_expired", ErrorKind::unauthorized);
    }
    Code& known = found->second;
    if (!crypto::equal_constant_time(known.digits, code)) {
        note(failures_, both, wall);
        --known.tries_left;
        return fail(bad_code(known.tries_left));
    }
    known.tries_left = 0;  // used up; the time of its issue still bounds the next
    return {};
}

Error CodeBook::refuse(const std::string& phone, const std::string& peer, Instant wall) {
    const std::lock_guard lock(mutex_);
    note(failures_, phone + ' ' + peer, wall);
    return bad_code(limits_.tries_max - 1);
}

std::string masked_phone(const std::string& phone) {
    if (phone.size() < 8) return "****";
    return phone.substr(0, 3) + "****" + phone.substr(phone.size() - 4);
}

}  // namespace mb::api
