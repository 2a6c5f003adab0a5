#include "store/day_packing.hpp"

#include <zstd.h>

#include <memory>

#include "crypto/digest.hpp"

namespace mb::store {

namespace {

// A day of minute readings with all registers stays far below.
constexpr std::size_t day_bytes_max = 1024 * 1024;
constexpr int compression_level = 1;

struct FreeCompressor {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

writer::Hash day_hash(ProjectId project, const engine::DayRow& row, const writer::Hash& previous) {
    Bytes all;
    all.reserve(64 + row.packed.size());
    ByteWriter out(all);
    out.bytes(previous);
    out.signed_varint(project.value);
    out.signed_varint(row.meter.value);
    out.signed_varint(row.on.days);
    out.signed_varint(row.part);
    out.u8(row.closed ? 1 : 0);
    out.signed_varint(row.charged);
    out.signed_varint(row.held);
    out.signed_varint(row.excluded);
    out.bytes(row.packed);
    return crypto::sha256(all);
}

Bytes compress(ByteView bytes) {
    // One context a thread: setting one up costs more than a day's readings.
    thread_local const std::unique_ptr<ZSTD_CCtx, FreeCompressor> context(ZSTD_createCCtx());
    Bytes out(ZSTD_compressBound(bytes.size()));
    const std::size_t size = ZSTD_compressCCtx(context.get(), out.data(), out.size(), bytes.data(),
                                               bytes.size(), compression_level);
    if (ZSTD_isError(size) != 0 || size >= bytes.size()) {
        return {};
    }
    out.resize(size);
    return out;
}

Bytes decompress(ByteView bytes) {
    const auto size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN ||
        size > day_bytes_max) {
        throw writer::StoreCorrupt("store: a packed day does not unpack");
    }
    // As above: with a context of its own a day takes six times as long.
    thread_local const std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context(ZSTD_createDCtx());
    Bytes out(static_cast<std::size_t>(size));
    const std::size_t got =
        ZSTD_decompressDCtx(context.get(), out.data(), out.size(), bytes.data(), bytes.size());
    if (ZSTD_isError(got) != 0 || got != out.size()) {
        throw writer::StoreCorrupt("store: a packed day does not unpack");
    }
    return out;
}

}  // namespace mb::store
