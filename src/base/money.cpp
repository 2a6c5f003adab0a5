#include "base/money.hpp"

namespace mb {

std::string ExactMoney::text() const {
    const int128 all = rests();
    const bool negative = all < 0;
    const int128 magnitude = negative ? -all : all;
    const int128 per_yuan = static_cast<int128>(rests_per_fen) * 100;
    const auto yuan = static_cast<std::int64_t>(magnitude / per_yuan);
    const auto below = static_cast<std::int64_t>(magnitude % per_yuan);  // 17 digits
    std::string fraction = format_decimal(below, 17, 2).substr(1);       // ".…"
    return (negative ? "-" : "") + std::to_string(yuan) + fraction;
}

}  // namespace mb
