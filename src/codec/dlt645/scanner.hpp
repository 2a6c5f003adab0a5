// Finds frames in a byte stream cut anywhere. It hunts for 68, wants 68 seven bytes later, waits
// for 12 + L bytes, verifies 16 and the checksum, and on a failure goes on one byte behind (68 and
// 16 occur inside frames).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "codec/dlt645/frame.hpp"

namespace mb::codec::dlt645 {

enum class FrameFault : std::uint8_t {
    checksum,   // the sum differs
    end_mark,   // 16 is not where the length says
    truncated,  // the bytes ended (flush) before the frame did
};
/// Stable code: "dlt645.checksum", "dlt645.end_mark", "dlt645.truncated".
std::string_view fault_code(FrameFault fault);

/// Positions count every byte fed to the scanner from 0.
struct FoundFrame {
    std::uint64_t position = 0;  // of the first 68
    Frame frame;
};
/// Began like a frame (68 … 68) and was none. Another one inside its `length` bytes is not reported
/// again, but a good frame there is still found.
struct BadFrame {
    std::uint64_t position = 0;
    std::size_t length = 0;  // what the length byte promised, at most what there was
    FrameFault fault = FrameFault::checksum;
    std::uint8_t expected = 0;  // checksum and end mark only
    std::uint8_t found = 0;
};
/// Bytes outside of any frame; FE is filler and never garbage.
struct Garbage {
    std::uint64_t position = 0;
    std::uint64_t length = 0;
};
using ScanEvent = std::variant<FoundFrame, BadFrame, Garbage>;

/// Every byte fed is counted in exactly one of the byte counts, or is still pending.
struct ScanCounts {
    std::uint64_t frames = 0;
    std::uint64_t bad_frames = 0;
    std::uint64_t frame_bytes = 0;
    std::uint64_t bad_bytes = 0;  // of bad frames, but those that a good frame inside claimed
    std::uint64_t garbage_bytes = 0;
    std::uint64_t filler_bytes = 0;  // FE
};

class Scanner {
public:
    void feed(ByteView bytes);
    /// No more bytes will come for what is pending (link closed, inter-byte time-out of 500 ms).
    /// Call next() until it is empty afterwards.
    void flush() { flushed_ = true; }
    /// The next event in order of position, or nothing until more bytes come.
    std::optional<ScanEvent> next();
    /// The next good frame; other events are only counted.
    std::optional<FoundFrame> next_frame();

    [[nodiscard]] const ScanCounts& counts() const { return counts_; }
    /// Bytes waiting for the rest of a frame; after a drain at most 266.
    [[nodiscard]] std::size_t pending() const { return buffer_.size() - at_; }

private:
    enum class Verdict : std::uint8_t { none, wait, bad, good };
    [[nodiscard]] Verdict judge(BadFrame& bad) const;
    [[nodiscard]] std::uint64_t position() const { return base_ + at_; }
    void skip_byte();
    std::optional<ScanEvent> take_garbage();
    FoundFrame take_frame();

    Bytes buffer_;
    std::size_t at_ = 0;           // next byte to judge
    std::uint64_t base_ = 0;       // position of buffer_[0]
    std::uint64_t bad_until_ = 0;  // end of the last bad frame reported
    Garbage garbage_;              // run not reported yet
    bool flushed_ = false;
    ScanCounts counts_;
};

}  // namespace mb::codec::dlt645
