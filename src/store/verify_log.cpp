// The event log and what belongs to it: the chain of hashes, checkpoints, facts from outside.
#include "crypto/digest.hpp"
#include "store/statements/log.hpp"
#include "store/verify_scan.hpp"
#include "writer/log_hash.hpp"

namespace mb::store {

namespace {

struct Chain {
    std::int64_t first = 0;
    std::int64_t last = 0;
    writer::Hash hash{};
    std::map<std::int64_t, writer::Hash> anchors;  // rows at which a checkpoint was taken
};

struct Image {
    crypto::Sha256 hash;
    std::int64_t size = 0;
    std::int64_t slices = 0;
};

std::map<std::int64_t, writer::CheckpointInfo> read_infos(VerifyScan& scan) {
    std::map<std::int64_t, writer::CheckpointInfo> out;
    scan.rows(sql::checkpoint_all, "checkpoint", 1, [&](const Statement& row) {
        RowReader reader(row);
        writer::CheckpointInfo info;
        reader.get(info.project);
        reader.get(info.seq);
        reader.get(info.engine_version);
        reader.get(info.now);
        reader.get(info.size);
        reader.get(info.log_hash);
        reader.get(info.hash);
        out.emplace(info.seq, info);
    });
    return out;
}

Chain follow(VerifyScan& scan, const std::map<std::int64_t, writer::CheckpointInfo>& checkpoints) {
    Chain chain;
    Instant business;
    scan.rows(
        sql::event_log_all, "event_log", 1,
        [&](const Statement& stored) {
            const writer::LogRow row = read_log(stored);
            ++scan.report().log_rows;
            scan.report().events += row.event_count;
            if (writer::log_row_hash(row) != row.hash) {
                scan.found("row.damaged", "its hash does not hold");
            }
            if (chain.first == 0) {
                chain.first = row.seq;
                if (row.seq == 1 && row.previous != writer::Hash{}) {
                    scan.found("log.chain", "the first row follows another");
                }
            } else if (row.seq != chain.last + 1) {
                scan.found("row.missing", fmt::format("follows {}", chain.last));
            } else if (row.previous != chain.hash) {
                scan.found("log.chain", "does not carry the hash of the row before");
            }
            if (row.now.business < business) {
                scan.found("log.clock", "business time ran backwards");
            }
            business = row.now.business;
            chain.last = row.seq;
            chain.hash = row.hash;
            if (checkpoints.count(row.seq) != 0) {
                chain.anchors.emplace(row.seq, row.hash);
            }
        },
        VerifyScan::Check::own);
    return chain;
}

void verify_images(VerifyScan& scan,
                   const std::map<std::int64_t, writer::CheckpointInfo>& checkpoints) {
    std::map<std::int64_t, Image> images;
    scan.rows(sql::checkpoint_slice_all, "checkpoint_slice", 2, [&](const Statement& row) {
        Image& image = images[row.integer(1)];
        const ByteView bytes = row.blob(4);
        if (row.integer(2) != image.slices++) {
            scan.found("row.missing", "a slice before it is not there");
        }
        if (row.integer(3) != static_cast<std::int64_t>(bytes.size())) {
            scan.found("checkpoint.size", "says another size than it has");
        }
        image.size += static_cast<std::int64_t>(bytes.size());
        image.hash.update(bytes);
    });
    // Slices without a checkpoint are one that was being written.
    for (const auto& [seq, info] : checkpoints) {
        Image& image = images[seq];
        if (image.size != info.size || image.hash.finish() != info.hash) {
            scan.found_at("checkpoint", std::to_string(seq), "checkpoint.image",
                          "the slices do not give the image");
        }
    }
}

void verify_anchors(VerifyScan& scan, const Chain& chain,
                    const std::map<std::int64_t, writer::CheckpointInfo>& checkpoints) {
    for (const auto& [seq, info] : checkpoints) {
        const auto anchor = chain.anchors.find(seq);
        if (anchor == chain.anchors.end()) {
            scan.found_at("checkpoint", std::to_string(seq), "checkpoint.log",
                          "its log row is not there");
        } else if (anchor->second != info.log_hash) {
            scan.found_at("checkpoint", std::to_string(seq), "checkpoint.log",
                          "its log row has another hash");
        }
    }
    const std::int64_t oldest = checkpoints.empty() ? 0 : checkpoints.begin()->first;
    if (chain.first > 1 && chain.first > oldest) {
        scan.found_at("event_log", std::to_string(chain.first), "row.missing",
                      "the log does not reach back to a checkpoint");
    }
}

}  // namespace

void verify_log(VerifyScan& scan, ProjectFacts& facts) {
    const auto checkpoints = read_infos(scan);
    const Chain chain = follow(scan, checkpoints);
    verify_images(scan, checkpoints);
    verify_anchors(scan, chain, checkpoints);
    facts.has_log = chain.last != 0;
    if (!facts.has_log) {
        scan.found_at("event_log", "", "row.missing", "the project has rows but no log");
    }
    if (!checkpoints.empty()) {
        facts.flushed_to = checkpoints.rbegin()->second.now.business;
        facts.flushed = checkpoints.rbegin()->first == chain.last;
    }
    scan.rows(sql::inbox_all, "inbox", 1, [](const Statement&) {});
    scan.rows(sql::inbox_raw, "inbox", 1, [](const Statement&) {});
    std::int64_t parked = 0;
    scan.rows(sql::parked_event_all, "parked_event", 1, [&](const Statement& row) {
        if (row.integer(1) != ++parked) {
            scan.found("row.missing", "a parked event before it is not there");
            parked = row.integer(1);
        }
    });
}

}  // namespace mb::store
