#include "app/error_json.hpp"

#include "base/json.hpp"

namespace mb::app {

std::string error_json(const Error& why) {
    std::string out = "{\"error\":{\"code\":";
    append_json(out, why.code);
    for (const auto& [name, value] : why.params) {
        out += ',';
        append_json(out, name);
        out += ':';
        append_json(out, value);
    }
    return out + "}}";
}

}  // namespace mb::app
