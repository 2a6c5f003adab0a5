// The engine's rows ↔ table rows. Order of columns: store/statements/, which follows the structs.
#pragma once

#include <string>

#include "engine/effects.hpp"
#include "store/columns.hpp"
#include "store/database.hpp"
#include "writer/store.hpp"

namespace mb::store {

/// Writes one row that an effect asks for, inside the session's transaction. Throws
/// StoreConstraint, StoreUnavailable: here or at the commit (Statement::queue).
void write_row(Session& session, ProjectId project, const engine::Row& row);

void write_log(Session& session, const writer::LogRow& row);
void write_meter_view(Session& session, ProjectId project, const engine::MeterViewRow& row);
/// Compresses closed days, chains the hash to the part before.
void write_day(Session& session, ProjectId project, const engine::DayRow& row);

/// From the present row of a statement that reads all columns of the table. Throw StoreCorrupt.
writer::LogRow read_log(const Statement& row);
engine::ProjectRow read_project(const Statement& row);
engine::TariffRow read_tariff(const Statement& row);

/// A day as it is stored; `row.packed` unpacked.
struct StoredDay {
    engine::DayRow row;
    writer::Hash hash{};
};
StoredDay read_day(const Statement& row);

/// The other tables: the described members of T behind project_id.
template <class T>
T read_row(const Statement& row) {
    RowReader reader(row, 1);
    return reader.take<T>();
}

}  // namespace mb::store
