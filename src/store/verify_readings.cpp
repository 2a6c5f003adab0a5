// Every reading in exactly one state: packed days against their counts, days against the daily
// proof.
#include "store/day_packing.hpp"
#include "store/statements/money.hpp"
#include "store/statements/readings.hpp"
#include "store/verify_scan.hpp"

namespace mb::store {

namespace {

using rules::metering::Outcome;

struct Counts {
    int128 charged = 0;
    int128 held = 0;
    int128 excluded = 0;

    friend bool operator<=(const Counts& a, const Counts& b) {
        return a.charged <= b.charged && a.held <= b.held && a.excluded <= b.excluded;
    }
};

struct Day {
    Counts first;  // parts 0: all that came in before the day was closed
    Counts all;
    Counts proved;
    CivilDate closed_on{INT32_MAX};
};

void count_readings(VerifyScan& scan, const engine::DayRow& row) {
    const auto block = rules::metering::DayBlock::parse(row.packed);
    if (!block) {
        scan.found("row.unreadable", block.error().text());
        return;
    }
    scan.report().readings += block->size();
    const auto counted = [&](Outcome outcome, std::int32_t said) {
        return static_cast<std::int64_t>(block->count(outcome)) == said;
    };
    if (!counted(Outcome::charged, row.charged) || !counted(Outcome::held, row.held) ||
        !counted(Outcome::excluded, row.excluded)) {
        scan.found("day_row.counts", "holds other readings than it counts");
    }
}

void packed_days(VerifyScan& scan, const ProjectFacts& facts, std::map<std::int32_t, Day>& days) {
    std::pair<std::int64_t, std::int32_t> last{0, INT32_MIN};
    writer::Hash previous{};
    const auto each = [&](const Statement& stored) {
        const StoredDay day = read_day(stored);
        const engine::DayRow& row = day.row;
        const std::pair id{row.meter.value, row.on.days};
        if (id != last) {
            previous = {};
        }
        if (day_hash(scan.project(), row, previous) != day.hash) {
            scan.found("row.damaged", "its hash does not hold");
        }
        last = id;
        previous = day.hash;
        count_readings(scan, row);
        if (facts.meters.count(row.meter.value) == 0) {
            scan.found("reference.meter", "its meter is not there");
        }
        Day& sums = days[row.on.days];
        for (Counts* counts : {&sums.all, row.part == 0 ? &sums.first : nullptr}) {
            if (counts != nullptr) {
                counts->charged += row.charged;
                counts->held += row.held;
                counts->excluded += row.excluded;
            }
        }
    };
    scan.rows(sql::day_row_all, "day_row", 3, each, VerifyScan::Check::own);
}

void proofs(VerifyScan& scan, std::map<std::int32_t, Day>& days) {
    // Damage was reported by the ledger's part.
    Statement& stored = scan.session().statement(sql::daily_proof_all);
    stored.bind_integer(1, scan.project().value);
    while (stored.next()) {
        const auto row = read_row<engine::DailyProofRow>(stored);
        Day& day = days[row.on.days];
        day.proved.charged += row.charged;
        day.proved.held += row.held;
        day.proved.excluded += row.excluded;
        day.closed_on = std::min(day.closed_on, row.closed_on);
    }
}

}  // namespace

void verify_readings(VerifyScan& scan, const ProjectFacts& facts) {
    std::map<std::int32_t, Day> days;
    packed_days(scan, facts, days);
    proofs(scan, days);
    constexpr std::int64_t day_us = Duration::days(1).us;
    // A day's rows are surely flushed when a checkpoint came two days after its close, whatever the
    // zone.
    const std::int64_t flushed_to = facts.flushed_to.us / day_us - 2;
    for (const auto& [on, day] : days) {
        const bool closed = day.closed_on.days != INT32_MAX;
        if (!closed || (!facts.flushed && day.closed_on.days > flushed_to)) {
            continue;
        }
        // Late readings are in the proof of the next close.
        if (!(day.first <= day.proved && day.proved <= day.all)) {
            scan.found_at("daily_proof", CivilDate{on}.text(), "proof.readings",
                          "does not agree with the readings of the day");
        }
    }
}

}  // namespace mb::store
