#include "sim/checker/checker.hpp"

#include "writer/replay.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace mb::sim::checker {

namespace {

using engine::CommandState;
using engine::NoticeKind;
using rules::ledger::Cause;
using rules::ledger::Kind;

constexpr std::int64_t day_us = 86'400'000'000;
constexpr std::int64_t offset_us = 28'800'000'000;
constexpr Duration future_max = Duration::minutes(5);
constexpr Duration answer_age_max = Duration::minutes(6);
constexpr int notices_per_day = 12;
constexpr int command_rows_per_hour =
    150;  // a relay is no flasher (F43): ten commands with all their steps

std::int32_t local_day(Instant at) {
    return static_cast<std::int32_t>((at.us + offset_us) / day_us);
}

/// Monday to Friday, 09:00 to 17:00.
bool working_hour(Instant at) {
    const std::int64_t minute = (at.us + offset_us) % day_us / 60'000'000;
    const int weekday = (local_day(at) + 3) % 7;  // 1970-01-01 was a Thursday; 0 = Monday
    return weekday < 5 && minute >= 9 * 60 && minute < 17 * 60;
}

std::string text_of(Instant at) { return utc_text(at); }

}  // namespace

Checker::Checker(const world::Plant& plant, const world::Field& field, const world::Till& till)
    : plant_(plant), field_(field), till_(till), rooms_(plant.meters.size()) {
    for (const auto& published : plant.tariffs) {
        tariffs_.publish(published.id.value, published.document);
    }
    for (const auto& published : plant.later) {
        tariffs_.publish(published.id.value, published.document);
    }
    for (std::size_t i = 0; i < rooms_.size(); ++i) {
        rooms_[i].read_at = plant.start;
        rooms_[i].total = field.first_units(i) % plant.installed[i].modulus;
        rooms_[i].good[plant.start] = rooms_[i].total;
        rooms_[i].seen.insert(plant.start);
    }
}

void Checker::committed(const writer::LogRow& log, const std::vector<engine::Row>& rows,
                        const std::vector<engine::EventOutcome>& outcomes) {
    ++counts_.batches;
    const Instant now = log.now.business;
    std::map<std::int64_t, OwnRoom>
        before;  // rooms that get a command: in the batch all is one moment
    for (const engine::Row& row : rows) {
        if (const auto* command = std::get_if<engine::CommandRow>(&row)) {
            const std::int64_t id = command->service_point.value;
            before.try_emplace(id, room(id));
        }
    }
    for (OwnRoom& at : rooms_) {
        at.read_open = at.position_known && at.position_open;
        at.read_closed = at.position_known && !at.position_open;
    }
    const auto events = writer::decode_events(log);
    for (std::size_t i = 0; i < events.size(); ++i) {
        see(events[i], outcomes[i], now);
    }
    for (const engine::Row& row : rows) {
        if (const auto* t = std::get_if<rules::ledger::Transfer>(&row)) {
            transfer(*t);
        } else if (const auto* n = std::get_if<engine::NoticeRow>(&row)) {
            notice(*n);
        } else if (const auto* r = std::get_if<engine::RelayRow>(&row)) {
            relay(*r);
        } else if (const auto* added = std::get_if<engine::OutboxRow>(&row)) {
            outbox_.insert(added->id);
        } else if (const auto* ended = std::get_if<engine::OutboxDone>(&row)) {
            tally_.expect(outbox_.erase(ended->id) == 1, Invariant::i9_repeat_changes_nothing, [&] {
                return fmt::format("outbox row {} is done, the store never had it",
                                   ended->id.value);
            });
        } else if (const auto* p = std::get_if<engine::DailyProofRow>(&row)) {
            counts_.charged += p->charged;
            counts_.held += p->held;
            counts_.excluded += p->excluded;
        } else if (const auto* c = std::get_if<engine::CommandRow>(&row)) {
            const bool fresh = !commands_.contains(c->id.value);
            command(*c, log.now);
            if (fresh && c->kind == engine::CommandKind::trip &&
                c->reasons.bits == 1U << static_cast<unsigned>(rules::relay::Reason::arrears)) {
                arrears_trip(*c, before.at(c->service_point.value));
            }
        }
    }
}

void Checker::see(const engine::Event& event, const engine::EventOutcome& outcome, Instant now) {
    ++counts_.events;
    if (outcome.refused || outcome.duplicate) {
        return;
    }
    if (const auto* taken = std::get_if<engine::ReadingTaken>(&event)) {
        reading(*taken, now);
    } else if (const auto* read = std::get_if<engine::StatusRead>(&event)) {
        status(*read);
    } else if (const auto* sample = std::get_if<engine::SampleTaken>(&event)) {
        if (sample->clock_ahead_s) {
            room(sample->meter.value).clock_known = true;
            room(sample->meter.value).clock_ahead_s = *sample->clock_ahead_s;
        }
    } else if (const auto* set = std::get_if<engine::ProtectionSet>(&event)) {
        OwnRoom& at = room(set->service_point.value);
        at.keep_power = set->keep_power.value_or(at.keep_power);
        at.no_disconnect = set->no_disconnect.value_or(at.no_disconnect);
    } else if (const auto* rerated = std::get_if<engine::PointRerated>(&event)) {
        rerate(rerated->service_point.value);
    } else if (std::holds_alternative<engine::MeterInstalled>(event)) {
        ++counts_.readings;  // its base is one of them
    } else if (const auto* taken_credit = std::get_if<engine::EmergencyCreditTaken>(&event)) {
        room(taken_credit->account.value).emergency = true;
    }
}

namespace {

/// Own judgement of a step: what moves forward, plausibly; else −1.
std::int64_t use_between(const engine::Meter& meter, Instant from, std::int64_t before, Instant to,
                         std::int64_t total) {
    std::int64_t use = total - before;
    if (use < 0) {
        const bool wrapped = before >= meter.modulus / 10 * 9 && total < meter.modulus / 10 &&
                             total != 0;  // a zero for a moment looks the same
        if (!wrapped) {
            return -1;
        }
        use += meter.modulus;
    }
    // W × µs ÷ 3.6·10⁹ = Wh; a fifth more and one step of the register are let through.
    const int128 most =
        static_cast<int128>(meter.max_power_w) * (to - from).us * 12 / 3'600'000'000 + 100;
    return use > most ? -1 : use;
}

}  // namespace

/// Own judgement of a reading: what moves forward, plausibly, is billed from the last good one.
void Checker::reading(const engine::ReadingTaken& e, Instant now) {
    ++counts_.readings;
    OwnRoom& at = room(e.meter.value);
    const engine::Meter& meter = plant_.installed[static_cast<std::size_t>(e.meter.value - 1)];
    const std::int64_t total = e.registers.total().units;
    if (e.at > now + future_max || total >= meter.modulus) {
        return;
    }
    const bool first_of_its_time = at.seen.insert(e.at).second;
    if (e.at <= at.read_at) {
        if (first_of_its_time && e.at < at.read_at) {
            at.late[e.at] = total;
        }
        return;
    }
    const std::int64_t use = use_between(meter, at.read_at, at.total, e.at, total);
    if (use < 0) {
        return;
    }
    const std::string& code = plant_.tariff_codes[static_cast<std::size_t>(e.meter.value - 1)];
    if (use > 0) {
        tariffs_.charge(at.bill, code, at.read_at, e.at, use * meter.ratio);
    }
    at.billed += use;
    counts_.rollovers += total < at.total ? 1 : 0;
    at.total = total;
    at.read_at = e.at;
    at.good[e.at] = total;
    // The meter must have shown this, not long ago.
    const std::int64_t first = field_.first_units(static_cast<std::size_t>(e.meter.value - 1));
    const auto& shown = field_.shown(static_cast<std::size_t>(e.meter.value - 1));
    const bool truly = std::any_of(shown.begin(), shown.end(), [&](const world::Shown& s) {
        return s.at <= e.at && e.at - s.at <= answer_age_max &&
               s.units / 100 * 100 == first + at.billed;
    });
    tally_.expect(truly, Invariant::i6_register_difference, [&] {
        return fmt::format(
            "meter {} at {}: {} units billed since its installation, which it never "
            "showed",
            e.meter.value, text_of(e.at), at.billed);
    });
}

/// All that was billed once more, with the late ones that lie between their neighbours.
void Checker::rerate(std::int64_t id) {
    OwnRoom& at = room(id);
    const engine::Meter& meter = plant_.installed[static_cast<std::size_t>(id - 1)];
    const std::string& code = plant_.tariff_codes[static_cast<std::size_t>(id - 1)];
    std::map<Instant, std::int64_t> all = at.good;
    all.insert(at.late.begin(), at.late.end());
    at.bill = {};
    auto last = all.begin();
    for (auto next = std::next(last); next != all.end(); ++next) {
        const std::int64_t use =
            use_between(meter, last->first, last->second, next->first, next->second);
        const auto behind = at.good.upper_bound(next->first);
        const bool leads_on =
            at.good.count(next->first) > 0 || behind == at.good.end() ||
            use_between(meter, next->first, next->second, behind->first, behind->second) >= 0;
        if (use < 0 || !leads_on) {
            continue;
        }
        if (use > 0) {
            tariffs_.charge(at.bill, code, last->first, next->first, use * meter.ratio);
        }
        last = next;
    }
}

void Checker::status(const engine::StatusRead& e) {
    OwnRoom& at = room(e.meter.value);
    const auto& shown = field_.shown(static_cast<std::size_t>(e.meter.value - 1));
    const bool truly = std::any_of(shown.begin(), shown.end(), [&](const world::Shown& s) {
        return s.at <= e.at && e.at - s.at <= answer_age_max && s.relay_open == e.relay_open;
    });
    tally_.expect(truly, Invariant::i14_commands_end, [&] {
        return fmt::format("meter {} at {}: relay read as {}, which it did not show", e.meter.value,
                           text_of(e.at), e.relay_open ? "open" : "closed");
    });
    at.position_known = true;
    at.position_open = e.relay_open;
    (e.relay_open ? at.read_open : at.read_closed) = true;
}

void Checker::relay(const engine::RelayRow& row) {
    using rules::relay::Position;
    const OwnRoom& at = room(row.service_point.value);
    const bool read = row.position == Position::unknown ||
                      (row.position == Position::open ? at.read_open : at.read_closed);
    tally_.expect(read, Invariant::i14_commands_end, [&] {
        return fmt::format("service point {}: position shown was never read",
                           row.service_point.value);
    });
}

void Checker::transfer(const rules::ledger::Transfer& row) {
    ++counts_.postings;
    const bool of_bill = row.cause == Cause::usage || row.cause == Cause::adjustment;
    const bool known =
        (of_bill && ((row.debit.kind == Kind::cash && row.credit.kind == Kind::revenue) ||
                     (row.debit.kind == Kind::revenue && row.credit.kind == Kind::cash))) ||
        (row.cause == Cause::payment && row.debit.kind == Kind::clearing &&
         row.credit.kind == Kind::cash) ||
        (row.cause == Cause::suspense_payment && row.debit.kind == Kind::clearing &&
         row.credit.kind == Kind::suspense) ||
        (row.cause == Cause::opening_balance && row.debit.kind == Kind::opening &&
         row.credit.kind == Kind::cash);
    by_kind_[row.credit.kind] += row.amount.fen;
    by_kind_[row.debit.kind] -= row.amount.fen;
    std::int64_t sum = 0;
    for (const auto& [kind, balance] : by_kind_) {
        sum += balance;
    }
    const bool balanced = row.amount.fen > 0 && row.debit != row.credit && known && sum == 0;
    tally_.expect(balanced, Invariant::i1_debits_credits, [&] {
        return fmt::format("posting {} ({}): no debit and credit that belong together",
                           row.id.value, row.idempotency);
    });
    if (row.cause == Cause::payment || row.cause == Cause::suspense_payment) {
        payment(row);
    }
    for (const auto& side : {row.debit, row.credit}) {
        if (side.kind == Kind::cash) {
            OwnRoom& at = room(side.owner);
            const std::int64_t effect = side == row.credit ? row.amount.fen : -row.amount.fen;
            at.cash += effect;
            at.posted -= of_bill ? effect : 0;
        }
    }
    if (row.cause == Cause::payment) {
        OwnRoom& at = room(row.credit.owner);
        if (at.emergency && at.balance() >= plant_.config.credit.restore_at.fen) {
            at.emergency = false;
        }
    }
}

void Checker::payment(const rules::ledger::Transfer& row) {
    const bool suspended = row.cause == Cause::suspense_payment;
    ++(suspended ? counts_.suspended : counts_.payments);
    const std::string key = row.idempotency.substr(row.idempotency.find(':') + 1);
    const bool once = payments_.insert(key).second;
    const auto paid = till_.paid().find(key);
    const bool genuine = paid != till_.paid().end() && paid->second == row.amount;
    tally_.expect(once && genuine, Invariant::i3_payment_once, [&] {
        return fmt::format("posting {}: payment {} {}", row.id.value, key,
                           once ? "is not one the channel knows" : "was posted before");
    });
}

void Checker::notice(const engine::NoticeRow& row) {
    ++counts_.notices;
    OwnRoom& at = room(row.account.value);
    if (row.kind == NoticeKind::alarm2) {
        at.alarm2_at = row.served.at;
        at.pretrip_at = {};
        at.episode = row.episode;
    } else if (row.kind == NoticeKind::pretrip && row.episode == at.episode) {
        at.pretrip_at = row.served.at;
    }
    const int today = ++at.notices[local_day(row.served.at)];
    tally_.expect(today <= notices_per_day, Invariant::i15_notice_cap, [&] {
        return fmt::format("account {}: {} notices on one day", row.account.value, today);
    });
}

void Checker::command(const engine::CommandRow& row, const engine::Now& now) {
    const auto [known, fresh] = commands_.try_emplace(row.id.value, row.state);
    counts_.commands += fresh ? 1 : 0;
    const CommandState before = known->second;
    const bool was_final = !fresh && engine::is_final(before);
    if (row.state == CommandState::verified && before != CommandState::verified) {
        counts_.trips += row.kind == engine::CommandKind::trip ? 1 : 0;
        const bool closes =
            row.kind == engine::CommandKind::close || row.kind == engine::CommandKind::permit;
        counts_.restores += closes ? 1 : 0;
    }
    const bool live =
        engine::is_final(row.state) ? static_cast<bool>(row.ended) : row.deadline > now.business;
    tally_.expect(!was_final && live, Invariant::i14_commands_end, [&] {
        return fmt::format("command {}: {} after {}, deadline {}", row.id.value,
                           enum_text(row.state), enum_text(before), text_of(row.deadline));
    });
    known->second = row.state;
    OwnRoom& at = room(row.service_point.value);
    const std::int64_t hour = now.business.us / Duration::hours(1).us;
    at.command_rows = at.command_hour == hour ? at.command_rows + 1 : 1;
    at.command_hour = hour;
    tally_.expect(at.command_rows <= command_rows_per_hour, Invariant::i14_commands_end, [&] {
        return fmt::format(
            "service point {}: {} command steps within an hour; command {} {} is {} "
            "(attempt {}, cause {}, {})",
            row.service_point.value, at.command_rows, row.id.value, enum_text(row.kind),
            enum_text(row.state), row.attempts, row.cause, row.failure);
    });
}

void Checker::arrears_trip(const engine::CommandRow& row, const OwnRoom& before) {
    const OwnRoom& at = room(row.service_point.value);
    const auto& policy = plant_.config.credit;
    const Instant now = row.created.at;
    const std::int64_t limit = policy.trip_below.fen -
                               (at.emergency && before.emergency ? policy.emergency_credit.fen : 0);
    const std::int64_t balance = std::min(at.balance(), before.balance());
    const Duration ahead = Duration::minutes(policy.notice_before_trip_min);
    const auto why = [&]() -> std::string {
        if (balance >= limit) {
            return fmt::format("balance {} is not below {}", balance, limit);
        }
        if (now - at.read_at > Duration::minutes(policy.fresh_max_min)) {
            return "the last reading is of " + text_of(at.read_at);
        }
        if (!at.alarm2_at || !at.pretrip_at || at.alarm2_at + ahead > now ||
            at.pretrip_at + ahead > now) {
            return fmt::format("notices served at {} and {}", text_of(at.alarm2_at),
                               text_of(at.pretrip_at));
        }
        if (!working_hour(now)) {
            return "the hour is not allowed";
        }
        if ((at.keep_power || at.no_disconnect) && (before.keep_power || before.no_disconnect)) {
            return "the point is protected";
        }
        const auto wrong = [&](const OwnRoom& r) {
            return !r.clock_known || std::abs(r.clock_ahead_s) > policy.clock_tolerance_s;
        };
        if (wrong(at) && wrong(before)) {
            return "the meter's clock is wrong or unknown";
        }
        return "";
    };
    const std::string found = why();
    tally_.expect(found.empty(), Invariant::i7_trip_allowed, [&] {
        return fmt::format("command {} trips service point {} at {}: {}", row.id.value,
                           row.service_point.value, text_of(now), found);
    });
}

}  // namespace mb::sim::checker
