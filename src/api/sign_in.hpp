// Sign-in by phone and code. Codes live in memory only: six digits, five wall minutes, five tries.
// A phone that nobody has authorised goes through the same steps and gets the same answers.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"

namespace mb::api {

struct SignInLimits {
    Duration code_valid = Duration::minutes(5);
    int tries_max = 5;                              // per code
    Duration resend_after = Duration::seconds(60);  // per phone
    int codes_per_hour_max = 10;                    // per phone
    int codes_per_peer_max = 60;                    // per peer and ten minutes
    int failures_max = 10;                          // per phone and peer in `failures_within`
    Duration failures_within = Duration::minutes(15);
    std::size_t entries_max = 20'000;  // phones and peers remembered at once
};

/// Times are wall time, handed in. Thread-safe.
class CodeBook {
public:
    explicit CodeBook(SignInLimits limits) : limits_(limits) {}

    /// A fresh code for the phone; the one before is void. Errors: auth.rate_limited
    /// {retry_after_s}.
    Result<std::string> issue(const std::string& phone, const std::string& peer, Instant wall);

    /// Uses the code up when it is right. Errors: auth.bad_code {tries_left}, auth.code_expired
    /// (none was asked for, it is too old or used up), auth.rate_limited {retry_after_s}.
    Result<void> redeem(const std::string& phone, const std::string& code, const std::string& peer,
                        Instant wall);
    /// The code was right but nobody may sign in with this phone: answers as redeem() does for a
    /// bad code.
    Error refuse(const std::string& phone, const std::string& peer, Instant wall);

private:
    struct Code {
        std::string digits;
        Instant issued_at;
        int tries_left = 0;
    };
    /// Instants of the last acts under one key.
    using Window = std::deque<Instant>;

    std::optional<Error> over(std::map<std::string, Window>& windows, const std::string& key,
                              int most, Duration within, Instant wall);
    void note(std::map<std::string, Window>& windows, const std::string& key, Instant wall);
    void forget_old_codes(Instant wall);

    SignInLimits limits_;
    std::mutex mutex_;
    std::map<std::string, Code> codes_;          // by phone
    std::map<std::string, Window> issued_;       // by phone
    std::map<std::string, Window> issued_peer_;  // by peer
    std::map<std::string, Window> failures_;     // by phone and peer
};

/// "138****0001"
std::string masked_phone(const std::string& phone);

}  // namespace mb::api
