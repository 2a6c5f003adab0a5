#include "engine/image.hpp"

#include <algorithm>

namespace mb::engine {

namespace {

constexpr std::string_view mark = "MBSTATE";
constexpr std::uint64_t form = 1;

const Bytes& own_shape() {
    static const Bytes bytes = shape_of<State>().bytes();
    return bytes;
}

void write_head(ByteWriter& out, ByteView shape) {
    out.bytes(as_bytes(mark));
    out.varint(form);
    out.sized(shape);
}

/// Up to the content; gives the bytes of the shape.
Result<ByteView> read_head(ByteReader& in) {
    if (as_text(in.bytes(std::min(mark.size(), in.left()))) != mark) {
        return fail("checkpoint.no_form", ErrorKind::internal);
    }
    const std::uint64_t found = in.varint();
    if (in.ok() && found > form) {
        return fail(error("checkpoint.later_form", ErrorKind::internal)
                        .with("form", std::to_string(found)));
    }
    const ByteView shape = in.sized();
    if (!in.ok() || found != form) {
        return fail(error("checkpoint.malformed", ErrorKind::internal).with("at", "head"));
    }
    return shape;
}

bool is_own(ByteView shape) {
    return std::equal(shape.begin(), shape.end(), own_shape().begin(), own_shape().end());
}

Result<void> read_by_shape(ByteReader& in, ByteView stored, State& state) {
    const auto shape = Shape::parse(stored);
    if (!shape) {
        return fail(error("checkpoint.malformed", ErrorKind::internal).with("at", "shape"));
    }
    auto read = read_shaped(in, *shape, state, "state");
    if (!read) {
        Error why = std::move(read).error();
        why.code = why.code == "shape.mismatch" ? "checkpoint.mismatch" : "checkpoint.malformed";
        return fail(std::move(why));
    }
    return {};
}

}  // namespace

Bytes write_image(const State& state) {
    Bytes out;
    ByteWriter writer(out);
    write_head(writer, own_shape());
    write_binary(writer, state);
    return out;
}

Bytes write_image(const Shape& shape, ByteView content) {
    Bytes out;
    ByteWriter writer(out);
    write_head(writer, shape.bytes());
    writer.bytes(content);
    return out;
}

Result<void> read_image(ByteView image, State& state) {
    ByteReader in(image);
    const ByteView shape = TRY(read_head(in));
    if (is_own(shape)) {
        read_binary(in, state);
    } else {
        TRY_VOID(read_by_shape(in, shape, state));
    }
    if (!in.ok() || !in.at_end()) {
        return fail(error("checkpoint.malformed", ErrorKind::internal).with("at", "state"));
    }
    return {};
}

bool has_own_shape(ByteView image) {
    ByteReader in(image);
    const auto shape = read_head(in);
    return shape && is_own(*shape);
}

}  // namespace mb::engine
