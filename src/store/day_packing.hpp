// How the readings of a meter's day lie in table day_row: raw while the day is open, compressed
// once it is closed, hashed with the part before.
#pragma once

#include <string_view>

#include "engine/effects.hpp"
#include "writer/store.hpp"

namespace mb::store {

/// Column `packing`.
enum class Packing : std::uint8_t { raw, zstd };
MB_ENUM(Packing, raw, zstd)

/// sha256(previous part's hash, zeros for the first ‖ project, meter, day, part, closed, counts ‖
/// packed).
writer::Hash day_hash(ProjectId project, const engine::DayRow& row, const writer::Hash& previous);

/// zstd of `bytes`; empty when that would not be shorter.
Bytes compress(ByteView bytes);
/// Throws StoreCorrupt. At most 1 MiB comes out.
Bytes decompress(ByteView bytes);

}  // namespace mb::store
