#include "bench/cpu.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "base/check.hpp"

namespace mb::bench {

namespace {

std::int64_t us_of(const timeval& time) { return time.tv_sec * 1'000'000 + time.tv_usec; }

std::int64_t clock_us(clockid_t clock) {
    timespec now{};
    CHECK(::clock_gettime(clock, &now) == 0);
    return now.tv_sec * 1'000'000 + now.tv_nsec / 1000;
}

/// Fields of /proc/PID/stat behind the name: state is the first, utime and stime are the 12th and
/// 13th (proc(5)).
constexpr int fields_before_utime = 11;

}  // namespace

ThreadCpu this_thread_cpu() {
    rusage usage{};
    CHECK(::getrusage(RUSAGE_THREAD, &usage) == 0);
    return {us_of(usage.ru_utime), us_of(usage.ru_stime)};
}

std::int64_t this_thread_cpu_us() { return clock_us(CLOCK_THREAD_CPUTIME_ID); }

std::int64_t thread_cpu_us(pthread_t thread) {
    clockid_t clock{};
    CHECK(::pthread_getcpuclockid(thread, &clock) == 0);
    return clock_us(clock);
}

std::int64_t process_cpu_us() { return clock_us(CLOCK_PROCESS_CPUTIME_ID); }

std::map<pid_t, std::int64_t> processes_cpu_us(const std::vector<pid_t>& pids, const char* name) {
    std::map<pid_t, std::int64_t> out;
    const std::int64_t tick_us = 1'000'000 / ::sysconf(_SC_CLK_TCK);
    for (const pid_t pid : pids) {
        std::ifstream file(fmt::format("/proc/{}/stat", pid));
        std::string line;
        std::getline(file, line);
        const std::size_t end = line.rfind(')');  // the name may hold blanks
        if (end == std::string::npos || line.find(fmt::format("({})", name)) == std::string::npos) {
            continue;
        }
        std::istringstream fields(line.substr(end + 1));
        std::string skipped;
        for (int i = 0; i < fields_before_utime; ++i) {
            fields >> skipped;
        }
        std::int64_t user = 0;
        std::int64_t kernel = 0;
        if (fields >> user >> kernel) {
            out[pid] = (user + kernel) * tick_us;
        }
    }
    return out;
}

}  // namespace mb::bench
