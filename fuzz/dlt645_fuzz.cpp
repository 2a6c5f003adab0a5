// DL/T 645-2007: the scanner over any line in any cut, and every decoder over any frame.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/check.hpp"
#include "codec/dlt645/explain.hpp"
#include "codec/dlt645/request.hpp"
#include "codec/dlt645/scanner.hpp"

namespace {

using namespace mb;
using namespace mb::codec::dlt645;

void decode_everything(Explainer& line, const Frame& frame) {
    const Explanation meaning = line.explain(frame);
    CHECK(meaning.is_error_reply == (frame.control.from_meter() && frame.control.is_error()));
    const auto reply = decode_reply(frame);
    if (!reply) {
        return;
    }
    if (const auto* read = std::get_if<ReadReply>(&*reply)) {
        CHECK(read->value.size() <= frame.data().size());
        if (const auto registers = read_energy(*read)) {
            CHECK(registers->size() > 0 && registers->size() <= EnergyRegisters::size_max);
        }
        (void)read_active_power(*read);
        (void)read_clock(*read);
        (void)read_date(*read);
        (void)read_time_of_day(*read);
        (void)read_status_word_3(*read);
        (void)read_amount(*read);
        (void)read_number(*read);
        CHECK(decode_item(read->id, read->value).id == read->id);
    } else if (const auto* refused = std::get_if<ErrorReply>(&*reply)) {
        CHECK(error_names(*refused).size() <= 16);
    }
}

/// Whatever is found must be exactly what was fed, where it is said to be.
void scan(ByteView line, std::size_t cut) {
    Scanner scanner;
    Explainer explainer;
    std::uint64_t end_of_last = 0;
    const auto drain = [&] {
        while (const auto event = scanner.next()) {
            if (const auto* found = std::get_if<FoundFrame>(&*event)) {
                const Bytes again = found->frame.encode();
                CHECK(found->position >= end_of_last);
                end_of_last = found->position + again.size();
                CHECK(end_of_last <= line.size());
                const auto where = static_cast<std::size_t>(found->position);
                CHECK(std::ranges::equal(line.subspan(where, again.size()), again));
                decode_everything(explainer, found->frame);
            } else if (const auto* bad = std::get_if<BadFrame>(&*event)) {
                CHECK(bad->position + bad->length <= line.size());
                CHECK(line[static_cast<std::size_t>(bad->position)] == 0x68);
            } else {
                const auto& garbage = std::get<Garbage>(*event);
                CHECK(garbage.length > 0 && garbage.position + garbage.length <= line.size());
            }
        }
        CHECK(scanner.pending() < Frame::overhead + Frame::data_max);
    };
    for (std::size_t at = 0; at < line.size(); at += cut) {
        scanner.feed(line.subspan(at, std::min(cut, line.size() - at)));
        drain();
    }
    scanner.flush();
    drain();
    const ScanCounts& counts = scanner.counts();
    CHECK(scanner.pending() == 0);
    CHECK(counts.frame_bytes + counts.bad_bytes + counts.garbage_bytes + counts.filler_bytes ==
          line.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const ByteView input(data + 2, size - 2);
    const std::size_t cut = (std::size_t{data[0]} >> 1) + 1;
    if ((data[0] & 1) == 0) {
        scan(input, cut);
        return 0;
    }
    // The checksum keeps mutations out: wrap the bytes as frames of up to `cut` bytes of data.
    Bytes line;
    for (std::size_t at = 0; at < input.size(); at += cut) {
        const auto control = static_cast<std::uint8_t>(data[1] + (at == 0 ? 0 : 1));
        const ByteView part = input.subspan(at, std::min(cut, input.size() - at));
        const Bytes frame = Frame::make(Address::wildcard(), control, part).encode(1);
        line.insert(line.end(), frame.begin(), frame.end());
    }
    scan(line, 7);
    return 0;
}
