#include "app/rerate.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <future>

namespace mb::app {

namespace {

using rules::billing::AgreementAccrual;
using rules::billing::BillLine;
using rules::billing::CycleId;
using rules::metering::DayReading;
using rules::metering::Outcome;
using rules::metering::OutcomeReason;

constexpr auto progress_every = std::chrono::milliseconds(500);

/// The bases of one meter: readings from which, and up to which, use is counted.
class Bases {
public:
    Bases(const RerateFacts& facts, const Zone& zone, const engine::MeterState& meter)
        : facts_(facts),
          meter_(meter),
          begin_(zone.date(meter.config.from)),
          end_(zone.date(meter.last_at) + 1) {}

    /// Those within [from, to), the last one before and the first one behind: use lies between. A
    /// meter may have been silent, so both are looked for further and further off.
    [[nodiscard]] std::vector<DayReading> around(CivilDate from, CivilDate to) const {
        std::vector<DayReading> out = within(from, to);
        CivilDate first = std::min(from, end_);
        for (int days = 1; first > begin_; days *= 8) {
            const CivilDate next = std::max(begin_, first + -days);
            const std::vector<DayReading> before = within(next, first);
            if (!before.empty()) {
                out.insert(out.begin(), before.back());
                break;
            }
            first = next;
        }
        CivilDate last = std::max(to, begin_);
        for (int days = 1; last < end_; days *= 8) {
            const CivilDate next = std::min(end_, last + days);
            const std::vector<DayReading> behind = within(last, next);
            if (!behind.empty()) {
                out.push_back(behind.front());
                break;
            }
            last = next;
        }
        return out;
    }

private:
    [[nodiscard]] std::vector<DayReading> within(CivilDate from, CivilDate to) const {
        std::vector<DayReading> out =
            facts_.readings.of(meter_, std::max(from, begin_), std::min(to, end_));
        std::erase_if(out, [](const DayReading& reading) {
            return reading.outcome != Outcome::charged &&
                   reading.reason != OutcomeReason::no_agreement;
        });
        return out;
    }

    const RerateFacts& facts_;
    const engine::MeterState& meter_;
    CivilDate begin_;
    CivilDate end_;
};

Result<AgreementAccrual> rate_meter(const RerateFacts& facts, const Zone& zone,
                                    const engine::MeterState& meter,
                                    const engine::AgreementState& agreement, CivilDate from) {
    const rules::billing::RatingFacts rating{facts.book, facts.state.config.calendar, zone,
                                             agreement.terms};
    const rules::metering::MeterSpec spec{meter.config.modulus, meter.config.ratio,
                                          meter.config.max_power_w};
    AgreementAccrual out;
    out.tariff_code_index = agreement.accrual.tariff_code_index;
    const std::vector<DayReading> readings =
        Bases(facts, zone, meter).around(from, rules::billing::cycle_to(facts.months.to));
    for (std::size_t i = 1; i < readings.size(); ++i) {
        const DayReading& before = readings[i - 1];
        const DayReading& after = readings[i];
        if (after.reason == OutcomeReason::first || after.reason == OutcomeReason::no_agreement) {
            continue;  // the base of what follows, nothing was charged up to it
        }
        const auto step = rules::metering::register_difference(spec, before.at, before.registers,
                                                               after.at, after.registers, after.at);
        if (!rules::metering::is_charged(step.verdict)) {
            return fail(error("rating.not_charged").with("at", zone.text(after.at)));
        }
        if (step.total.units > 0) {
            rules::billing::Interval interval;
            interval.from = before.at;
            interval.to = after.at;
            interval.total = step.total;
            interval.by_register = step.by_register;
            interval.register_count = step.register_count;
            interval.registers_match_table = meter.config.registers_match_table;
            TRY(rules::billing::accrue(out, rating, interval));
        }
    }
    return out;
}

}  // namespace

std::vector<AmountLine> amounts_of(std::vector<BillLine> lines, const RerateMonths& months) {
    std::erase_if(lines, [&](const BillLine& line) { return !months.has(line.key.cycle); });
    AgreementAccrual accrual;
    accrual.lines = std::move(lines);
    for (const BillLine& line : accrual.lines) {
        if (line.rounding != rules::tariff::RoundingPlace::total) {
            continue;
        }
        const auto total =
            std::find_if(accrual.totals.begin(), accrual.totals.end(),
                         [&](const auto& one) { return one.cycle == line.key.cycle; });
        if (total == accrual.totals.end()) {
            accrual.totals.push_back({line.key.cycle, line.exact});
        } else {
            total->exact += line.exact;
        }
    }
    const std::vector<Money> amounts = rules::billing::posting_targets(accrual);
    std::vector<AmountLine> out;
    for (std::size_t i = 0; i < amounts.size(); ++i) {
        const BillLine& line = accrual.lines[i];
        if (line.quantity.units != 0 || line.exact != ExactMoney{}) {
            out.push_back({line, amounts[i]});
        }
    }
    std::sort(out.begin(), out.end(),
              [](const auto& a, const auto& b) { return a.line.key < b.line.key; });
    return out;
}

Money RatedAgreement::amount() const {
    Money out;
    for (const AmountLine& line : lines) {
        out += line.amount;
    }
    return out;
}

CivilDate rated_from(const rules::tariff::TariffBook& book, std::int32_t code_index,
                     CycleId first) {
    const CivilDate begin = rules::billing::cycle_from(first);
    CivilDate out = begin;
    for (const auto* version : book.versions(code_index)) {
        for (const auto& allowance : version->document.allowances) {
            if (allowance.expires_after_months > 1) {
                return {};
            }
        }
        if (version->compiled.tiers.cycle != rules::tariff::TierCycle::none) {
            out = std::min(out, version->compiled.tiers.cycle_at(begin).from);
        }
    }
    // Free quantity is of a calendar month, and what an earlier one left counts in tiers or not.
    return rules::tariff::month_of(out);
}

RatedAgreement rerate_agreement(const RerateFacts& facts, const Zone& zone, AgreementId id) {
    RatedAgreement out;
    out.id = id;
    const engine::AgreementState& agreement = *facts.state.agreements.find(id);
    const auto& point = *facts.state.service_points.find(agreement.config.service_point);
    auto rated =
        rate_meter(facts, zone, *facts.state.meters.find(point.meter), agreement,
                   rated_from(facts.book, agreement.accrual.tariff_code_index, facts.months.from));
    if (rated) {
        out.lines = amounts_of(std::move(rated->lines), facts.months);
    } else {
        out.refused = std::move(rated).error();
    }
    return out;
}

std::vector<AgreementId> agreements_to_rate(const engine::State& state) {
    std::vector<AgreementId> out;
    state.agreements.each([&](AgreementId id, const engine::AgreementState& agreement) {
        const auto* point = state.service_points.find(agreement.config.service_point);
        if (point != nullptr && point->agreement == id && point->meter) {
            out.push_back(id);
        }
    });
    return out;
}

std::vector<RatedAgreement> rerate_all(const RerateFacts& facts,
                                       const std::vector<AgreementId>& ids, int threads,
                                       const RerateProgress& progress) {
    std::vector<RatedAgreement> out(ids.size());
    std::atomic<std::size_t> next{0};
    std::atomic<std::size_t> done{0};
    const auto work = [&] {
        const Zone zone = Zone::find(facts.state.config.zone).value();  // one a thread: it caches
        try {
            for (std::size_t i = next++; i < ids.size(); i = next++) {
                out[i] = rerate_agreement(facts, zone, ids[i]);
                ++done;
            }
        } catch (...) {
            next = ids.size();
            throw;
        }
    };
    std::vector<std::future<void>> running;
    for (int i = 0; i < threads; ++i) {
        running.push_back(std::async(std::launch::async, work));
    }
    for (std::future<void>& one : running) {
        while (one.wait_for(progress_every) != std::future_status::ready) {
            progress(done);
        }
    }
    for (std::future<void>& one : running) {
        one.get();
    }
    return out;
}

}  // namespace mb::app
