// DL/T 645-2007 as JSON and as a table for people (docs/reference/decode.md has the shape).
#pragma once

#include <string>
#include <vector>

#include "codec/dlt645/explain.hpp"
#include "codec/dlt645/scanner.hpp"

namespace mb::app {

struct ExplainedFrame {
    codec::dlt645::FoundFrame found;
    codec::dlt645::Explanation meaning;
};

struct DecodedLine {
    std::vector<std::variant<ExplainedFrame, codec::dlt645::BadFrame>> frames;  // in order
    std::vector<codec::dlt645::Garbage> garbage;

    /// At least one frame, and all are good.
    [[nodiscard]] bool good() const;
};

DecodedLine decode_dlt645(ByteView bytes);
/// One object, no line end.
std::string dlt645_json(const DecodedLine& line);
std::string dlt645_table(const DecodedLine& line);

}  // namespace mb::app
