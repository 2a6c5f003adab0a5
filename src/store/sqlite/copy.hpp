// An SQLite database copied beside the server that writes it.
#pragma once

#include <string>

#include "base/result.hpp"
#include "store/copy_hooks.hpp"

namespace mb::store::sqlite {

/// Copies one moment of `from` to the new file `to`, durable, without a write-ahead log beside it.
/// A read transaction holds the moment: the writer goes on, only its log grows meanwhile. Errors:
/// of hooks.room. Throws StoreUnavailable, StoreCorrupt; `to` is then in no state to be used.
Result<void> copy_database(const std::string& from, const std::string& to, const CopyHooks& hooks);

}  // namespace mb::store::sqlite
