#include "sim/checker/rating.hpp"

#include "base/check.hpp"

#include <algorithm>

namespace mb::sim::checker {

namespace {

constexpr std::int64_t minute_us = 60'000'000;
constexpr std::int64_t day_us = 1'440 * minute_us;
constexpr std::int64_t offset_us = 8 * 60 * minute_us;
constexpr int128 rests_per_fen = 1'000'000'000'000'000;

int minutes_of(const std::string& hh_mm) {
    return std::stoi(hh_mm.substr(0, 2)) * 60 + std::stoi(hh_mm.substr(3, 2));
}

std::int64_t to_fen(int128 rests) {
    return static_cast<std::int64_t>((rests + rests_per_fen / 2) / rests_per_fen);
}

std::int32_t month_of(CivilDate on) {
    int year = 0;
    int month = 0;
    int day = 0;
    on.to_ymd(year, month, day);
    return year * 100 + month;
}

}  // namespace

std::int64_t OwnBill::fen() const {
    std::int64_t sum = 0;
    std::map<std::int32_t, int128> totals;
    for (const auto& [key, line] : lines) {
        if (line.by_total) {
            totals[key.cycle] += line.rests;
        } else {
            sum += to_fen(line.rests);
        }
    }
    for (const auto& [cycle, rests] : totals) {
        sum += to_fen(rests);
    }
    return sum;
}

const OwnTariffs::Version& OwnTariffs::in_force(const std::string& code, CivilDate on) const {
    const Version* best = nullptr;
    for (const Version& v : versions_) {
        const bool counts = v.document.code == code && v.document.effective_from <= on;
        if (counts &&
            (best == nullptr || best->document.effective_from < v.document.effective_from)) {
            best = &v;
        }
    }
    CHECK(best != nullptr);
    return *best;
}

std::vector<OwnTariffs::Piece> OwnTariffs::cut(const std::string& code, Instant from,
                                               Instant to) const {
    std::vector<Piece> out;
    std::int64_t at = from.us;
    while (at < to.us) {
        const std::int64_t local = at + offset_us;
        const CivilDate on{static_cast<std::int32_t>(local / day_us)};
        const std::int64_t midnight = at - local % day_us;
        const Version& version = in_force(code, on);
        Piece piece{0, &version, static_cast<int>(rules::tariff::Band::flat), month_of(on)};
        std::int64_t end = midnight + day_us;
        for (const auto& period : version.document.periods) {
            const std::int64_t begins = midnight + minutes_of(period.from) * minute_us;
            const std::int64_t ends = midnight + minutes_of(period.to) * minute_us;
            if (at >= begins && at < ends) {
                piece.band = static_cast<int>(period.band);
                end = ends;
            }
        }
        end = std::min(end, to.us);
        piece.us = end - at;
        at = end;
        const bool same = !out.empty() && out.back().version == piece.version &&
                          out.back().band == piece.band && out.back().cycle == piece.cycle;
        if (same) {
            out.back().us += piece.us;
        } else {
            out.push_back(piece);
        }
    }
    return out;
}

void OwnTariffs::fill_tiers(OwnBill& bill, const Piece& piece, std::int64_t quantity) {
    const rules::tariff::TariffDocument& document = piece.version->document;
    std::int64_t& used = bill.used[piece.cycle];
    while (quantity > 0) {
        std::size_t tier = 0;
        while (tier < document.tier_limits.size() && used >= document.tier_limits[tier].units) {
            ++tier;
        }
        std::int64_t part = quantity;
        if (tier < document.tier_limits.size()) {
            part = std::min(part, document.tier_limits[tier].units - used);
        }
        const int number = static_cast<int>(tier) + 1;
        for (const auto& price : document.prices) {
            const bool band = !price.band || static_cast<int>(*price.band) == piece.band;
            if (band && (!price.tier || *price.tier == number)) {
                OwnLine& line = bill.lines[{piece.cycle, piece.band, number, piece.version->id}];
                line.quantity += part;
                line.rests += static_cast<int128>(part) * price.price.units;
                line.by_total = document.rounding == rules::tariff::RoundingPlace::total;
            }
        }
        used += part;
        quantity -= part;
    }
}

void OwnTariffs::charge(OwnBill& bill, const std::string& code, Instant from, Instant to,
                        std::int64_t quantity) const {
    bill.charged += quantity;
    const std::vector<Piece> pieces = cut(code, from, to);
    const std::int64_t whole = to.us - from.us;
    std::vector<std::int64_t> parts;
    std::vector<std::pair<std::int64_t, std::size_t>> rests;  // −rest, place: sorts as we want it
    std::int64_t left = quantity;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const int128 product = static_cast<int128>(quantity) * pieces[i].us;
        parts.push_back(static_cast<std::int64_t>(product / whole));
        rests.emplace_back(-static_cast<std::int64_t>(product % whole), i);
        left -= parts.back();
    }
    std::sort(rests.begin(), rests.end());
    for (std::size_t i = 0; i < static_cast<std::size_t>(left); ++i) {
        ++parts[rests[i].second];
    }
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        fill_tiers(bill, pieces[i], parts[i]);
    }
}

}  // namespace mb::sim::checker
