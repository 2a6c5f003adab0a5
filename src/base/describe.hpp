// Boost.Describe, in one place: MB_DESCRIBE(Type, (members…)) and MB_ENUM(Type, values…) feed the
// JSON and binary forms, so that each type is described once.
#pragma once

#include <array>
#include <boost/describe.hpp>
#include <boost/mp11.hpp>
#include <optional>
#include <string_view>
#include <type_traits>

/// MB_DESCRIBE(Type, (member, member, …))
#define MB_DESCRIBE(Type, Members) BOOST_DESCRIBE_STRUCT(Type, (), Members)
/// MB_ENUM(Type, value, value, …)
#define MB_ENUM(...) BOOST_DESCRIBE_ENUM(__VA_ARGS__)

namespace mb {

template <class T>
concept Described = boost::describe::has_describe_members<T>::value && !std::is_union_v<T>;

template <class T>
concept DescribedEnum = boost::describe::has_describe_enumerators<T>::value;

/// Calls f(name, member reference) for each described member, in order.
template <class T, class F>
void for_each_member(T& object, F&& f) {
    using Members =
        boost::describe::describe_members<std::remove_cv_t<T>, boost::describe::mod_public>;
    boost::mp11::mp_for_each<Members>([&](auto d) { f(d.name, object.*d.pointer); });
}

template <DescribedEnum E>
std::string_view enum_text(E value) {
    std::string_view out = "?";
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto d) {
        if (d.value == value) {
            out = d.name;
        }
    });
    return out;
}

template <DescribedEnum E>
std::optional<E> enum_value(std::string_view text) {
    std::optional<E> out;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto d) {
        if (text == d.name) {
            out = d.value;
        }
    });
    return out;
}

}  // namespace mb
