#include "codec/dlt645/frame.hpp"

#include <algorithm>
#include <numeric>

#include "base/check.hpp"

namespace mb::codec::dlt645 {

std::string_view function_name(Function function) {
    switch (function) {
        case Function::security: return "security";
        case Function::broadcast_time: return "broadcast_time";
        case Function::read: return "read";
        case Function::read_next: return "read_next";
        case Function::read_address: return "read_address";
        case Function::write: return "write";
        case Function::set_address: return "set_address";
        case Function::freeze: return "freeze";
        case Function::change_baud: return "change_baud";
        case Function::change_password: return "change_password";
        case Function::clear_demand: return "clear_demand";
        case Function::clear_meter: return "clear_meter";
        case Function::clear_events: return "clear_events";
        case Function::relay: return "relay";
    }
    return "unknown";
}

Frame Frame::make(const Address& address, std::uint8_t control, ByteView data) {
    CHECK(data.size() <= data_max);
    Frame out;
    out.address = address;
    out.control = {control};
    out.length = static_cast<std::uint8_t>(data.size());
    std::copy(data.begin(), data.end(), out.bytes.begin());
    return out;
}

Bytes Frame::encode(int preamble) const {
    CHECK(preamble >= 0 && preamble <= 16);
    Bytes out;
    const auto start = static_cast<std::size_t>(preamble);
    out.reserve(start + encoded_size());
    out.assign(start, 0xFE);
    out.push_back(0x68);
    out.insert(out.end(), address.bytes.begin(), address.bytes.end());
    out.push_back(0x68);
    out.push_back(control.code);
    out.push_back(length);
    for (const std::uint8_t byte : data()) {
        out.push_back(static_cast<std::uint8_t>(byte + 0x33));
    }
    const auto sum = std::accumulate(out.begin() + preamble, out.end(), 0U);
    out.push_back(static_cast<std::uint8_t>(sum));
    out.push_back(0x16);
    return out;
}

bool operator==(const Frame& a, const Frame& b) {
    return a.address == b.address && a.control == b.control &&
           std::ranges::equal(a.data(), b.data());
}

}  // namespace mb::codec::dlt645
