#include "writer/replay.hpp"

#include "base/log.hpp"
#include "engine/version.hpp"
#include "writer/log_hash.hpp"

namespace mb::writer {

namespace {

constexpr std::int32_t rows_per_read = 256;

std::string place(const LogRow& row) {
    return "project " + row.project.text() + " log row " + std::to_string(row.seq);
}

std::string of_version(int version) {
    return " was written by engine version " + std::to_string(version) + ", this is " +
           std::to_string(engine::engine_version);
}

/// The image is whole; the program and it do not go together.
[[noreturn]] void refuse_image(const CheckpointInfo& from, const Error& why) {
    const std::string checkpoint =
        "checkpoint " + std::to_string(from.seq) + " of project " + from.project.text();
    if (why.code == "checkpoint.no_form") {
        throw ReplayRefused(checkpoint +
                            " was written before the first release, in a form that only the "
                            "program that wrote it reads: go on with that one, or begin with an "
                            "empty data folder");
    }
    if (why.code == "checkpoint.later_form") {
        throw ReplayRefused(checkpoint + " was written by a later program: start that one");
    }
    if (why.code == "checkpoint.mismatch") {
        throw ReplayRefused(checkpoint + of_version(from.engine_version) +
                            ", which cannot take it over: " + why.params[0].second + ": " +
                            why.params[1].second);
    }
    throw StoreCorrupt(checkpoint + ": " + why.text());
}

Loaded start(Store& store, ProjectId project, const CheckpointInfo* from) {
    if (from == nullptr) {
        return {engine::Engine(project), 0, {}, {}, 0};
    }
    if (from->engine_version > engine::engine_version) {
        throw ReplayRefused("checkpoint " + std::to_string(from->seq) + " of project " +
                            project.text() + of_version(from->engine_version) +
                            ": start the newer program, or restore the backup from before it");
    }
    const Bytes image = store.checkpoint_image(*from);
    if (crypto::sha256(image) != from->hash) {
        throw StoreCorrupt("checkpoint " + std::to_string(from->seq) + " of project " +
                           project.text() + " does not match its hash");
    }
    const bool older = from->engine_version != engine::engine_version;
    auto engine = engine::Engine::from_image(project, image, older, from->engine_version);
    if (!engine) {
        refuse_image(*from, engine.error());
    }
    return {std::move(*engine), from->seq, from->log_hash, from->now, 0, older};
}

void check_row(const Loaded& loaded, const LogRow& row) {
    if (row.engine_version != engine::engine_version) {
        throw ReplayRefused(place(row) + of_version(row.engine_version) +
                            ": start that version once and stop it cleanly");
    }
    if (row.seq != loaded.seq + 1) {
        throw StoreCorrupt(place(row) + " follows " + std::to_string(loaded.seq));
    }
    if (row.previous != loaded.log_hash || log_row_hash(row) != row.hash) {
        throw StoreCorrupt(place(row) + " breaks the hash chain");
    }
}

}  // namespace

std::vector<engine::Event> decode_events(const LogRow& row) {
    std::vector<engine::Event> events(static_cast<std::size_t>(row.event_count));
    ByteReader in(row.events);
    for (engine::Event& event : events) {
        read_binary(in, event);
    }
    if (!in.ok() || !in.at_end()) {
        throw StoreCorrupt(place(row) + ": events do not parse");
    }
    return events;
}

Loaded replay(Store& store, ProjectId project, const CheckpointInfo* from, std::int64_t to,
              const ReplayListener& listener) {
    Loaded loaded = start(store, project, from);
    engine::Effects effects;
    for (;;) {
        const std::vector<LogRow> rows = store.log_after(project, loaded.seq, rows_per_read);
        if (rows.empty()) {
            return loaded;
        }
        for (const LogRow& row : rows) {
            if (to != 0 && row.seq > to) {
                return loaded;
            }
            check_row(loaded, row);
            effects.clear();
            loaded.engine.apply(decode_events(row), row.now, effects);
            if (crypto::sha256(effects.canonical()) != row.effects) {
                throw ReplayRefused(place(row) + ": replay gives other effects than were recorded");
            }
            loaded.seq = row.seq;
            loaded.log_hash = row.hash;
            loaded.now = row.now;
            loaded.replayed_events += row.event_count;
            if (listener) {
                listener(row, effects);
            }
        }
    }
}

Loaded load_newest(Store& store, ProjectId project) {
    const std::vector<CheckpointInfo> checkpoints = store.checkpoints(project);
    for (std::size_t i = 0; i < checkpoints.size(); ++i) {
        try {
            return replay(store, project, &checkpoints[i]);
        } catch (const StoreCorrupt& broken) {
            if (i + 1 == checkpoints.size()) {
                throw;
            }
            log::error("{}: falling back to the checkpoint before it", broken.what());
        }
    }
    return replay(store, project, nullptr);
}

}  // namespace mb::writer
