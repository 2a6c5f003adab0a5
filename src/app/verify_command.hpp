// `meterbook verify --data DIR [--store …] [--json]`: is what is stored sound? Reads only, also
// beside a running server.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "store/verify.hpp"

namespace mb::app {

struct VerifyOptions {
    std::string data = "var";      // the data folder
    bool json = false;             // one object as the last line, instead of a list
    std::string store = "sqlite";  // or where PostgreSQL is, see store/open_store.hpp
};

/// `steps`: what needs the engine (replay, re-rating), run for each project behind the store's own
/// part. The exit code: 0 clean, 1 findings were printed or the folder cannot be read, 2 there is
/// no store.
int run_verify(const VerifyOptions& options, std::ostream& out, std::ostream& err,
               const std::vector<store::VerifyStep>& steps = {});

/// A line for each finding, then a sum.
void print_findings(const store::VerifyReport& report, std::ostream& out);
/// The same on an open database: prints the report and gives the number of findings.
std::int64_t verify_database(store::Database& database, bool json, std::ostream& out,
                             const std::vector<store::VerifyStep>& steps);

}  // namespace mb::app
