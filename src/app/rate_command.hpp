// `meterbook rate`: prices a use without a store (docs/reference/rate.md).
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace mb::app {

struct RateOptions {
    std::vector<std::string> tariffs;  // files, versions of one code
    std::string usage;                 // file, .json or .csv
    std::string zone = "Asia/Shanghai";
    bool json = false;     // one object on one line
    bool explain = false;  // with the parts of intervals behind each line
    bool batch = false;    // cases from the standard input, an object a line
};

/// The exit code: 0 priced, 1 refused (the reason, the file and the place in `err`), 2 wrong usage.
int run_rate(const RateOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace mb::app
