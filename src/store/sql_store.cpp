#include "store/sql_store.hpp"

#include <fmt/format.h>

#include "base/log.hpp"
#include "crypto/digest.hpp"
#include "store/columns.hpp"
#include "store/retrying.hpp"
#include "store/rows.hpp"
#include "store/statements/log.hpp"
#include "store/statements/supply.hpp"
#include "store/storable_text.hpp"
#include "writer/log_hash.hpp"

namespace mb::store {

namespace {

/// A write that the lists of meters hear of: what was written, or that nobody knows.
class Listed {
public:
    explicit Listed(MeterLists& lists) : lists_(lists) {}
    Listed(const Listed&) = delete;
    Listed& operator=(const Listed&) = delete;
    ~Listed() {
        if (!recorded_) {
            lists_.doubt();
        }
    }
    template <class Written>
    void record(const Written& written) {
        lists_.record(written);
        recorded_ = true;
    }

private:
    MeterLists& lists_;
    bool recorded_ = false;
};

Statement& of_project(Session& session, const Sql& sql, ProjectId project) {
    Statement& statement = session.statement(sql);
    statement.bind_integer(1, project.value);
    return statement;
}

void put_inbox(Session& session, const writer::InboxRow& row) {
    const bool is_text = is_storable_text(row.body);
    RowBinder binder(session.statement(is_text ? sql::inbox_put : sql::inbox_put_raw));
    binder.add(row.project)
        .add(row.id)
        .add(row.source)
        .add(row.dedup_key)
        .add(row.received_wall_at)
        .add(row.headers);
    if (is_text) {
        binder.add(row.body);
    } else {
        binder.text("").blob(as_bytes(row.body));
    }
    binder.queue();
}

void put_parked(Session& session, const writer::ParkedEvent& row) {
    Statement& last = of_project(session, sql::parked_event_last, row.project);
    const std::int64_t number = last.next() ? last.integer(0) + 1 : 1;
    RowBinder(session.statement(sql::parked_event_put))
        .add(row.project)
        .add(number)
        .add(row.event)
        .add(row.now)
        .add(row.why)
        .queue();
}

std::vector<writer::CheckpointInfo> read_checkpoints(Session& session, ProjectId project) {
    std::vector<writer::CheckpointInfo> out;
    Statement& row = of_project(session, sql::checkpoint_newest, project);
    while (row.next()) {
        if (!row_check_holds(row)) {
            log::error("store: a checkpoint of project {} is damaged and left aside",
                       project.value);
            continue;
        }
        RowReader reader(row);
        writer::CheckpointInfo& info = out.emplace_back();
        reader.get(info.project);
        reader.get(info.seq);
        reader.get(info.engine_version);
        reader.get(info.now);
        reader.get(info.size);
        reader.get(info.log_hash);
        reader.get(info.hash);
    }
    return out;
}

/// The slices of an image, and no more: what an attempt with other slices left behind it goes.
void cut_slices(Session& session, const writer::CheckpointInfo& info) {
    Statement& row = of_project(session, sql::checkpoint_slice_sizes, info.project);
    row.bind_integer(2, info.seq);
    std::int64_t size = 0;
    std::int64_t slices = 0;
    while (size < info.size && row.next()) {
        if (row.integer(0) != slices++) {
            break;
        }
        size += row.integer(1);
    }
    if (size != info.size) {
        throw writer::StoreCorrupt(
            fmt::format("store: checkpoint {} of project {}: slices hold {} of {} bytes", info.seq,
                        info.project.value, size, info.size));
    }
    Statement& cut = of_project(session, sql::checkpoint_slice_cut, info.project);
    cut.bind_integer(2, info.seq);
    cut.bind_integer(3, slices - 1);
    cut.queue();
}

/// Keeps the newest two checkpoints, and the log from the older one on.
void trim(Session& session, ProjectId project) {
    const auto kept = read_checkpoints(session, project);
    const writer::CheckpointInfo& newest = kept.front();
    const writer::CheckpointInfo& older = kept.size() > 1 ? kept[1] : newest;
    Statement& slices = of_project(session, sql::checkpoint_slice_trim, project);
    slices.bind_integer(2, newest.seq);
    slices.bind_integer(3, older.seq);
    slices.queue();
    if (kept.size() < 2) {
        return;
    }
    Statement& checkpoints = of_project(session, sql::checkpoint_trim, project);
    checkpoints.bind_integer(2, older.seq);
    checkpoints.queue();
    Statement& log = of_project(session, sql::event_log_trim, project);
    log.bind_integer(2, older.seq);
    log.bind_integer(3, (older.now.business - log_kept_behind).us);
    log.queue();
}

}  // namespace

void SqlStore::commit(const std::vector<writer::ProjectBatch>& batches,
                      const std::vector<writer::InboxRow>& inbox,
                      const std::vector<writer::ParkedEvent>& parked) {
    Listed listed(lists_);
    retrying(database_, Durability::now, [&](Session& session) {
        for (const writer::InboxRow& row : inbox) {
            put_inbox(session, row);
        }
        for (const writer::ProjectBatch& batch : batches) {
            write_log(session, batch.log);
            if (batch.effects != nullptr) {
                for (const engine::Row& row : batch.effects->rows()) {
                    write_row(session, batch.log.project, row);
                }
            }
        }
        for (const writer::ParkedEvent& row : parked) {
            put_parked(session, row);
        }
    });
    listed.record(batches);
}

bool SqlStore::inbox_known(ProjectId project, const std::string& source,
                           const std::string& dedup_key) {
    const Lease session = database_.read();
    Statement& statement = of_project(*session, sql::inbox_find, project);
    statement.bind_text(2, source);
    statement.bind_text(3, dedup_key);
    return statement.next();
}

void SqlStore::flush(const writer::Flush& flush) {
    Listed listed(lists_);
    retrying(database_, Durability::later, [&](Session& session) {
        for (const engine::MeterViewRow& row : flush.meters) {
            write_meter_view(session, flush.project, row);
        }
        for (const engine::DayRow& row : flush.days) {
            write_day(session, flush.project, row);
        }
    });
    listed.record(flush);
}

void SqlStore::write_checkpoint_slice(ProjectId project, std::int64_t seq, std::int32_t slice,
                                      ByteView bytes) {
    retrying(database_, Durability::later, [&](Session& session) {
        RowBinder(session.statement(sql::checkpoint_slice_put))
            .add(project)
            .add(seq)
            .add(slice)
            .add(bytes.size())
            .blob(bytes)
            .queue();
    });
}

void SqlStore::finish_checkpoint(const writer::CheckpointInfo& info) {
    retrying(database_, Durability::now, [&](Session& session) {
        cut_slices(session, info);
        RowBinder(session.statement(sql::checkpoint_put))
            .add(info.project)
            .add(info.seq)
            .add(info.engine_version)
            .add(info.now)
            .add(info.size)
            .add(info.log_hash)
            .add(info.hash)
            .queue();
        trim(session, info.project);
    });
}

std::vector<ProjectId> SqlStore::projects() {
    const Lease session = database_.read();
    std::vector<ProjectId> out;
    Statement& row = session->statement(sql::logged_projects);
    while (row.next()) {
        out.push_back(ProjectId{row.integer(0)});
    }
    return out;
}

std::vector<writer::CheckpointInfo> SqlStore::checkpoints(ProjectId project) {
    const Lease session = database_.read();
    return read_checkpoints(*session, project);
}

Bytes SqlStore::checkpoint_image(const writer::CheckpointInfo& info) {
    const Lease session = database_.read();
    Statement& row = of_project(*session, sql::checkpoint_slice_bytes, info.project);
    row.bind_integer(2, info.seq);
    Bytes out;
    while (row.next()) {
        const ByteView bytes = row.blob(1);
        out.insert(out.end(), bytes.begin(), bytes.end());
    }
    if (static_cast<std::int64_t>(out.size()) != info.size || crypto::sha256(out) != info.hash) {
        throw writer::StoreCorrupt(fmt::format("store: checkpoint {} of project {} is damaged",
                                               info.seq, info.project.value));
    }
    return out;
}

std::vector<writer::LogRow> SqlStore::log_after(ProjectId project, std::int64_t after,
                                                std::int32_t limit) {
    const Lease session = database_.read();
    std::vector<writer::LogRow> out;
    Statement& row = of_project(*session, sql::event_log_after, project);
    row.bind_integer(2, after);
    row.bind_integer(3, limit);
    while (row.next()) {
        writer::LogRow& read = out.emplace_back(read_log(row));
        const bool follows = out.size() < 2 || (read.seq == out[out.size() - 2].seq + 1 &&
                                                read.previous == out[out.size() - 2].hash);
        if (!follows || writer::log_row_hash(read) != read.hash) {
            throw writer::StoreCorrupt(
                fmt::format("store: log row {} of project {} is damaged", read.seq, project.value));
        }
    }
    return out;
}

std::int64_t SqlStore::last_seq(ProjectId project) {
    database_.settle();
    const Lease session = database_.read();
    Statement& log = of_project(*session, sql::event_log_last, project);
    if (log.next()) {
        return log.integer(0);
    }
    const auto checkpoints = read_checkpoints(*session, project);
    return checkpoints.empty() ? 0 : checkpoints.front().seq;
}

std::vector<engine::OutboxRow> SqlStore::outbox(ProjectId project) {
    const Lease session = database_.read();
    std::vector<engine::OutboxRow> out;
    Statement& row = of_project(*session, sql::outbox_all, project);
    while (row.next()) {
        if (!row_check_holds(row)) {
            throw writer::StoreCorrupt("store: an outbox row of project " + project.text() +
                                       " is damaged");
        }
        out.push_back(read_row<engine::OutboxRow>(row));
    }
    return out;
}

}  // namespace mb::store
