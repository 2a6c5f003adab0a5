#include "rules/tariff/terms.hpp"

#include <algorithm>

namespace mb::rules::tariff {

std::int32_t Terms::people_on(CivilDate date) const {
    const auto after = std::upper_bound(
        households.begin(), households.end(), date,
        [](CivilDate on, const Household& household) { return on < household.from; });
    return after == households.begin() ? 0 : (after - 1)->people;
}

namespace {

bool overlap(const std::optional<CivilDate>& begin, const std::optional<CivilDate>& end,
             CivilDate from, CivilDate to) {
    return (!begin || *begin < to) && (!end || *end > from);
}

}  // namespace

bool Terms::in_service(CivilDate from, CivilDate to) const {
    return overlap(in_service_from, in_service_to, from, to);
}

bool Terms::counts_for_tiers(CivilDate from, CivilDate to) const {
    return !tiers_from || overlap(tiers_from, tiers_to, from, to);
}

}  // namespace mb::rules::tariff
