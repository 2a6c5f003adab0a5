#include "bench/memory.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "base/check.hpp"

namespace mb::bench {

std::int64_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::int64_t all = 0;
    std::int64_t resident = 0;
    CHECK(statm >> all >> resident);
    return resident * ::sysconf(_SC_PAGESIZE);
}

std::int64_t resident_bytes_max() {
    rusage usage{};
    CHECK(::getrusage(RUSAGE_SELF, &usage) == 0);
    return std::int64_t{usage.ru_maxrss} * 1024;
}

}  // namespace mb::bench
