#include "sim/checker/audit.hpp"

#include "crypto/digest.hpp"
#include "engine/state.hpp"
#include "writer/replay.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace mb::sim::checker {

namespace {

using store::Sql;

constexpr Sql cash_balances{R"sql(
    SELECT owner, SUM(fen) FROM (
        SELECT credit_owner AS owner, amount AS fen FROM posting
        WHERE project_id = $1 AND credit_kind = 'cash'
        UNION ALL
        SELECT debit_owner, -amount FROM posting
        WHERE project_id = $1 AND debit_kind = 'cash')
    GROUP BY owner ORDER BY owner)sql"};
constexpr Sql usage_posted{R"sql(
    SELECT cause_id, SUM(CASE WHEN debit_kind = 'cash' THEN amount ELSE -amount END)
    FROM posting WHERE project_id = $1 AND cause IN ('usage', 'adjustment')
    GROUP BY cause_id ORDER BY cause_id)sql"};
constexpr Sql kinds{R"sql(
    SELECT debit_kind, credit_kind, COUNT(*), SUM(amount) FROM posting
    WHERE project_id = $1 GROUP BY debit_kind, credit_kind)sql"};
constexpr Sql bill_lines{R"sql(
    SELECT agreement_id, cycle, band, tier, tariff_id, rounding, quantity, exact_fen, exact_rest,
           posted, posted_quantity
    FROM bill_line WHERE project_id = $1 ORDER BY agreement_id, line_id)sql"};
constexpr Sql payment_keys{R"sql(
    SELECT idempotency FROM posting WHERE project_id = $1
    AND cause IN ('payment', 'suspense_payment'))sql"};
constexpr Sql order_numbers{R"sql(SELECT order_no FROM orders WHERE project_id = $1)sql"};
constexpr Sql open_commands{R"sql(
    SELECT command_id, deadline_at FROM command WHERE project_id = $1 AND state IN
    ('queued', 'waiting_online', 'sent', 'acked', 'unknown') ORDER BY command_id)sql"};
constexpr Sql table_names{R"sql(
    SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'
    ORDER BY name)sql"};

store::Statement& asked(const store::Lease& session, const Sql& sql, ProjectId project) {
    store::Statement& statement = session->statement(sql);
    statement.bind_integer(1, project.value);
    return statement;
}

std::set<std::string> texts(const store::Lease& session, const Sql& sql, ProjectId project) {
    std::set<std::string> out;
    store::Statement& row = asked(session, sql, project);
    while (row.next()) {
        out.emplace(row.text(0));
    }
    return out;
}

void audit_ledger(Checker& checker, const store::Lease& session, const Audited& what) {
    store::Statement& sums = asked(session, kinds, what.project);
    std::int64_t postings = 0;
    while (sums.next()) {
        postings += sums.integer(2);
        const std::string debit(sums.text(0));
        const std::string credit(sums.text(1));
        checker.tally().expect(debit != credit, Invariant::i1_debits_credits,
                               [&] { return "a posting from " + debit + " to " + credit; });
    }
    checker.tally().expect(postings == checker.counts().postings,
                           Invariant::i9_repeat_changes_nothing, [&] {
                               return fmt::format("{} postings in the store, {} were committed",
                                                  postings, checker.counts().postings);
                           });
    std::map<std::int64_t, std::int64_t> cash;
    store::Statement& row = asked(session, cash_balances, what.project);
    while (row.next()) {
        cash[row.integer(0)] = row.integer(1);
    }
    what.engine.state().accounts.each([&](AccountId id, const engine::AccountState& account) {
        const OwnRoom& own = checker.rooms().at(static_cast<std::size_t>(id.value - 1));
        const std::int64_t stored = cash[id.value];
        const bool same = account.ledger.fen == stored && own.cash == stored &&
                          account.balance().fen == own.balance();
        checker.tally().expect(same, Invariant::i2_balance_postings, [&] {
            return fmt::format(
                "account {}: ledger {} in the state, {} by the store's postings, {} by "
                "ours; balance {}, ours {}",
                id.value, account.ledger.fen, stored, own.cash, account.balance().fen,
                own.balance());
        });
    });
}

struct StoredLine {
    OwnKey key;
    std::int64_t quantity = 0;
    int128 rests = 0;
    std::int64_t posted = 0;
    bool by_line = true;
};

int band_of(std::string_view text) {
    static constexpr std::string_view names[] = {"sharp", "peak", "flat", "valley", "deep_valley"};
    const auto found = std::find(std::begin(names), std::end(names), text);
    return static_cast<int>(found - std::begin(names));
}

std::map<std::int64_t, std::vector<StoredLine>> stored_lines(const store::Lease& session,
                                                             ProjectId project) {
    std::map<std::int64_t, std::vector<StoredLine>> out;
    store::Statement& row = asked(session, bill_lines, project);
    while (row.next()) {
        StoredLine line;
        line.key = {static_cast<std::int32_t>(row.integer(1)), band_of(row.text(2)),
                    static_cast<int>(row.integer(3)), row.integer(4)};
        line.by_line = row.text(5) == "line";
        line.quantity = row.integer(6);
        line.rests = ExactMoney{row.integer(7), row.integer(8)}.rests();
        line.posted = row.integer(9);
        out[row.integer(0)].push_back(line);
    }
    return out;
}

/// Σ lines = what was posted (I5).
void audit_totals(Tally& tally, std::int64_t id, const std::vector<StoredLine>& stored,
                  std::int64_t usage_postings) {
    std::int64_t posted = 0;
    for (const StoredLine& line : stored) {
        posted += line.posted;
        const bool rounded =
            !line.by_line || ExactMoney::from_rests(line.rests).rounded().fen == line.posted;
        tally.expect(rounded, Invariant::i5_lines_total, [&] {
            return fmt::format("agreement {}: a line of {} fen exact posted {}", id,
                               static_cast<std::int64_t>(line.rests / ExactMoney::rests_per_fen),
                               line.posted);
        });
    }
    tally.expect(posted == usage_postings, Invariant::i5_lines_total, [&] {
        return fmt::format("agreement {}: lines say {} fen are posted, the ledger {}", id, posted,
                           usage_postings);
    });
}

/// Quantities of the engine's open lines and the store's, against our own rating (I4, I10). A line
/// that has not been posted since it last grew is behind in the store.
void audit_lines(Checker& checker, std::int64_t id, const engine::AgreementState& agreement,
                 const std::vector<StoredLine>& stored) {
    Tally& tally = checker.tally();
    const OwnBill& own = checker.rooms().at(static_cast<std::size_t>(id - 1)).bill;
    std::map<OwnKey, std::pair<std::int64_t, int128>> billed;
    std::int64_t in_store = 0;
    for (const StoredLine& line : stored) {
        billed[line.key] = {line.quantity, line.rests};
        in_store += line.quantity;
    }
    tally.expect(in_store <= own.charged, Invariant::i4_billed_once, [&] {
        return fmt::format("agreement {}: bill lines of {} units, {} were used", id, in_store,
                           own.charged);
    });
    for (const auto& line : agreement.accrual.lines) {
        const OwnKey key{line.key.cycle, static_cast<int>(line.key.band), line.key.tier,
                         line.key.version.value};
        billed[key] = {line.quantity.units, line.exact.rests()};
    }
    std::int64_t sum = 0;
    std::string difference;
    const auto differs = [&](const OwnKey& key, std::int64_t units, std::int64_t own_units) {
        difference += fmt::format(" [{} band {} tier {} version {}: {} units, ours {}]", key.cycle,
                                  key.band, key.tier, key.version, units, own_units);
    };
    for (const auto& [key, line] : billed) {
        sum += line.first;
        const auto found = own.lines.find(key);
        if (found == own.lines.end() || found->second.quantity != line.first ||
            found->second.rests != line.second) {
            differs(key, line.first, found == own.lines.end() ? 0 : found->second.quantity);
        }
    }
    for (const auto& [key, line] : own.lines) {
        if (!billed.contains(key)) {
            differs(key, 0, line.quantity);
        }
    }
    tally.expect(sum == own.charged, Invariant::i4_billed_once, [&] {
        return fmt::format("agreement {}: {} units on its lines, {} charged", id, sum, own.charged);
    });
    tally.expect(difference.empty(), Invariant::i10_tariff_version, [&] {
        return fmt::format("agreement {}: its lines are not those of the tariff in force:{}", id,
                           difference);
    });
}

void audit_bills(Checker& checker, const store::Lease& session, const Audited& what) {
    const auto lines = stored_lines(session, what.project);
    what.engine.state().agreements.each(
        [&](AgreementId id, const engine::AgreementState& agreement) {
            const auto stored = lines.find(id.value);
            audit_lines(checker, id.value, agreement,
                        stored == lines.end() ? std::vector<StoredLine>{} : stored->second);
        });
    audit_ledger(checker, session, what);
    std::map<std::int64_t, std::int64_t> usage;
    store::Statement& row = asked(session, usage_posted, what.project);
    while (row.next()) {
        usage[row.integer(0)] = row.integer(1);
    }
    for (const auto& [id, stored] : lines) {
        audit_totals(checker.tally(), id, stored, usage[id]);
    }
}

void audit_meters(Checker& checker, const Audited& what) {
    what.engine.state().meters.each([&](MeterId id, const engine::MeterState& meter) {
        const OwnRoom& own = checker.rooms().at(static_cast<std::size_t>(id.value - 1));
        const bool same = meter.last.total().units == own.total && meter.last_at == own.read_at;
        checker.tally().expect(same, Invariant::i6_register_difference, [&] {
            return fmt::format("meter {}: base {} of {}, ours {} of {}", id.value,
                               meter.last.total().units, utc_text(meter.last_at), own.total,
                               utc_text(own.read_at));
        });
    });
}

void audit_commands(Checker& checker, const store::Lease& session, const Audited& what) {
    store::Statement& row = asked(session, open_commands, what.project);
    const auto& commands = what.engine.state().commands;
    std::size_t open = 0;
    while (row.next()) {
        ++open;
        const std::int64_t id = row.integer(0);
        const Instant deadline{row.integer(1)};
        const bool live = commands.contains(id) && deadline + Duration::minutes(1) > what.now;
        checker.tally().expect(live, Invariant::i14_commands_end, [&] {
            return fmt::format("command {} is open in the store, its deadline was {}", id,
                               utc_text(deadline));
        });
    }
    checker.tally().expect(open == commands.size(), Invariant::i14_commands_end, [&] {
        return fmt::format("{} commands are open in the store, {} in the state", open,
                           commands.size());
    });
}

/// The outbox in the store, what the state still waits for, what the dispatcher carries: one set.
void audit_outbox(Checker& checker, const Audited& what) {
    std::vector<OutboxId> stored;
    for (const engine::OutboxRow& row : what.store.outbox(what.project)) {
        stored.push_back(row.id);
    }
    std::vector<OutboxId> wanted;
    for (const auto& [id, entry] : what.engine.state().commands) {
        if (entry.outbox) {
            wanted.push_back(entry.outbox);
        }
    }
    for (const auto& [no, entry] : what.engine.state().orders) {
        if (entry.outbox) {
            wanted.push_back(entry.outbox);
        }
    }
    std::sort(stored.begin(), stored.end());
    std::sort(wanted.begin(), wanted.end());
    checker.tally().expect(
        stored == wanted && stored == what.carried, Invariant::i9_repeat_changes_nothing, [&] {
            return fmt::format("{} rows in the outbox, the state waits for {}, {} are carried",
                               stored.size(), wanted.size(), what.carried.size());
        });
}

void audit_replay(Checker& checker, const Audited& what) {
    const auto checkpoints = what.store.checkpoints(what.project);
    const writer::CheckpointInfo* older = checkpoints.empty() ? nullptr : &checkpoints.back();
    std::string why;
    Bytes image;
    try {
        image = writer::replay(what.store, what.project, older).engine.image();
    } catch (const std::runtime_error& broken) {
        why = broken.what();
    }
    const bool same = why.empty() && image == what.engine.image();
    checker.tally().expect(same, Invariant::i9_repeat_changes_nothing, [&] {
        return "replay from the older checkpoint gives another state " + why;
    });
}

}  // namespace

void audit_journal(Tally& tally, store::Database& database, writer::Store& store, ProjectId project,
                   const Journal& journal) {
    const std::int64_t there = store.last_seq(project);
    tally.expect(there >= journal.last_seq, Invariant::i8_acknowledged_survives, [&] {
        return fmt::format("batch {} was acknowledged, the store ends at {}", journal.last_seq,
                           there);
    });
    const store::Lease session = database.read();
    const auto orders = texts(session, order_numbers, project);
    for (const std::string& no : journal.orders) {
        tally.expect(orders.contains(no), Invariant::i8_acknowledged_survives,
                     [&] { return "order " + no + " was acknowledged and is not there"; });
    }
    const auto payments = texts(session, payment_keys, project);
    for (const std::string& key : journal.payments) {
        tally.expect(payments.contains("pay:" + key), Invariant::i8_acknowledged_survives,
                     [&] { return "payment " + key + " was acknowledged and is not posted"; });
    }
}

void audit(Checker& checker, const Audited& what, const Journal& journal) {
    audit_journal(checker.tally(), what.database, what.store, what.project, journal);
    {
        const store::Lease session = what.database.read();
        audit_bills(checker, session, what);
        audit_commands(checker, session, what);
    }
    audit_meters(checker, what);
    audit_outbox(checker, what);
    audit_replay(checker, what);
}

namespace {

void hash_row(crypto::Sha256& digest, const store::Statement& row) {
    for (int column = 0; column < row.columns(); ++column) {
        switch (row.type(column)) {
            case store::Statement::Type::blob: digest.update(row.blob(column)); break;
            case store::Statement::Type::null: digest.update("null"); break;
            default: digest.update(row.text(column)); break;
        }
        digest.update("|");
    }
    digest.update("\n");
}

}  // namespace

std::string content_hash(store::Database& database, const engine::Engine& engine) {
    crypto::Sha256 digest;
    const store::Lease session = database.read();
    std::vector<std::string> tables;
    {
        store::Statement& row = session->statement(table_names);
        while (row.next()) {
            tables.emplace_back(row.text(0));
        }
    }
    // A statement's address is its name, and these live only as long as the process.
    static std::map<std::string, std::pair<std::string, Sql>> statements;
    for (const std::string& table : tables) {
        auto [entry, added] = statements.try_emplace(table);
        if (added) {
            entry->second.first = "SELECT * FROM " + table + " ORDER BY 1, 2, 3, 4";
            entry->second.second = Sql{entry->second.first.c_str()};
        }
        digest.update(table + "\n");
        store::Statement& row = session->statement(entry->second.second);
        while (row.next()) {
            hash_row(digest, row);
        }
    }
    digest.update(ByteView(engine.image()));
    return crypto::hex_lower(digest.finish());
}

}  // namespace mb::sim::checker
