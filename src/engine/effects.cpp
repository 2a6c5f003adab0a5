#include "engine/effects.hpp"

#include "engine/events.hpp"

#include <charconv>
#include <string_view>

namespace mb::engine {

std::optional<ServicePointId> rerated_point(const OutboxRow& task) {
    constexpr std::string_view head = "rerate:";
    std::int64_t id = 0;
    const char* const end = task.subject.data() + task.subject.size();
    if (task.kind != TaskKind::rerate || task.subject.compare(0, head.size(), head) != 0 ||
        std::from_chars(task.subject.data() + head.size(), end, id).ptr != end) {
        return std::nullopt;
    }
    return ServicePointId{id};
}

void Effects::emit(Row row) {
    ByteWriter out(canonical_);
    write_binary(out, row);
    rows_.push_back(std::move(row));
}

void Effects::reading(MeterId meter, Instant at, rules::metering::Outcome outcome,
                      rules::metering::OutcomeReason reason, std::int64_t quantity,
                      std::int64_t pending_change_fen) {
    ByteWriter(canonical_).record<40>([&](auto& out) {
        // 0x80 and up can not start a row: its variant index is small.
        out.u8(static_cast<std::uint8_t>(0x80U + static_cast<unsigned>(outcome)));
        out.u8(static_cast<std::uint8_t>(reason));
        out.signed_varint(meter.value);
        out.fixed64(static_cast<std::uint64_t>(at.us));
        out.signed_varint(quantity);
        out.signed_varint(pending_change_fen);
    });
}

void Effects::clear() {
    rows_.clear();
    canonical_.clear();
    outcomes.clear();
}

bool is_urgent(const Event& event) {
    return !std::holds_alternative<ReadingTaken>(event) &&
           !std::holds_alternative<SampleTaken>(event);
}

}  // namespace mb::engine
