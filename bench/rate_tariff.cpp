#include "bench/rate_tariff.hpp"

namespace mb::bench {

rules::tariff::TariffDocument three_by_five(Quantity first_limit, Quantity second_limit) {
    using rules::tariff::Band;
    rules::tariff::TariffDocument out;
    out.code = "three-by-five";
    out.name = "bench";
    out.version = 1;
    out.effective_from = CivilDate::from_ymd(2026, 1, 1);
    out.periods = {{"00:00", "02:00", Band::valley}, {"02:00", "05:00", Band::deep_valley},
                   {"05:00", "08:00", Band::valley}, {"08:00", "10:00", Band::flat},
                   {"10:00", "12:00", Band::sharp},  {"12:00", "14:00", Band::flat},
                   {"14:00", "18:00", Band::peak},   {"18:00", "20:00", Band::sharp},
                   {"20:00", "22:00", Band::peak},   {"22:00", "24:00", Band::flat}};
    out.tier_cycle = rules::tariff::TierCycle::month;
    out.tier_split = rules::tariff::TierSplit::time_order;
    out.tier_limits = {first_limit, second_limit};
    for (std::int32_t tier = 1; tier <= 3; ++tier) {
        for (std::size_t band = 0; band < rules::tariff::band_count; ++band) {
            const std::int64_t units = 9'382'500'000'000 -
                                       static_cast<std::int64_t>(band) * 1'501'370'000'000 +
                                       tier * 500'000'000'000;
            out.prices.push_back({static_cast<Band>(band), tier, Price{units}});
        }
    }
    return out;
}

std::uint64_t mixed(std::uint64_t number) {
    number += 0x9E3779B97F4A7C15U;
    number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9U;
    number = (number ^ (number >> 27)) * 0x94D049BB133111EBU;
    return number ^ (number >> 31);
}

}  // namespace mb::bench
