// Where in a document a refusal points: JSON pointers.
#pragma once

#include "base/result.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

namespace mb::rules::tariff {

/// One more step down a pointer: a member or an index.
inline std::string below(std::string pointer, std::string_view member) {
    return pointer.append("/").append(member);
}
inline std::string below(std::string pointer, std::size_t index) {
    return pointer.append("/").append(std::to_string(index));
}

/// A refusal of a document at a place.
inline Error refusal(std::string_view code, std::string pointer) {
    return error(code, ErrorKind::unprocessable).with("pointer", std::move(pointer));
}

}  // namespace mb::rules::tariff
