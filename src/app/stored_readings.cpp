#include "app/stored_readings.hpp"

#include "store/read.hpp"

#include <algorithm>

namespace mb::app {

namespace {

using rules::metering::DayBlock;
using rules::metering::DayReading;

constexpr std::size_t rows_at_once = 1000;

void append(std::vector<DayReading>& out, const DayBlock& block) {
    const std::vector<DayReading> readings = block.readings();
    out.insert(out.end(), readings.begin(), readings.end());
}

void append(std::vector<DayReading>& out, const engine::DayRow& row) {
    const auto block = DayBlock::parse(row.packed);
    if (!block) {
        throw writer::StoreCorrupt("store: meter " + row.meter.text() + " on " + row.on.text() +
                                   ": " + block.error().text());
    }
    append(out, *block);
}

}  // namespace

StoredReadings::StoredReadings(store::Database& database, ProjectId project, writer::Loaded& now)
    : database_(database), project_(project) {
    std::vector<engine::MeterViewRow> views;
    std::vector<engine::DayRow> rows;
    while (views.empty() && now.engine.dirty()) {  // days that closed come first
        now.engine.take_dirty(rows_at_once, views, rows);
        for (engine::DayRow& row : rows) {
            if (row.closed) {
                behind_[row.meter].push_back(std::move(row));
            }
        }
        rows.clear();
    }
}

std::vector<DayReading> StoredReadings::of(const engine::MeterState& meter, CivilDate from,
                                           CivilDate to) const {
    std::vector<engine::DayRow> rows;
    const CivilDate closed = std::min(to, meter.closed_to);
    if (from < closed) {
        rows = store::Reader(database_).days(project_, meter.config.id, from, closed);
        // Written later than the log row this is as of.
        std::erase_if(rows, [&](const auto& row) { return row.part > meter.late_parts; });
    }
    const auto found = behind_.find(meter.config.id);
    if (found != behind_.end()) {
        for (const engine::DayRow& row : found->second) {
            std::erase_if(rows, [&](const auto& stored) {
                return stored.on == row.on && stored.part == row.part;
            });
            if (row.on >= from && row.on < to) {
                rows.push_back(row);
            }
        }
        std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
            return a.on != b.on ? a.on < b.on : a.part < b.part;
        });
    }
    std::size_t count = 0;
    for (const engine::DayRow& row : rows) {
        count += static_cast<std::size_t>(row.charged + row.held + row.excluded);
    }
    std::vector<DayReading> out;
    out.reserve(count);
    for (const engine::DayRow& row : rows) {
        append(out, row);
    }
    for (const engine::OpenDay& day : meter.days) {
        if (day.on >= from && day.on < to) {
            append(out, day.block);
        }
    }
    const auto by_time = [](const auto& a, const auto& b) { return a.at < b.at; };
    if (!std::is_sorted(out.begin(), out.end(), by_time)) {
        std::stable_sort(out.begin(), out.end(), by_time);
    }
    return out;
}

}  // namespace mb::app
