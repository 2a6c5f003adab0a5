#include "store/point_history.hpp"

#include "rules/billing/adjustment.hpp"
#include "store/read.hpp"
#include "writer/store.hpp"

#include <algorithm>
#include <map>

namespace mb::store {

namespace {

using rules::billing::AgreementAccrual;
using rules::billing::BillLine;
using rules::billing::LineKey;

void add_readings(const engine::DayRow& row, std::vector<rules::metering::DayReading>& out) {
    const auto block = rules::metering::DayBlock::parse(row.packed);
    if (!block) {
        throw writer::StoreCorrupt("store: meter " + row.meter.text() + " on " + row.on.text() +
                                   ": " + block.error().text());
    }
    const auto readings = block->readings();
    out.insert(out.end(), readings.begin(), readings.end());
}

}  // namespace

void load_closed_days(Database& database, ProjectId project, engine::PointSnapshot& point) {
    const Reader reader(database);
    for (std::size_t i = 0; i < point.history.meters.size(); ++i) {
        rules::billing::PointMeter& meter = point.history.meters[i];
        // What waits to be flushed may be in the store by now: by day and part it is the same row.
        std::map<std::pair<std::int32_t, std::int32_t>, engine::DayRow> days;
        for (const engine::DayRow& row : point.unflushed) {
            if (row.meter == meter.id) {
                days[{row.on.days, row.part}] = row;
            }
        }
        for (engine::DayRow& row :
             reader.days(project, meter.id, point.zone.date(meter.from), point.closed_to[i])) {
            days.try_emplace({row.on.days, row.part}, std::move(row));
        }
        std::vector<rules::metering::DayReading> readings;
        for (const auto& entry : days) {
            add_readings(entry.second, readings);
        }
        meter.readings.insert(meter.readings.begin(), readings.begin(), readings.end());
    }
}

std::vector<BillLine> kept_lines(Database& database, ProjectId project, AgreementId agreement,
                                 const AgreementAccrual& present) {
    std::map<LineKey, BillLine> by_key;
    for (const BillLine& line : Reader(database).bill_lines(project, agreement)) {
        by_key[line.key] = line;
    }
    for (const BillLine& line : present.lines) {
        by_key[line.key] = line;
    }
    std::vector<BillLine> out;
    for (const auto& entry : by_key) {
        out.push_back(entry.second);
    }
    return out;
}

Result<rules::billing::PointRating> rate_history(const engine::PointSnapshot& point,
                                                 bool keep_steps) {
    return rules::billing::rate_point(point.book, point.calendar, point.zone, point.history,
                                      keep_steps);
}

Result<engine::PointRerated> rerate_point(Database& database, ProjectId project,
                                          engine::PointSnapshot point) {
    load_closed_days(database, project, point);
    rules::billing::PointRating rating = TRY(rate_history(point, false));
    engine::PointRerated out;
    out.service_point = point.service_point;
    out.basis = point.basis;
    out.task = point.task;
    out.bases = std::move(rating.bases);
    for (std::size_t i = 0; i < rating.agreements.size(); ++i) {
        const AgreementId id = rating.agreements[i].agreement;
        const AgreementAccrual& present = point.present[i];
        const std::vector<BillLine> kept = kept_lines(database, project, id, present);
        std::int32_t next_id = present.next_line_id;
        for (const BillLine& line : kept) {
            next_id = std::max(next_id, line.id + 1);
        }
        AgreementAccrual& accrual = rating.agreements[i].accrual;
        rules::billing::take_over(accrual, kept, next_id);
        rules::billing::drop_unchanged(accrual, present);
        out.agreements.push_back({id, std::move(accrual)});
    }
    return out;
}

}  // namespace mb::store
