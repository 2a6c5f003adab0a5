// CPU time of threads and processes, in microseconds since their start. Unlike wall time it does
// not count while others have the machine.
#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <vector>

namespace mb::bench {

/// Of the calling thread; the kernel tells the parts by sampling, their sum exactly.
struct ThreadCpu {
    std::int64_t user_us = 0;
    std::int64_t kernel_us = 0;  // in calls of the system, sockets above all
};
ThreadCpu this_thread_cpu();
std::int64_t this_thread_cpu_us();
/// Of a thread that lives.
std::int64_t thread_cpu_us(pthread_t thread);
/// All threads of this process, ended ones too.
std::int64_t process_cpu_us();
/// Of other processes on this machine, in steps of 10 ms; those that cannot be looked at, or are
/// not named `name`, are left out.
std::map<pid_t, std::int64_t> processes_cpu_us(const std::vector<pid_t>& pids, const char* name);

}  // namespace mb::bench
