// base/json: what parses is walked, written and parsed again to the same text.
#include "base/json.hpp"

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/check.hpp"

namespace {

using namespace mb;

struct Reading {
    Money money;
    Quantity quantity;
    Price price;
    std::optional<std::int64_t> count;
    std::vector<std::string> names;
    std::optional<Instant> at;
    std::optional<CivilDate> on;
};
MB_DESCRIBE(Reading, (money, quantity, price, count, names, at, on))

/// Numbers that are no 64-bit integers have no exact form here: they become null.
void write(std::string& out, const JsonNode& node) {
    switch (node.type()) {
        case JsonNode::Type::null:
        case JsonNode::Type::number: out += "null"; return;
        case JsonNode::Type::boolean: append_json(out, node.boolean()); return;
        case JsonNode::Type::integer: append_json(out, node.integer()); return;
        case JsonNode::Type::string: append_json(out, node.string()); return;
        case JsonNode::Type::array:
            out += '[';
            for (std::size_t i = 0; i < node.size(); ++i) {
                out += i == 0 ? "" : ",";
                write(out, node.at(i));
            }
            out += ']';
            return;
        case JsonNode::Type::object:
            out += '{';
            for (std::size_t i = 0; i < node.size(); ++i) {
                out += i == 0 ? "" : ",";
                append_json(out, node.key(i));
                out += ':';
                write(out, node.value(i));
                CHECK(node.find(node.key(i)).has_value());
            }
            out += '}';
            return;
    }
}

std::string rewritten(const JsonDocument& document) {
    std::string out;
    write(out, document.root());
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = as_text({data, size});
    if (const auto document = JsonDocument::parse(text)) {
        const std::string once = rewritten(*document);
        const auto again = JsonDocument::parse(once);
        CHECK_MSG(again.has_value(), once);
        CHECK(rewritten(*again) == once);
    }
    if (const auto reading = from_json<Reading>(text)) {
        const std::string once = to_json(*reading);
        const auto again = from_json<Reading>(once);
        CHECK_MSG(again.has_value(), once);
        CHECK(to_json(*again) == once);
    } else {
        CHECK(reading.error().code.find('.') != std::string::npos);
    }
    return 0;
}
