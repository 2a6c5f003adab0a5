// CHECK: our own mistakes. On in release builds; a failed CHECK logs and stops the process, unless
// a handler was set (the simulator throws, so that a canary run can report what noticed it).
#pragma once

#include <string>

namespace mb {

struct CheckFailure {
    const char* expression;
    const char* file;
    int line;
    std::string detail;
};

/// May throw; if it returns, the process aborts.
using CheckHandler = void (*)(const CheckFailure&);

/// Returns the handler that was set before (nullptr: print and abort).
CheckHandler set_check_handler(CheckHandler handler);

[[noreturn]] void check_failed(const char* expression, const char* file, int line,
                               std::string detail = {});

}  // namespace mb

#define CHECK(condition)                                        \
    do {                                                        \
        if (!(condition)) [[unlikely]] {                        \
            ::mb::check_failed(#condition, __FILE__, __LINE__); \
        }                                                       \
    } while (false)

/// CHECK with a text that names the values.
#define CHECK_MSG(condition, detail)                                      \
    do {                                                                  \
        if (!(condition)) [[unlikely]] {                                  \
            ::mb::check_failed(#condition, __FILE__, __LINE__, (detail)); \
        }                                                                 \
    } while (false)

/// Costly checks: on in sanitizer builds, off in release.
#ifdef MB_DCHECK
#define DCHECK(condition) CHECK(condition)
#else
#define DCHECK(condition) \
    do {                  \
    } while (false)
#endif
