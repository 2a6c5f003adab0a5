#include "bench/memory.hpp"

#include <unistd.h>

#include <fstream>
#include <string>

#include "base/check.hpp"

namespace mb::bench {

std::int64_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::int64_t all = 0;
    std::int64_t resident = 0;
    CHECK(statm >> all >> resident);
    return resident * ::sysconf(_SC_PAGESIZE);
}

std::int64_t own_bytes() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        std::int64_t kib = 0;
        if (word == "RssAnon:" && status >> kib) {
            return kib * 1024;
        }
    }
    return resident_bytes();
}

}  // namespace mb::bench
