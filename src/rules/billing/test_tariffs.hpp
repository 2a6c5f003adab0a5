// Tariffs and small wishes of the rating tests.
#pragma once

#include "rules/billing/accrual.hpp"
#include "rules/billing/stretch.hpp"
#include "rules/tariff/book.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mb::rules::billing::test {

inline Price price(std::string_view yuan) { return Price::parse(yuan).value(); }
inline Quantity kwh(std::string_view text) { return Quantity::parse(text).value(); }
inline Instant at(std::string_view text) { return parse_rfc3339(text).value(); }
inline CivilDate day(std::string_view text) { return CivilDate::parse(text).value(); }
inline Zone shanghai() { return Zone::find("Asia/Shanghai").value(); }

inline tariff::TariffDocument flat(std::string_view yuan) {
    tariff::TariffDocument out;
    out.code = "flat";
    out.name = "Flat";
    out.version = 1;
    out.effective_from = day("2020-01-01");
    out.prices = {{{}, {}, price(yuan)}};
    return out;
}

/// Limits in kWh, one price more than limits.
inline tariff::TariffDocument tiered(tariff::TierCycle cycle, std::vector<std::string> limits,
                                     std::vector<std::string> prices) {
    tariff::TariffDocument out = flat("0");
    out.code = "tiered";
    out.tier_cycle = cycle;
    out.prices.clear();
    for (const std::string& limit : limits) {
        out.tier_limits.push_back(kwh(limit));
    }
    for (std::size_t i = 0; i < prices.size(); ++i) {
        out.prices.push_back({{}, static_cast<std::int32_t>(i + 1), price(prices[i])});
    }
    return out;
}

/// Chongqing, first tier: peak 11–17 and 20–22, valley 0–8.
inline tariff::TariffDocument chongqing() {
    using tariff::Band;
    tariff::TariffDocument out = flat("0");
    out.code = "chongqing";
    out.periods = {{"00:00", "08:00", Band::valley}, {"08:00", "11:00", Band::flat},
                   {"11:00", "17:00", Band::peak},   {"17:00", "20:00", Band::flat},
                   {"20:00", "22:00", Band::peak},   {"22:00", "24:00", Band::flat}};
    out.prices = {{Band::peak, {}, price("0.62")},
                  {Band::flat, {}, price("0.52")},
                  {Band::valley, {}, price("0.34")}};
    return out;
}

/// One agreement under one book, with the calls tests make all the time.
struct Rig {
    tariff::TariffBook book;
    Calendar calendar;
    Zone zone = shanghai();
    tariff::Terms terms;
    AgreementAccrual accrual;

    Rig() = default;
    explicit Rig(tariff::TariffDocument document) {
        accrual.tariff_code_index = publish(std::move(document));
    }
    std::int32_t publish(tariff::TariffDocument document) {
        const TariffId id{static_cast<std::int64_t>(book.all().size()) + 1};
        return book.publish(id, std::move(document), &calendar).value();
    }
    [[nodiscard]] RatingFacts facts() const { return {book, calendar, zone, terms}; }
    Result<AccrualResult> use(const Interval& interval) {
        return accrue(accrual, facts(), interval);
    }
    Result<AccrualResult> use(std::string_view from, std::string_view to, std::string_view total) {
        Interval interval;
        interval.from = at(from);
        interval.to = at(to);
        interval.total = kwh(total);
        return use(interval);
    }
    /// With tariff registers T1…: "" is zero.
    Result<AccrualResult> use_registers(std::string_view from, std::string_view to,
                                        std::string_view total,
                                        const std::vector<std::string>& registers) {
        Interval interval;
        interval.from = at(from);
        interval.to = at(to);
        interval.total = interval.by_register[0] = kwh(total);
        interval.register_count = static_cast<std::uint8_t>(registers.size() + 1);
        interval.registers_match_table = true;
        for (std::size_t i = 0; i < registers.size(); ++i) {
            interval.by_register[i + 1] = kwh(registers[i].empty() ? "0" : registers[i]);
        }
        return use(interval);
    }
    /// "202601 peak 1 v1: 100.0000 62.00" a line.
    [[nodiscard]] std::vector<std::string> lines() const {
        std::vector<std::string> out;
        for (const BillLine& line : accrual.lines) {
            out.push_back(std::to_string(line.key.cycle) + " " +
                          std::string(enum_text(line.key.band)) + " " +
                          std::to_string(line.key.tier) + " v" + line.key.version.text() + ": " +
                          line.quantity.text() + " " + line.exact.text());
        }
        return out;
    }
};

}  // namespace mb::rules::billing::test
