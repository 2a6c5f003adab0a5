// What a text column takes on every engine.
#pragma once

#include <string_view>

namespace mb::store {

/// UTF-8 (RFC 3629: no surrogates, nothing overlong, up to U+10FFFF) without NUL.
bool is_storable_text(std::string_view text);

}  // namespace mb::store
