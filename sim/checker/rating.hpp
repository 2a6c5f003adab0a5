// The checker's own slow rating: from the tariff documents and the readings as they came, by means
// that share nothing with rules/billing. Project zone UTC+8 without clock changes.
#pragma once

#include "base/integer.hpp"
#include "base/money.hpp"
#include "base/time.hpp"
#include "rules/tariff/document.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace mb::sim::checker {

/// What one bill line is about.
struct OwnKey {
    std::int32_t cycle = 0;  // year × 100 + month
    int band = 0;
    int tier = 1;
    std::int64_t version = 0;  // tariff id
    friend auto operator<=>(const OwnKey&, const OwnKey&) = default;
};

struct OwnLine {
    std::int64_t quantity = 0;  // 10⁻⁴ kWh
    int128 rests = 0;           // 10⁻¹⁵ fen
    bool by_total = false;      // rounded with the cycle's total
};

/// What one agreement has used.
struct OwnBill {
    std::map<OwnKey, OwnLine> lines;
    std::map<std::int32_t, std::int64_t> used;  // by cycle
    std::int64_t charged = 0;

    /// All of it in fen: each line rounded, or each cycle's total.
    [[nodiscard]] std::int64_t fen() const;
};

class OwnTariffs {
public:
    void publish(std::int64_t id, const rules::tariff::TariffDocument& document) {
        versions_.push_back({id, document});
    }
    void charge(OwnBill& bill, const std::string& code, Instant from, Instant to,
                std::int64_t quantity) const;

private:
    struct Version {
        std::int64_t id = 0;
        rules::tariff::TariffDocument document;
    };
    struct Piece {
        std::int64_t us = 0;
        const Version* version = nullptr;
        int band = 0;
        std::int32_t cycle = 0;
    };
    [[nodiscard]] const Version& in_force(const std::string& code, CivilDate on) const;
    [[nodiscard]] std::vector<Piece> cut(const std::string& code, Instant from, Instant to) const;
    static void fill_tiers(OwnBill& bill, const Piece& piece, std::int64_t quantity);

    std::vector<Version> versions_;
};

}  // namespace mb::sim::checker
