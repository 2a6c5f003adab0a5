#include "store/rows.hpp"

#include "base/json.hpp"
#include "store/day_packing.hpp"
#include "store/statements/log.hpp"
#include "store/statements/money.hpp"
#include "store/statements/readings.hpp"
#include "store/statements/site.hpp"
#include "store/statements/supply.hpp"

namespace mb::store {

namespace {

/// project_id and the described members: most tables.
template <class T>
void put(Session& session, const Sql& sql, ProjectId project, const T& row) {
    RowBinder(session.statement(sql)).add(project).add(row).queue();
}

/// One overload an alternative of engine::Row.
struct RowWriter {
    Session& session;
    ProjectId project;

    void operator()(const rules::ledger::Transfer& row) const {
        put(session, sql::posting_put, project, row);
    }
    void operator()(const engine::BillLineRow& row) const {
        put(session, sql::bill_line_put, project, row);
    }
    void operator()(const engine::OrderRow& row) const {
        put(session, sql::orders_put, project, row);
    }
    void operator()(const engine::CommandRow& row) const {
        put(session, sql::command_put, project, row);
    }
    void operator()(const engine::RelayRow& row) const {
        put(session, sql::relay_state_put, project, row);
    }
    void operator()(const engine::NoticeRow& row) const {
        put(session, sql::notice_put, project, row);
    }
    void operator()(const engine::TimelineRow& row) const {
        put(session, sql::timeline_put, project, row);
    }
    void operator()(const engine::AlarmRow& row) const {
        put(session, sql::alarm_put, project, row);
    }
    void operator()(const engine::OutboxRow& row) const {
        put(session, sql::outbox_put, project, row);
    }
    void operator()(const engine::OutboxDone& row) const {
        Statement& statement = session.statement(sql::outbox_done);
        statement.bind_integer(1, project.value);
        statement.bind_integer(2, row.id.value);
        statement.queue();
    }
    void operator()(const engine::DailyProofRow& row) const {
        put(session, sql::daily_proof_put, project, row);
    }
    void operator()(const engine::ProjectRow& row) const {
        const engine::ProjectConfig& config = row.config;
        RowBinder(session.statement(sql::project_put))
            .add(project)
            .add(config.name)
            .add(config.zone)
            .add(to_json(config))
            .queue();
    }
    void operator()(const engine::TariffRow& row) const {
        const rules::tariff::TariffDocument& document = row.document;
        RowBinder(session.statement(sql::tariff_version_put))
            .add(project)
            .add(row.id)
            .add(document.code)
            .add(document.version)
            .add(document.name)
            .add(document.effective_from)
            .add(to_json(document))
            .add(row.published)
            .add(row.actor)
            .queue();
    }
    void operator()(const engine::ServicePoint& row) const {
        put(session, sql::service_point_put, project, row);
    }
    void operator()(const engine::Account& row) const {
        put(session, sql::account_put, project, row);
    }
    void operator()(const engine::Agreement& row) const {
        put(session, sql::agreement_put, project, row);
    }
    void operator()(const engine::Meter& row) const { put(session, sql::meter_put, project, row); }
    void operator()(const engine::AmendmentRow& row) const {
        put(session, sql::amendment_put, project, row);
    }
    void operator()(const engine::AdjustmentRow& row) const {
        put(session, sql::adjustment_put, project, row);
    }
};

template <class T>
T parsed(std::string_view json, std::string_view what) {
    auto value = from_json<T>(json);
    if (!value) {
        throw writer::StoreCorrupt("store: " + std::string(what) + ": " + value.error().text());
    }
    return std::move(*value);
}

writer::Hash previous_part(Session& session, ProjectId project, const engine::DayRow& row) {
    if (row.part == 0) {
        return {};
    }
    Statement& statement = session.statement(sql::day_row_previous);
    statement.bind_integer(1, project.value);
    statement.bind_integer(2, row.meter.value);
    statement.bind_integer(3, row.on.days);
    statement.bind_integer(4, row.part);
    return statement.next() ? RowReader(statement).take<writer::Hash>() : writer::Hash{};
}

}  // namespace

void write_row(Session& session, ProjectId project, const engine::Row& row) {
    std::visit(RowWriter{session, project}, row);
}

void write_log(Session& session, const writer::LogRow& row) {
    Statement& statement = session.statement(sql::event_log_put);
    statement.bind_integer(1, row.project.value);
    statement.bind_integer(2, row.seq);
    statement.bind_integer(3, row.engine_version);
    statement.bind_integer(4, row.now.business.us);
    statement.bind_integer(5, row.now.wall.us);
    statement.bind_integer(6, row.now.speed);
    statement.bind_integer(7, row.event_count);
    statement.bind_blob(8, row.events);
    statement.bind_blob(9, row.previous);
    statement.bind_blob(10, row.effects);
    statement.bind_blob(11, row.hash);
    statement.queue();
}

void write_meter_view(Session& session, ProjectId project, const engine::MeterViewRow& row) {
    put(session, sql::meter_view_put, project, row);
}

void write_day(Session& session, ProjectId project, const engine::DayRow& row) {
    const writer::Hash hash = day_hash(project, row, previous_part(session, project, row));
    const Bytes compressed = row.closed ? compress(row.packed) : Bytes{};
    const Packing packing = compressed.empty() ? Packing::raw : Packing::zstd;
    Statement& statement = session.statement(sql::day_row_put);
    statement.bind_integer(1, project.value);
    statement.bind_integer(2, row.meter.value);
    statement.bind_integer(3, row.on.days);
    statement.bind_integer(4, row.part);
    statement.bind_integer(5, row.closed ? 1 : 0);
    statement.bind_integer(6, row.charged);
    statement.bind_integer(7, row.held);
    statement.bind_integer(8, row.excluded);
    statement.bind_text(9, enum_text(packing));
    statement.bind_blob(10, compressed.empty() ? row.packed : compressed);
    statement.bind_blob(11, hash);
    statement.queue();
}

writer::LogRow read_log(const Statement& row) {
    RowReader reader(row);
    writer::LogRow out;
    reader.get(out.project);
    reader.get(out.seq);
    reader.get(out.engine_version);
    reader.get(out.now);
    reader.get(out.event_count);
    reader.get(out.events);
    reader.get(out.previous);
    reader.get(out.effects);
    reader.get(out.hash);
    return out;
}

engine::ProjectRow read_project(const Statement& row) {
    return {parsed<engine::ProjectConfig>(row.text(3), "project")};
}

engine::TariffRow read_tariff(const Statement& row) {
    engine::TariffRow out;
    out.id = TariffId{row.integer(1)};
    out.document = parsed<rules::tariff::TariffDocument>(row.text(6), "tariff_version");
    RowReader reader(row, 7);
    reader.get(out.published);
    reader.get(out.actor);
    return out;
}

StoredDay read_day(const Statement& row) {
    RowReader reader(row, 1);
    StoredDay out;
    reader.get(out.row.meter);
    reader.get(out.row.on);
    reader.get(out.row.part);
    reader.get(out.row.closed);
    reader.get(out.row.charged);
    reader.get(out.row.held);
    reader.get(out.row.excluded);
    const auto packing = reader.take<Packing>();
    reader.get(out.row.packed);
    reader.get(out.hash);
    if (packing == Packing::zstd) {
        out.row.packed = decompress(out.row.packed);
    }
    return out;
}

}  // namespace mb::store
