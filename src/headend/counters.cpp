#include "headend/counters.hpp"

namespace mb::headend {

LinkCounters& LinkCounters::operator+=(const LinkCounters& b) {
    boost::mp11::mp_for_each<
        boost::describe::describe_members<LinkCounters, boost::describe::mod_public>>(
        [&](auto member) { this->*member.pointer += b.*member.pointer; });
    return *this;
}

}  // namespace mb::headend
