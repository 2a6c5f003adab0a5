#include "app/decode_command.hpp"

#include <istream>
#include <iterator>
#include <ostream>

#include "app/decode_dlt645.hpp"
#include "base/json.hpp"

namespace mb::app {

namespace {

constexpr int done = 0;
constexpr int refused = 1;
constexpr int wrong_usage = 2;

/// Errors: hex.malformed {argument (from 1; 0 is the standard input), position in it},
/// decode.no_input.
Result<Bytes> read_input(const DecodeOptions& options, std::istream& in) {
    if (options.hex.empty()) {
        return fail("decode.no_input");
    }
    Bytes out;
    for (std::size_t i = 0; i < options.hex.size(); ++i) {
        const bool is_stdin = options.hex[i] == "-";
        const std::string text =
            is_stdin ? std::string(std::istreambuf_iterator<char>(in), {}) : options.hex[i];
        Result<Bytes> bytes = parse_hex(text);
        if (!bytes) {
            return fail(
                std::move(bytes.error()).with("argument", is_stdin ? "-" : std::to_string(i + 1)));
        }
        out.insert(out.end(), bytes->begin(), bytes->end());
    }
    return out;
}

std::string param(const Error& e, std::string_view name) {
    for (const auto& [key, value] : e.params) {
        if (key == name) {
            return value;
        }
    }
    return "";
}

std::string input_message(const Error& e) {
    if (e.code == "decode.no_input") {
        return "no bytes given: name them as hex digits, or - to read them from the standard input";
    }
    const std::string argument = param(e, "argument");
    return (argument == "-" ? std::string("standard input") : "argument " + argument) +
           ": character " + param(e, "position") +
           " is no hex digit or lacks its pair; bytes are two digits each, blanks between them";
}

int usage_error(const DecodeOptions& options, const Error& e, const std::string& message,
                std::ostream& out, std::ostream& err) {
    err << "meterbook decode: " << message << '\n';
    if (options.json) {
        std::string json = "{\"valid\":false,\"error\":{\"code\":";
        append_json(json, e.code);
        for (const auto& [name, value] : e.params) {
            json += ',';
            append_json(json, name);
            json += ':';
            json += name == "position" ? value : to_json(value);
        }
        out << json << "}}\n";
    }
    return wrong_usage;
}

}  // namespace

int run_decode(const DecodeOptions& options, std::istream& in, std::ostream& out,
               std::ostream& err) {
    if (options.protocol != "dlt645") {
        const Error e = error("decode.unknown_protocol").with("protocol", options.protocol);
        return usage_error(
            options, e, "unknown protocol '" + options.protocol + "'; there is dlt645", out, err);
    }
    const Result<Bytes> bytes = read_input(options, in);
    if (!bytes) {
        return usage_error(options, bytes.error(), input_message(bytes.error()), out, err);
    }
    const DecodedLine line = decode_dlt645(*bytes);
    if (options.json) {
        out << dlt645_json(line) << '\n';
    } else {
        out << dlt645_table(line);
    }
    return line.good() ? done : refused;
}

}  // namespace mb::app
