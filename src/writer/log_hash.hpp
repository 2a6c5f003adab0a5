// The hashes that chain the event log (design §1.1).
#pragma once

#include "crypto/digest.hpp"
#include "writer/store.hpp"

namespace mb::writer {

/// sha256(previous ‖ seq ‖ engine version ‖ now ‖ event count ‖ events ‖ effects): what
/// LogRow::hash is.
inline Hash log_row_hash(const LogRow& row) {
    Bytes head;
    ByteWriter out(head);
    out.bytes(row.previous);
    out.signed_varint(row.seq);
    out.signed_varint(row.engine_version);
    write_binary(out, row.now);
    out.signed_varint(row.event_count);
    crypto::Sha256 hash;
    hash.update(head);
    hash.update(row.events);
    hash.update(row.effects);
    return hash.finish();
}

}  // namespace mb::writer
