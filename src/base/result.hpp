// Expected failures: Result<T> and TRY. What the environment broke is an exception, our own mistake
// a CHECK.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace mb {

enum class ErrorKind : std::uint8_t {
    bad_request,   // the input's form is wrong
    unauthorized,  // nobody is signed in
    forbidden,
    not_found,
    conflict,       // the state does not allow it, or the same key with another body
    unprocessable,  // form right, a rule says no
    locked,         // protected by keep-power, no-disconnect, a lock-out tag
    too_many,       // a quota; wait
    unavailable,    // environment: try again
    internal,
};

/// A stable code with parameters; texts are made from the code by whoever shows it.
struct Error {
    std::string code;  // dotted: "payment.duplicate_notice"
    ErrorKind kind = ErrorKind::bad_request;
    bool retryable = false;
    std::vector<std::pair<std::string, std::string>> params;

    Error&& with(std::string_view name, std::string value) && {
        params.emplace_back(std::string(name), std::move(value));
        return std::move(*this);
    }
    /// "code name=value …", for logs and command lines.
    [[nodiscard]] std::string text() const {
        std::string out = code;
        for (const auto& [name, value] : params) {
            out += ' ';
            out += name;
            out += '=';
            out += value;
        }
        return out;
    }
};

inline Error error(std::string_view code, ErrorKind kind = ErrorKind::bad_request) {
    return Error{std::string(code), kind, false, {}};
}

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Error e) { return tl::unexpected<Error>(std::move(e)); }
inline tl::unexpected<Error> fail(std::string_view code, ErrorKind kind = ErrorKind::bad_request) {
    return tl::unexpected<Error>(error(code, kind));
}

}  // namespace mb

/// `auto x = TRY(expression);` passes an error on to the caller.
#define TRY(expression)                                                           \
    __extension__({                                                               \
        auto try_result_ = (expression);                                          \
        if (!try_result_) [[unlikely]] {                                          \
            return ::tl::unexpected<::mb::Error>(std::move(try_result_).error()); \
        }                                                                         \
        std::move(try_result_).value();                                           \
    })

/// The same for Result<void>.
#define TRY_VOID(expression)                                                      \
    do {                                                                          \
        auto try_result_ = (expression);                                          \
        if (!try_result_) [[unlikely]] {                                          \
            return ::tl::unexpected<::mb::Error>(std::move(try_result_).error()); \
        }                                                                         \
    } while (false)
