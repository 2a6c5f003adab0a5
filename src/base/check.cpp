#include "base/check.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace mb {

namespace {
std::atomic<CheckHandler> handler_{nullptr};
}

CheckHandler set_check_handler(CheckHandler handler) { return handler_.exchange(handler); }

void check_failed(const char* expression, const char* file, int line, std::string detail) {
    const CheckFailure failure{expression, file, line, std::move(detail)};
    if (CheckHandler handler = handler_.load()) {
        handler(failure);
    }
    std::fprintf(stderr, "CHECK failed: %s at %s:%d %s\n", expression, file, line,
                 failure.detail.c_str());
    std::fflush(stderr);
    std::abort();
}

}  // namespace mb
