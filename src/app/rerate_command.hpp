// `meterbook rerate`: the bills of months rated anew from the stored readings, compared with the
// books, or priced by another tariff (docs/reference/rerate.md). Reads only, beside a running
// server too.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace mb::app {

struct RerateOptions {
    std::string data = "var/demo";
    std::string store = "sqlite";
    std::int64_t project = 0;
    std::string from;  // days, both inclusive: the months that they lie in
    std::string to;
    std::string tariff;  // a document, the id of a published version, or CODE@VERSION
    bool dry_run = false;
    int threads = 0;  // 1…8; 0: as many as the machine has
    bool json = false;
};

/// The exit code: 0 done, 1 refused, or an agreement cannot be rated or differs from the books; 2
/// wrong usage.
int run_rerate(const RerateOptions& options, std::ostream& out, std::ostream& err);

}  // namespace mb::app
