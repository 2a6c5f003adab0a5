#include "app/rerate.hpp"

#include "engine/point_snapshot.hpp"
#include "rules/billing/history.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <iterator>

namespace mb::app {

namespace {

using rules::billing::AgreementAccrual;
using rules::billing::BillLine;
using rules::billing::CycleId;
using rules::billing::PointAgreement;
using rules::billing::PointHistory;
using rules::metering::DayReading;
using rules::metering::Outcome;
using rules::metering::OutcomeReason;

constexpr auto progress_every = std::chrono::milliseconds(500);

/// What was charged as it came: the use on either side is counted from it.
bool is_firm(const DayReading& reading) {
    return reading.outcome == Outcome::charged && reading.reason != OutcomeReason::estimated;
}

/// The readings of one meter that bear on some days.
class MeterReadings {
public:
    MeterReadings(const RerateFacts& facts, const Zone& zone, const engine::MeterState& meter)
        : facts_(facts),
          meter_(meter),
          begin_(zone.date(meter.config.from)),
          end_(zone.date(meter.last_at) + 1) {}

    /// Those of [from, to), from the last firm one before to the first firm one behind: use lies
    /// between. A meter may have been silent, so both are looked for further and further off.
    [[nodiscard]] std::vector<DayReading> around(CivilDate from, CivilDate to) const {
        std::vector<DayReading> out = within(from, to);
        CivilDate first = std::min(from, end_);
        for (int days = 1; first > begin_; days *= 8) {
            const CivilDate next = std::max(begin_, first + -days);
            const std::vector<DayReading> before = within(next, first);
            const auto firm = std::find_if(before.rbegin(), before.rend(), is_firm);
            if (firm != before.rend()) {
                const Instant at = firm->at;  // what else is of that time comes along
                const auto base = std::find_if(before.begin(), before.end(),
                                               [&](const auto& one) { return one.at == at; });
                out.insert(out.begin(), base, before.end());
                break;
            }
            if (next == begin_) {
                out.insert(out.begin(), before.begin(), before.end());
            }
            first = next;
        }
        CivilDate last = std::max(to, begin_);
        for (int days = 1; last < end_; days *= 8) {
            const CivilDate next = std::min(end_, last + days);
            const std::vector<DayReading> behind = within(last, next);
            const auto firm = std::find_if(behind.begin(), behind.end(), is_firm);
            out.insert(out.end(), behind.begin(), firm == behind.end() ? firm : firm + 1);
            if (firm != behind.end()) {
                break;
            }
            last = next;
        }
        return out;
    }

private:
    [[nodiscard]] std::vector<DayReading> within(CivilDate from, CivilDate to) const {
        return facts_.readings.of(meter_, std::max(from, begin_), std::min(to, end_));
    }

    const RerateFacts& facts_;
    const engine::MeterState& meter_;
    CivilDate begin_;
    CivilDate end_;
};

/// All agreements of a point are folded together, so the earliest need of one holds for all.
CivilDate point_rated_from(const RerateFacts& facts, const PointHistory& history) {
    CivilDate out = rules::billing::cycle_from(facts.months.from);
    for (const PointAgreement& agreement : history.agreements) {
        out = std::min(out, rated_from(facts.book, agreement.tariff_code_index, facts.months.from));
    }
    return out;
}

/// As if service had begun that day, the first of a month: fees of earlier months are not wanted,
/// their free quantity has expired.
void cut(PointHistory& history, const Zone& zone, CivilDate from) {
    std::erase_if(history.agreements, [&](const PointAgreement& agreement) {
        return agreement.to && agreement.to <= zone.instant(from);
    });
    for (PointAgreement& agreement : history.agreements) {
        auto& begun = agreement.terms.in_service_from;
        const CivilDate day = begun.value_or(zone.date(agreement.from));
        if (day < from) {
            begun = from;
        }
    }
}

bool runs_in(const PointAgreement& agreement, const Zone& zone, const RerateMonths& months) {
    return agreement.from < zone.instant(rules::billing::cycle_to(months.to)) &&
           (!agreement.to || agreement.to > zone.instant(rules::billing::cycle_from(months.from)));
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

std::vector<RatedAgreement> rerate_point_months(const RerateFacts& facts, const Zone& zone,
                                                ServicePointId id) {
    engine::PointSnapshot point = facts.engine.snapshot(id);
    const CivilDate from = point_rated_from(facts, point.history);
    cut(point.history, zone, from);
    for (rules::billing::PointMeter& meter : point.history.meters) {
        meter.readings.clear();
        if (!meter.to || meter.to >= zone.instant(from)) {
            meter.readings = MeterReadings(facts, zone, *facts.state().meters.find(meter.id))
                                 .around(from, rules::billing::cycle_to(facts.months.to));
        }
    }
    auto rating =
        rules::billing::rate_point(facts.book, point.calendar, zone, point.history, false);
    const engine::ServicePointState& state = *facts.state().service_points.find(id);
    std::vector<RatedAgreement> out;
    for (std::size_t i = 0; i < point.history.agreements.size(); ++i) {
        if (!runs_in(point.history.agreements[i], zone, facts.months)) {
            continue;
        }
        RatedAgreement& one = out.emplace_back();
        one.id = point.history.agreements[i].id;
        one.waiting = state.rerate || state.rerate_tonight;
        if (rating) {
            one.lines = amounts_of(std::move(rating->agreements[i].accrual.lines), facts.months);
        } else {
            one.refused = rating.error();
        }
    }
    return out;
}

std::vector<ServicePointId> points_to_rate(const engine::State& state,
                                           std::optional<std::int32_t> code_index) {
    std::vector<ServicePointId> out;
    state.service_points.each([&](ServicePointId id, const engine::ServicePointState& point) {
        const bool wanted = std::any_of(
            point.agreements.begin(), point.agreements.end(), [&](AgreementId agreement) {
                return !code_index ||
                       state.agreements.find(agreement)->accrual.tariff_code_index == *code_index;
            });
        if (wanted) {
            out.push_back(id);
        }
    });
    return out;
}

std::vector<RatedAgreement> rerate_all(const RerateFacts& facts,
                                       const std::vector<ServicePointId>& points, int threads,
                                       const RerateProgress& progress) {
    std::vector<std::vector<RatedAgreement>> parts(points.size());
    std::atomic<std::size_t> next{0};
    std::atomic<std::size_t> done{0};
    const auto work = [&] {
        const Zone zone = Zone::find(facts.state().config.zone).value();  // one a thread: it caches
        try {
            for (std::size_t i = next++; i < points.size(); i = next++) {
                parts[i] = rerate_point_months(facts, zone, points[i]);
                ++done;
            }
        } catch (...) {
            next = points.size();
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
    std::vector<RatedAgreement> out;
    for (std::vector<RatedAgreement>& part : parts) {
        std::move(part.begin(), part.end(), std::back_inserter(out));
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return out;
}

}  // namespace mb::app
