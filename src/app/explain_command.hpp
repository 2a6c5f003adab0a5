// `meterbook explain ACCOUNT`: where each sum of an account's bill comes from, down to the readings
// (docs/reference/explain.md). Reads only, beside a running server too.
#pragma once

#include <iosfwd>
#include <string>

namespace mb::app {

struct ExplainOptions {
    std::string data = "var/demo";
    std::string store = "sqlite";
    std::int64_t project = 0;  // 0: the only one
    std::string account;       // id, name, or the code of its meter
    std::string from;          // days, both inclusive; "": the month of the last reading
    std::string to;
    bool json = false;
};

/// The exit code: 0 explained and everything adds up, 1 refused or a sum does not, 2 wrong usage.
int run_explain(const ExplainOptions& options, std::ostream& out, std::ostream& err);

}  // namespace mb::app
