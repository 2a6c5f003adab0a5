// The form of a checkpoint's image: a mark with the form's number, the shape of the state's types,
// the state. The shape makes it readable by later versions (base/shape.hpp). Internal to the room.
#pragma once

#include "base/shape.hpp"
#include "engine/state.hpp"

namespace mb::engine {

/// Equal states give equal bytes.
Bytes write_image(const State& state);
/// The same of a shape and what was written in it.
Bytes write_image(const Shape& shape, ByteView content);

/// `state` must be new. Errors: checkpoint.no_form (a checkpoint from before images described
/// themselves), checkpoint.later_form {form}, checkpoint.malformed {at}, checkpoint.mismatch {at,
/// why}.
Result<void> read_image(ByteView image, State& state);

/// Whether an image has the shape in which this program writes them.
bool has_own_shape(ByteView image);

}  // namespace mb::engine
