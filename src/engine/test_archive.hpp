// A test bench that keeps what the store would keep, and does the server's job of re-rating.
#pragma once

#include "engine/testing.hpp"
#include "rules/billing/adjustment.hpp"
#include "rules/billing/history.hpp"

#include <map>
#include <set>

namespace mb::engine::testing {

struct Archive : Bench {
    using Bench::Bench;

    std::map<std::pair<MeterId, CivilDate>, std::vector<DayRow>> days;
    std::map<std::pair<AgreementId, std::int32_t>, rules::billing::BillLine> lines;
    std::vector<AdjustmentRow> adjustments;
    std::vector<rules::ledger::Transfer> transfers;
    std::string last_error;

    EventOutcome apply(Event event) {
        EventOutcome outcome = Bench::apply(std::move(event));
        keep_rows();
        flush();
        if (outcome.refused) {
            last_error = outcome.error.text();
        }
        return outcome;
    }
    std::string ok(Event event) {
        const EventOutcome outcome = apply(std::move(event));
        EXPECT_FALSE(outcome.refused) << outcome.error.text();
        return outcome.ref;
    }
    std::string refused(Event event) {
        const EventOutcome outcome = apply(std::move(event));
        EXPECT_TRUE(outcome.refused);
        return outcome.error.code;
    }
    void read(const std::string& when, const std::string& kwh, MeterId meter = MeterId{1}) {
        ok(ReadingTaken{meter, at(when), total(kwh), ReadingSource::poll});
    }
    /// To that time, with the timers of each day on the way.
    void until(const std::string& when) {
        while (now.business + Duration::days(1) < at(when)) {
            later(Duration::days(1));
            ok(Tick{});
        }
        later(at(when) - now.business);
        ok(Tick{});
    }

    PointSnapshot whole(ServicePointId point = ServicePointId{1}) {
        PointSnapshot found = engine.snapshot(point);
        for (std::size_t i = 0; i < found.history.meters.size(); ++i) {
            auto& meter = found.history.meters[i];
            std::vector<rules::metering::DayReading> closed;
            for (const auto& [key, rows] : days) {
                for (const DayRow& row : rows) {
                    if (key.first == meter.id && key.second < found.closed_to[i]) {
                        const auto block = rules::metering::DayBlock::parse(row.packed).value();
                        const auto readings = block.readings();
                        closed.insert(closed.end(), readings.begin(), readings.end());
                    }
                }
            }
            meter.readings.insert(meter.readings.begin(), closed.begin(), closed.end());
        }
        return found;
    }
    rules::billing::PointRating rated() {
        const PointSnapshot point = whole();
        return rules::billing::rate_point(point.book, point.calendar, point.zone, point.history,
                                          false)
            .value();
    }
    PointRerated rerated() {
        const PointSnapshot point = whole();
        auto rating = rated();
        PointRerated event{point.service_point, point.basis, point.task, rating.bases, {}};
        for (std::size_t i = 0; i < rating.agreements.size(); ++i) {
            const AgreementId id = rating.agreements[i].agreement;
            std::vector<rules::billing::BillLine> kept;
            std::int32_t next = point.present[i].next_line_id;
            for (const auto& [key, line] : lines) {
                if (key.first == id) {
                    kept.push_back(line);
                    next = std::max(next, line.id + 1);
                }
            }
            for (const auto& line : point.present[i].lines) {
                if (lines.count({id, line.id}) == 0) {
                    kept.push_back(line);
                }
            }
            rules::billing::take_over(rating.agreements[i].accrual, kept, next);
            rules::billing::drop_unchanged(rating.agreements[i].accrual, point.present[i]);
            event.agreements.push_back({id, rating.agreements[i].accrual});
        }
        return event;
    }
    /// What the server's job does when a task lies in the outbox.
    void rerate() {
        ASSERT_TRUE(point().rerate);
        ok(rerated());
        EXPECT_FALSE(point().rerate);
    }
    /// The account's balance follows from its readings alone.
    void expect_books_agree(const std::string& paid) {
        Money cost;
        for (const auto& rating : rated().agreements) {
            for (const Money line : rules::billing::posting_targets(rating.accrual)) {
                cost += line;
            }
        }
        EXPECT_EQ(balance(), Money::parse(paid).value() - cost);
    }

private:
    std::set<std::string> keys_;  // the store takes each once
    void keep_rows() {
        for (const Row& row : out.rows()) {
            if (const auto* line = std::get_if<BillLineRow>(&row)) {
                lines[{line->agreement, line->line.id}] = line->line;
            } else if (const auto* adjustment = std::get_if<AdjustmentRow>(&row)) {
                adjustments.push_back(*adjustment);
            } else if (const auto* transfer = std::get_if<rules::ledger::Transfer>(&row)) {
                EXPECT_TRUE(keys_.insert(transfer->idempotency).second) << transfer->idempotency;
                transfers.push_back(*transfer);
            }
        }
    }
    void flush() {
        std::vector<MeterViewRow> views;
        std::vector<DayRow> rows;
        engine.take_dirty(1000, views, rows);
        for (DayRow& row : rows) {
            auto& kept = days[{row.meter, row.on}];
            std::erase_if(kept, [&](const DayRow& one) { return one.part == row.part; });
            kept.push_back(std::move(row));
        }
    }
};

}  // namespace mb::engine::testing
