#include "codec/dlt645/scanner.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace mb::codec::dlt645 {

namespace {

constexpr std::uint8_t start_mark = 0x68;
constexpr std::uint8_t end_mark = 0x16;
constexpr std::uint8_t filler = 0xFE;
constexpr std::size_t header_size = 10;  // through the length byte

}  // namespace

std::string_view fault_code(FrameFault fault) {
    switch (fault) {
        case FrameFault::checksum: return "dlt645.checksum";
        case FrameFault::end_mark: return "dlt645.end_mark";
        case FrameFault::truncated: return "dlt645.truncated";
    }
    return "dlt645.truncated";
}

void Scanner::feed(ByteView bytes) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
    base_ += at_;
    at_ = 0;
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    flushed_ = false;
}

/// Judges the byte at at_ (there is one) as the start of a frame.
Scanner::Verdict Scanner::judge(BadFrame& bad) const {
    const ByteView rest = ByteView(buffer_).subspan(at_);
    if (rest[0] != start_mark || (rest.size() > 7 && rest[7] != start_mark)) {
        return Verdict::none;
    }
    const std::size_t size =
        rest.size() < header_size ? header_size : Frame::overhead + rest[header_size - 1];
    if (rest.size() < size) {
        bad = {position(), rest.size(), FrameFault::truncated, 0, 0};
        return flushed_ ? Verdict::bad : Verdict::wait;
    }
    if (rest[size - 1] != end_mark) {
        bad = {position(), size, FrameFault::end_mark, end_mark, rest[size - 1]};
        return Verdict::bad;
    }
    const auto end = rest.begin() + static_cast<std::ptrdiff_t>(size - 2);
    const auto sum = static_cast<std::uint8_t>(std::accumulate(rest.begin(), end, 0U));
    if (*end != sum) {
        bad = {position(), size, FrameFault::checksum, sum, *end};
        return Verdict::bad;
    }
    return Verdict::good;
}

void Scanner::skip_byte() {
    if (position() < bad_until_) {
        ++counts_.bad_bytes;
    } else if (buffer_[at_] == filler) {
        ++counts_.filler_bytes;
    } else {
        ++counts_.garbage_bytes;
        if (garbage_.length == 0) {
            garbage_.position = position();
        }
        ++garbage_.length;
    }
    ++at_;
}

std::optional<ScanEvent> Scanner::take_garbage() {
    if (garbage_.length == 0) {
        return std::nullopt;
    }
    return std::exchange(garbage_, {});
}

FoundFrame Scanner::take_frame() {
    const ByteView rest = ByteView(buffer_).subspan(at_);
    FoundFrame out;
    out.position = position();
    std::copy_n(rest.begin() + 1, out.frame.address.bytes.size(), out.frame.address.bytes.begin());
    out.frame.control = {rest[8]};
    out.frame.length = rest[9];
    for (std::size_t i = 0; i < out.frame.length; ++i) {
        out.frame.bytes[i] = static_cast<std::uint8_t>(rest[header_size + i] - 0x33);
    }
    const std::size_t size = out.frame.encoded_size();
    at_ += size;
    ++counts_.frames;
    counts_.frame_bytes += size;
    return out;
}

std::optional<ScanEvent> Scanner::next() {
    while (at_ < buffer_.size()) {
        BadFrame bad;
        const Verdict verdict = judge(bad);
        if (verdict == Verdict::wait) {
            return std::nullopt;
        }
        const bool report =
            verdict == Verdict::good || (verdict == Verdict::bad && bad.position >= bad_until_);
        const bool run_ends =
            report || buffer_[at_] == filler || position() != garbage_.position + garbage_.length;
        if (run_ends && garbage_.length != 0) {
            return take_garbage();
        }
        if (verdict == Verdict::good) {
            return take_frame();
        }
        if (report) {
            bad_until_ = bad.position + bad.length;
            ++counts_.bad_frames;
        }
        skip_byte();
        if (report) {
            return bad;
        }
    }
    return flushed_ ? take_garbage() : std::nullopt;
}

std::optional<FoundFrame> Scanner::next_frame() {
    while (auto event = next()) {
        if (auto* found = std::get_if<FoundFrame>(&*event)) {
            return *found;
        }
    }
    return std::nullopt;
}

}  // namespace mb::codec::dlt645
