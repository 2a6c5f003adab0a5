// What an engine tells whoever has it copied.
#pragma once

#include <cstdint>
#include <functional>

#include "base/result.hpp"
#include "store/database.hpp"

namespace mb::store {

struct CopyHooks {
    /// Once, in the moment that is copied, before anything is written.
    std::function<void(Session&)> look;
    /// Once, behind look(): so many bytes will be written at most. A refusal ends the copying.
    std::function<Result<void>(std::int64_t bytes)> room;
    /// Now and then; `total` is 0 where the engine does not know it.
    std::function<void(std::int64_t done, std::int64_t total)> progress;
};

}  // namespace mb::store
