// Values written by one set of types and read by another that differs from it.
#include "base/shape.hpp"
#include "base/ids.hpp"
#include "base/money.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mb {
namespace {

// ---- an earlier program
// ----------------------------------------------------------------------------

namespace before {

enum class Colour : std::uint8_t { red, green, blue };
MB_ENUM(Colour, red, green, blue)

struct Colours {
    using FlagsOf = Colour;
    std::uint8_t bits = 0;
    void set(Colour colour, bool on) {
        const auto bit = static_cast<std::uint8_t>(1U << static_cast<unsigned>(colour));
        bits = static_cast<std::uint8_t>(on ? bits | bit : bits & ~bit);
    }
};

struct Lamp {
    std::string name;
    std::int32_t watts = 0;
    Colour colour = Colour::red;
    Colours allowed;
    std::optional<Money> price;
    std::string maker;
};
MB_DESCRIBE(Lamp, (name, watts, colour, allowed, price, maker))

struct Bulb {
    std::int64_t hours = 0;
};
MB_DESCRIBE(Bulb, (hours))

struct Room {
    std::map<std::string, std::vector<Lamp>> lamps;
    std::set<std::int32_t> switches;
    std::array<std::int64_t, 3> loads{};
    std::variant<Bulb, std::string> spare;
    std::vector<std::map<std::int64_t, std::optional<Lamp>>> gone;
    int128 wide = 0;
    std::uint16_t small = 0;
    bool lit = false;
    std::pair<std::int32_t, std::string> pair;
};
MB_DESCRIBE(Room, (lamps, switches, loads, spare, gone, wide, small, lit, pair))

}  // namespace before

// ---- a later one: members moved, added, left out, wider; enumerators in another order
// ----------------------------------------------------------------------------

namespace after {

enum class Colour : std::uint8_t { white, blue, green, red };
MB_ENUM(Colour, white, blue, green, red)

struct Colours {
    using FlagsOf = Colour;
    std::uint8_t bits = 0;
    void set(Colour colour, bool on) {
        const auto bit = static_cast<std::uint8_t>(1U << static_cast<unsigned>(colour));
        bits = static_cast<std::uint8_t>(on ? bits | bit : bits & ~bit);
    }
};

struct Lamp {
    std::optional<Money> price;
    Colour colour = Colour::white;
    std::int64_t watts = 0;
    Colours allowed;
    std::string name;
    std::string socket = "E27";
};
MB_DESCRIBE(Lamp, (price, colour, watts, allowed, name, socket))

struct Bulb {
    std::int64_t spent = 7;
    std::int64_t hours = 0;
};
MB_DESCRIBE(Bulb, (spent, hours))

struct Room {
    bool lit = false;
    std::int64_t small = 0;
    std::variant<std::string, Id<struct OtherTag>, Bulb> spare;
    std::vector<std::int64_t> added{1, 2};
    std::map<std::string, std::vector<Lamp>> lamps;
    std::set<std::int64_t> switches;
    std::array<std::int64_t, 3> loads{};
    int128 wide = 0;
    std::pair<std::int64_t, std::string> pair;
};
MB_DESCRIBE(Room, (lit, small, spare, added, lamps, switches, loads, wide, pair))

}  // namespace after

before::Lamp lamp(std::string name, std::int32_t watts, before::Colour colour) {
    before::Lamp out;
    out.name = std::move(name);
    out.watts = watts;
    out.colour = colour;
    out.allowed.bits = 0b101;  // red, blue
    out.price = Money{1234};
    out.maker = "somebody";
    return out;
}

before::Room room() {
    before::Room out;
    out.lamps["hall"] = {lamp("a", 60, before::Colour::green), lamp("b", -5, before::Colour::blue)};
    out.lamps["door"] = {};
    out.switches = {1, 5};
    out.loads = {10, -20, 30};
    out.spare = before::Bulb{900};
    out.gone = {{{3, lamp("gone", 1, before::Colour::red)}, {4, std::nullopt}}, {}};
    out.wide = (static_cast<int128>(1) << 100) + 1;
    out.small = 65'000;
    out.lit = true;
    out.pair = {9, "nine"};
    return out;
}

template <class To, class From>
Result<To> convert(const From& value) {
    const Bytes bytes = to_binary(value);
    ByteReader in(bytes);
    To out{};
    const Shape shape = Shape::parse(shape_of<From>().bytes()).value();
    TRY_VOID(read_shaped(in, shape, out, "it"));
    EXPECT_TRUE(in.at_end());
    return out;
}

/// "place: why" of a refusal.
template <class To, class From>
std::string refusal(const From& value) {
    const auto read = convert<To>(value);
    if (read) {
        return "";
    }
    EXPECT_EQ(read.error().code, "shape.mismatch");
    return read.error().params[0].second + ": " + read.error().params[1].second;
}

TEST(Shape, ALaterProgramReadsWhatAnEarlierOneWrote) {
    const after::Room read = convert<after::Room>(room()).value();
    ASSERT_EQ(read.lamps.size(), 2U);
    const std::vector<after::Lamp>& hall = read.lamps.at("hall");
    ASSERT_EQ(hall.size(), 2U);
    EXPECT_EQ(hall[0].name, "a");
    EXPECT_EQ(hall[0].watts, 60);
    EXPECT_EQ(hall[1].watts, -5);
    EXPECT_EQ(hall[0].colour, after::Colour::green);
    EXPECT_EQ(hall[1].colour, after::Colour::blue);
    EXPECT_EQ(hall[0].allowed.bits, 0b1010) << "red and blue at their new places";
    EXPECT_EQ(hall[0].price, Money{1234});
    EXPECT_EQ(hall[0].socket, "E27") << "added: as its struct says";
    EXPECT_EQ(read.added, (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(read.switches, (std::set<std::int64_t>{1, 5}));
    EXPECT_EQ(read.loads, room().loads);
    EXPECT_EQ(std::get<after::Bulb>(read.spare).hours, 900);
    EXPECT_EQ(std::get<after::Bulb>(read.spare).spent, 7);
    EXPECT_TRUE(read.wide == room().wide);
    EXPECT_EQ(read.small, 65'000);
    EXPECT_TRUE(read.lit);
    EXPECT_EQ(read.pair.second, "nine");
}

TEST(Shape, TheSameTypesGiveTheSameValueAndTheSameShape) {
    EXPECT_EQ(to_binary(convert<before::Room>(room()).value()), to_binary(room()));
    const Shape shape = shape_of<before::Room>();
    EXPECT_EQ(Shape::parse(shape.bytes()).value(), shape);
    EXPECT_NE(shape.bytes(), shape_of<after::Room>().bytes());
    EXPECT_NE(shape_of<std::int32_t>().bytes(), shape_of<std::int64_t>().bytes());
}

RC_GTEST_PROP(Shape, NumbersAreReadWhereTheyFit, (std::int64_t value)) {
    RC_ASSERT(convert<std::int64_t>(Money{value}).value() == value);
    RC_ASSERT(convert<int128>(value).value() == value);
    RC_ASSERT(convert<std::int16_t>(value).has_value() ==
              (value == static_cast<std::int16_t>(value)));
    RC_ASSERT(convert<std::uint64_t>(value).has_value() == (value >= 0));
}

RC_GTEST_PROP(Shape, ValuesComeBackThroughAShapeWithMore,
              (std::vector<std::string> names, std::vector<std::int32_t> watts)) {
    before::Room from;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const std::int32_t w = watts.empty() ? 3 : watts[i % watts.size()];
        from.lamps[names[i]].push_back(lamp(names[i], w, before::Colour::blue));
    }
    from.gone.resize(names.size());
    const after::Room read = convert<after::Room>(from).value();
    RC_ASSERT(read.lamps.size() == from.lamps.size());
    for (const auto& [name, lamps] : from.lamps) {
        const auto& found = read.lamps.at(name);
        RC_ASSERT(found.size() == lamps.size());
        for (std::size_t i = 0; i < lamps.size(); ++i) {
            RC_ASSERT(found[i].watts == lamps[i].watts);
            RC_ASSERT(found[i].name == lamps[i].name);
        }
    }
}

// ---- what is refused
// ----------------------------------------------------------------------------

struct Flat {
    std::int64_t value = 0;
};
MB_DESCRIBE(Flat, (value))
struct Narrow {
    std::uint8_t value = 0;
};
MB_DESCRIBE(Narrow, (value))
struct Worded {
    std::string value;
};
MB_DESCRIBE(Worded, (value))
struct Keyed {
    std::int32_t kept = 0;
    friend auto operator<=>(const Keyed&, const Keyed&) = default;
};
MB_DESCRIBE(Keyed, (kept))
struct Twice {
    std::int32_t kept = 0;
    std::int32_t lost = 0;
    friend auto operator<=>(const Twice&, const Twice&) = default;
};
MB_DESCRIBE(Twice, (kept, lost))

TEST(Shape, WhatCannotBeTakenOverIsRefusedWithItsPlace) {
    using Map = std::map<std::int64_t, std::vector<Flat>>;
    using Narrowed = std::map<std::int64_t, std::vector<Narrow>>;
    const Map map{{17, {{1}, {256}}}};
    EXPECT_EQ(refusal<Narrowed>(map), "it[17][1].value: 256 does not fit its 8 bits");
    EXPECT_EQ(refusal<std::vector<Worded>>(std::vector<Flat>{{1}}),
              "it[0].value: was stored as signed_number, text is wanted");
    EXPECT_EQ((refusal<std::map<std::string, Narrow>>(std::map<std::string, Flat>{{"x", {-1}}})),
              "it[\"x\"].value: -1 does not fit its 8 bits");
    EXPECT_EQ((refusal<std::array<bool, 3>>(std::array<bool, 2>{})),
              "it: has 2 items, 3 are wanted");
    EXPECT_EQ(refusal<before::Lamp>(after::Lamp{}), "it.colour: 'white' is not known");
    EXPECT_EQ((refusal<std::variant<Flat, bool>>(std::variant<Flat, Worded>{Worded{}})),
              "it: 'Worded' is not known");
    EXPECT_EQ(
        (refusal<std::map<Keyed, bool>>(std::map<Twice, bool>{{{1, 1}, true}, {{1, 2}, true}})),
        "it[1]: is there twice")
        << "a key that lost a member must not swallow what was two";
    EXPECT_EQ(refusal<std::set<Keyed>>(std::set<Twice>{{1, 1}, {1, 2}}), "it[1]: is there twice");
    EXPECT_EQ(refusal<std::optional<bool>>(true), "it: was stored as boolean, optional is wanted");
}

TEST(Shape, AnEnumeratorThatIsGoneDoesNoHarmWhereItIsNotUsed) {
    after::Lamp lamp;
    lamp.colour = after::Colour::red;
    lamp.allowed.set(after::Colour::green, true);
    EXPECT_EQ(convert<before::Lamp>(lamp).value().colour, before::Colour::red);
    lamp.allowed.set(after::Colour::white, true);
    EXPECT_EQ(refusal<before::Lamp>(lamp), "it.allowed: 'white' is not known");
}

// ---- damaged bytes
// ----------------------------------------------------------------------------

TEST(Shape, CutOrChangedBytesAreRefusedOrReadAsSomethingElse) {
    const Bytes content = to_binary(room());
    const Shape shape = shape_of<before::Room>();
    for (std::size_t cut = 0; cut < content.size(); ++cut) {
        after::Room out;
        ByteReader in(ByteView(content).first(cut));
        EXPECT_FALSE(read_shaped(in, shape, out, "it")) << cut;
    }
    const Bytes good = shape.bytes();
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const int flip : {0x01, 0x10, 0x80, 0xFF}) {
            Bytes bad = good;
            bad[at] = static_cast<std::uint8_t>(bad[at] ^ flip);
            const auto parsed = Shape::parse(bad);
            if (parsed) {
                after::Room out;
                ByteReader in(content);
                const auto read = read_shaped(in, *parsed, out, "it");
                EXPECT_TRUE(read || !read.error().params[0].second.empty());
            }
        }
        EXPECT_FALSE(Shape::parse(ByteView(good).first(at)));
    }
}

/// Nodes 0 … depth: each holds the one before it `times` times.
Shape tower(ShapeKind kind, std::size_t depth, std::size_t times) {
    Shape shape;
    shape.nodes.push_back({ShapeKind::record, 0, {}, {}});
    for (std::uint32_t i = 0; i < depth; ++i) {
        ShapeNode node{kind, 1'000'000'000, {}, {}};
        for (std::size_t n = 0; n < times; ++n) {
            node.items.push_back({kind == ShapeKind::record ? std::to_string(n) : "", i, 0});
        }
        shape.nodes.push_back(node);
    }
    return shape;
}

TEST(Shape, AHostileShapeEndsTheReadingInsteadOfTheProgram) {
    EXPECT_FALSE(Shape::parse(tower(ShapeKind::optional, 64, 1).bytes())) << "too deep";
    for (const Shape& shape : {tower(ShapeKind::record, 60, 2), tower(ShapeKind::array, 40, 1)}) {
        const Shape endless = Shape::parse(shape.bytes()).value();
        const Bytes nothing(3, 0);
        ByteReader in(nothing);
        ShapedReader reader(in, endless, "it");
        reader.skip(endless.root());
        EXPECT_EQ(reader.result().error().code, "shape.malformed");
    }
    Shape itself = tower(ShapeKind::list, 1, 1);
    itself.nodes[1].items[0].shape = 1;
    EXPECT_FALSE(Shape::parse(itself.bytes()));
    Shape unknown = tower(ShapeKind::list, 1, 1);
    unknown.nodes[0].kind = static_cast<ShapeKind>(99);
    EXPECT_FALSE(Shape::parse(unknown.bytes()));
    Shape doubled = tower(ShapeKind::record, 1, 2);
    doubled.nodes[1].items[1].name = doubled.nodes[1].items[0].name;
    EXPECT_FALSE(Shape::parse(doubled.bytes())) << "two members of one name";
}

}  // namespace
}  // namespace mb
