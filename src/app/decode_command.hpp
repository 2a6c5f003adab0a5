// `meterbook decode PROTOCOL HEX… [--json]`: what the bytes of a meter mean
// (docs/reference/decode.md).
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace mb::app {

struct DecodeOptions {
    std::string protocol;          // "dlt645"
    std::vector<std::string> hex;  // blanks between bytes allowed; one "-" stands for `in`
    bool json = false;             // one object on one line
};

/// The exit code: 0 every frame is good, 1 a frame is bad or there is none, 2 wrong usage (with a
/// message in `err`).
int run_decode(const DecodeOptions& options, std::istream& in, std::ostream& out,
               std::ostream& err);

}  // namespace mb::app
