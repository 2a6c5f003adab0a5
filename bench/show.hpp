// What every bench does at its end.
#pragma once

#include <ostream>

#include "base/json.hpp"
#include "base/result.hpp"

namespace mb::bench {

/// The result as one line of JSON or as `print(result, out)` has it; why there is none to `err`,
/// and then false.
template <class T, class Print>
bool show(const Result<T>& measured, bool json, Print print, std::ostream& out, std::ostream& err) {
    if (!measured) {
        err << "bench: " << measured.error().text() << "\n";
        return false;
    }
    if (json) {
        out << to_json(*measured) << "\n";
    } else {
        print(*measured, out);
    }
    return true;
}

}  // namespace mb::bench
