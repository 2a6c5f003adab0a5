// What re-rating reads: packed days, bill lines; and what people entered about the past.
#include "store/read.hpp"
#include "store/rows.hpp"
#include "store/statements/money.hpp"
#include "store/statements/readings.hpp"

namespace mb::store {

namespace {

template <class T>
std::vector<T> newest(Statement& row, std::int64_t owner, std::int64_t before, std::int32_t limit) {
    CHECK(limit > 0 && limit <= 500);
    std::vector<T> out;
    row.bind_integer(2, owner);
    row.bind_integer(3, before);
    row.bind_integer(4, limit);
    while (row.next()) {
        out.push_back(read_row<T>(row));
    }
    return out;
}

}  // namespace

std::vector<engine::DayRow> Reader::days(ProjectId project, MeterId meter, CivilDate from,
                                         CivilDate to) const {
    std::vector<engine::DayRow> out;
    Statement& row = ask(sql::day_row_of_meter, project);
    row.bind_integer(2, meter.value);
    row.bind_integer(3, from.days);
    row.bind_integer(4, to.days);
    while (row.next()) {
        out.push_back(read_day(row).row);
    }
    return out;
}

std::vector<rules::billing::BillLine> Reader::bill_lines(ProjectId project,
                                                         AgreementId agreement) const {
    std::vector<rules::billing::BillLine> out;
    Statement& row = ask(sql::bill_line_of, project);
    row.bind_integer(2, agreement.value);
    while (row.next()) {
        out.push_back(read_row<engine::BillLineRow>(row).line);
    }
    return out;
}

std::vector<engine::AdjustmentRow> Reader::adjustments_of(ProjectId project, AgreementId agreement,
                                                          std::int64_t before,
                                                          std::int32_t limit) const {
    return newest<engine::AdjustmentRow>(ask(sql::adjustment_of, project), agreement.value, before,
                                         limit);
}

std::vector<engine::AmendmentRow> Reader::amendments_of(ProjectId project, ServicePointId point,
                                                        std::int64_t before,
                                                        std::int32_t limit) const {
    return newest<engine::AmendmentRow>(ask(sql::amendment_of, project), point.value, before,
                                        limit);
}

}  // namespace mb::store
