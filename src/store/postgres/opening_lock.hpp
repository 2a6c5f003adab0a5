// One program at a time brings up the schema and takes the writer lease.
#pragma once

#include "store/postgres/wire.hpp"

namespace mb::store::postgres {

/// Held while it lives, or until its connection ends.
class OpeningLock {
public:
    /// Makes the schema when it is missing. Throws StoreUnavailable, also after 10 s of waiting.
    explicit OpeningLock(const ConnectionOptions& options);

    /// There is no writer lease yet: nothing has ever been brought up here.
    [[nodiscard]] bool is_new() const { return is_new_; }

private:
    Wire wire_;
    bool is_new_ = false;
};

}  // namespace mb::store::postgres
