#include "store/meter_lists.hpp"

#include <utility>

namespace mb::store {

// What waits has been recorded since the store was opened or since the list last took it, and a
// list that is read anew sees a moment after that: each row is in the tables, waits, or both, and
// the last one put wins. Only when a write broke may a row be in the tables and have been recorded
// by nobody; hence the eras.

MeterLists::Project& MeterLists::project(ProjectId id) {
    auto& out = projects_[id];
    if (!out) {
        out = std::make_unique<Project>();
    }
    return *out;
}

void MeterLists::no_doubt() {
    if (in_doubt_) {
        in_doubt_ = false;
        ++era_;
    }
}

void MeterLists::record(const std::vector<writer::ProjectBatch>& batches) {
    const std::lock_guard lock(mutex_);
    no_doubt();
    for (const writer::ProjectBatch& batch : batches) {
        if (batch.effects == nullptr) {
            continue;
        }
        MeterListRows& waiting = project(batch.log.project).waiting;
        for (const engine::Row& row : batch.effects->rows()) {
            std::visit(
                [&](const auto& one) {
                    if constexpr (requires { waiting.put(one); }) {
                        waiting.put(one);
                    }
                },
                row);
        }
    }
}

void MeterLists::record(const writer::Flush& flush) {
    const std::lock_guard lock(mutex_);
    no_doubt();
    MeterListRows& waiting = project(flush.project).waiting;
    for (const engine::MeterViewRow& row : flush.meters) {
        waiting.put(row);
    }
}

void MeterLists::doubt() {
    const std::lock_guard lock(mutex_);
    in_doubt_ = true;
    ++era_;
}

std::int64_t MeterLists::era() const {
    const std::lock_guard lock(mutex_);
    return era_;
}

std::optional<MeterListRows> MeterLists::take_waiting(Project& of, std::int64_t era) {
    const std::lock_guard lock(mutex_);
    if (in_doubt_ || era != era_) {
        return std::nullopt;
    }
    return std::exchange(of.waiting, {});
}

MeterListPage MeterLists::page(ProjectId id, const MeterFilter& filter, Session& session,
                               std::int64_t era) {
    Project* of = nullptr;
    {
        const std::lock_guard lock(mutex_);
        of = &project(id);
    }
    const std::lock_guard reading(of->reading);
    const bool is_kept = of->list && of->era == era;
    std::optional<MeterList> read;
    if (!is_kept) {
        read.emplace().apply(read_meter_list(session, id));
    }
    auto waiting = take_waiting(*of, era);
    if (!waiting) {  // a write broke meanwhile: as the session sees it
        if (is_kept) {
            read.emplace().apply(read_meter_list(session, id));
        }
        return read->page(filter);
    }
    if (!is_kept) {
        of->list = std::move(read);
        of->era = era;
    }
    of->list->apply(std::move(*waiting));
    return of->list->page(filter);
}

}  // namespace mb::store
