// engine/image: a checkpoint's image, its shape and what the shape says is in it. What is read is
// written and read again to the same bytes.
#include "base/check.hpp"
#include "engine/engine.hpp"
#include "engine/image.hpp"

#include <cstddef>
#include <cstdint>

namespace {

using namespace mb;

/// A few of each kind of thing, so that small inputs reach them all.
struct Small {
    std::int32_t number = 0;
    std::optional<std::string> text;
    std::map<std::int64_t, rules::metering::Registers> map;
    std::vector<rules::relay::Reason> enumerators;
    std::set<engine::TimerKey> keys;
    rules::relay::Reasons flags;
    std::array<bool, 2> array{};
    std::variant<engine::Tick, engine::Step> variant;
    int128 wide = 0;
};
MB_DESCRIBE(Small, (number, text, map, enumerators, keys, flags, array, variant, wide))

/// `data`: the shape with its length, then the content.
void read_small(ByteView data) {
    ByteReader in(data);
    const ByteView bytes = in.sized();
    const auto shape = in.ok() ? Shape::parse(bytes) : fail("shape.malformed");
    if (!shape) {
        return;
    }
    CHECK(Shape::parse(shape->bytes()).value() == *shape);
    ByteReader skipping(data.subspan(in.position()));
    ShapedReader reader(skipping, *shape, "small");
    reader.skip(shape->root());
    Small small;
    const auto read = read_shaped(in, *shape, small, "small");
    CHECK(read.has_value() == in.ok());
    if (!read) {
        CHECK(!read.error().params.at(0).second.empty());
        return;
    }
    const Bytes once = to_binary(small);
    CHECK(to_binary(from_binary<Small>(once).value()) == once);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input(data, size);
    read_small(input);
    const auto engine = engine::Engine::from_image(ProjectId{1}, input, true);
    if (engine) {
        const Bytes image = engine->image();
        CHECK(engine::Engine::from_image(ProjectId{1}, image, true).value().image() == image);
    } else {
        CHECK(engine.error().code.find('.') != std::string::npos);
    }
    return 0;
}
